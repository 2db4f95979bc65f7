//! What shape a CLIP model has.

/// A CLIP model: two towers that meet in one space.
#[derive(Debug, Clone, PartialEq)]
pub struct ClipConfig {
    /// The tower that reads prompts.
    pub text: TextConfig,
    /// The tower that reads images.
    pub vision: VisionConfig,
    /// Width of the space both towers project into (1024 for PickScore).
    pub projection: usize,
}

/// The text tower.
#[derive(Debug, Clone, PartialEq)]
pub struct TextConfig {
    /// Its transformer.
    pub transformer: Transformer,
    /// Tokens per prompt (77).
    pub context: usize,
    /// Rows of the token embedding (49408).
    pub vocabulary: usize,
    /// Which position stands for the whole prompt.
    pub pooling: TextPooling,
}

/// The vision tower.
#[derive(Debug, Clone, PartialEq)]
pub struct VisionConfig {
    /// Its transformer.
    pub transformer: Transformer,
    /// Width and height of the images it reads (224).
    pub image_size: usize,
    /// Width and height of a patch (14).
    pub patch_size: usize,
}

impl VisionConfig {
    /// Patches along one side of an image.
    pub fn grid(&self) -> usize {
        self.image_size / self.patch_size
    }

    /// Positions of the transformer: the class token and the patches.
    pub fn positions(&self) -> usize {
        self.grid() * self.grid() + 1
    }
}

/// A stack of pre-norm transformer blocks.
#[derive(Debug, Clone, PartialEq)]
pub struct Transformer {
    /// Width of the residual stream.
    pub width: usize,
    /// Blocks.
    pub layers: usize,
    /// Attention heads; divides `width`.
    pub heads: usize,
    /// Width of the hidden layer of the MLP.
    pub mlp: usize,
    /// Activation of the MLP.
    pub activation: Activation,
    /// Epsilon of the layer norms.
    pub layer_norm_eps: f64,
}

/// Activation of an MLP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Activation {
    /// `x · Φ(x)`, exact (erf).
    Gelu,
    /// `x · sigmoid(1.702 x)`, as OpenAI's own CLIP models have.
    QuickGelu,
}

/// Which position of a prompt stands for the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextPooling {
    /// The first position of the highest id: what transformers does when a configuration says `eos_token_id: 2`, and open_clip always.
    HighestId,
    /// The first position of this id.
    FirstOf(u32),
}
