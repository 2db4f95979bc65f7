//! Distances between two sets of images, from their features.
//!
//! The Fréchet distance ([`frechet()`]) needs [`Moments`], whose size does not depend on the number
//! of images. The maximum mean discrepancy ([`mmd()`]) needs all features.

mod eigenvalues;
mod frechet;
mod mmd;
mod moments;
mod products;

pub use frechet::frechet;
pub use mmd::{KERNEL_WIDTH, Mmd, SCALE, mmd};
pub use moments::Moments;
