//! Weights, pixels and prompts from a seed, bit for bit equal to those of
//! `tests/parity/reference/generate.py`.
//!
//! To test a model of several gigabytes, a test only needs a seed and the reference's results.

mod checkpoint;
mod numbers;
mod stored;
mod tensors;

pub use checkpoint::{Dtype, write_directory, write_safetensors};
pub use numbers::{features, pixels, prompt, weights};
pub use stored::fill;
pub use tensors::{Convention, tensors};

/// Hugging Face's configuration of PickScore v1.
pub const PICKSCORE: &str = r#"{
  "architectures": ["CLIPModel"],
  "logit_scale_init_value": 2.6592,
  "model_type": "clip",
  "projection_dim": 1024,
  "text_config": {
    "eos_token_id": 2,
    "hidden_act": "gelu",
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_attention_heads": 16,
    "num_hidden_layers": 24
  },
  "vision_config": {
    "hidden_act": "gelu",
    "hidden_size": 1280,
    "intermediate_size": 5120,
    "num_attention_heads": 16,
    "num_hidden_layers": 32,
    "patch_size": 14
  }
}
"#;

/// Hugging Face's configuration of OpenAI's ViT-B/32.
pub const VIT_B_32: &str = r#"{
  "architectures": ["CLIPModel"],
  "model_type": "clip",
  "projection_dim": 512,
  "text_config": {
    "eos_token_id": 49407,
    "hidden_act": "quick_gelu",
    "hidden_size": 512,
    "intermediate_size": 2048,
    "num_attention_heads": 8,
    "num_hidden_layers": 12
  },
  "vision_config": {
    "hidden_act": "quick_gelu",
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_attention_heads": 12,
    "num_hidden_layers": 12,
    "patch_size": 32
  }
}
"#;
