//! Rounds: which pair or group of images is shown next, and what an answer changes.
//!
//! ```text
//! pool of images ─► Round ─┬► Pair ──► Choice ───────┬► records
//!                     ▲    └► Group ─► GroupChoice ─┘    │
//!                     └───────────── undo ◄──────────────┘
//! ```
//!
//! A round is its settings and its answers. Everything that is drawn (orders, sides, the image that
//! stays after a tie) follows from the seed and from the number of answers. So undo only removes an
//! answer, and a restored round continues where it was.

mod error;
mod group;
mod pair;
mod permutation;
mod schedule;
mod settings;
mod state;
mod stored;
mod strength;

pub use error::{RoundError, StateError};
pub use group::{GROUP_MOST, Group, GroupChoice, GroupPair};
pub use pair::Pair;
pub use settings::{
    ACTIVE_MOST, CONTROL_RATE, ControlPair, EarlierPair, PAIRS_MOST, POOL_LEAST, POOL_MOST, RoundSettings,
    SEED_MOST,
};
pub use state::{Round, RoundProgress};
pub use stored::{RoundStep, StoredAnswer, StoredPair};
