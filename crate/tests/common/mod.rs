//! What several tests share.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(dead_code, unreachable_pub, unused_imports, reason = "each test uses a part")]

use std::path::PathBuf;

#[path = "../../checkpoint/tests/common/mod.rs"]
mod checkpoints;

pub use checkpoints::*;

/// Reads prompts with the published vocabulary and images of 32 × 32.
pub const SMALL: &str = r#"{
    "projection_dim": 12,
    "text_config": {"hidden_size": 8, "num_attention_heads": 2, "num_hidden_layers": 2, "intermediate_size": 16, "eos_token_id": 2},
    "vision_config": {"hidden_size": 16, "num_attention_heads": 2, "num_hidden_layers": 2, "intermediate_size": 32,
                      "image_size": 32, "patch_size": 8}
}"#;

/// An image among the fixtures.
pub fn image(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/parity/fixtures/pixels/files").join(name)
}
