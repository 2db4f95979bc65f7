//! The shape of a CLIP model.

/// The shape of a CLIP model: two towers with a shared embedding space.
#[derive(Debug, Clone, PartialEq)]
pub struct ClipConfig {
    /// The shape of the text tower.
    pub text: TextConfig,
    /// The shape of the vision tower.
    pub vision: VisionConfig,
    /// Width of the shared embedding space (1024 for PickScore).
    pub projection: usize,
}

/// The shape of the text tower.
#[derive(Debug, Clone, PartialEq)]
pub struct TextConfig {
    /// The transformer.
    pub transformer: Transformer,
    /// Tokens per prompt (77).
    pub context: usize,
    /// Rows of the token embedding (49408).
    pub vocabulary: usize,
    /// Which position's output represents the prompt.
    pub pooling: TextPooling,
}

/// The shape of the vision tower.
#[derive(Debug, Clone, PartialEq)]
pub struct VisionConfig {
    /// The transformer.
    pub transformer: Transformer,
    /// Width and height of the input images in pixels (224).
    pub image_size: usize,
    /// Width and height of a patch in pixels (14).
    pub patch_size: usize,
}

impl ClipConfig {
    /// Number of parameters, including the logit scale (986,109,441 for PickScore).
    pub fn parameter_count(&self) -> u128 {
        let wide = |n: usize| n as u128;
        let (text, vision) = (&self.text, &self.vision);
        let (text_width, vision_width) = (wide(text.transformer.width), wide(vision.transformer.width));
        let patch = 3 * wide(vision.patch_size) * wide(vision.patch_size);
        let embeddings = (wide(text.vocabulary) + wide(text.context)) * text_width
            + (wide(vision.positions()) + 1 + patch) * vision_width;
        let norms = 2 * text_width + 4 * vision_width;
        let projections = wide(self.projection) * (text_width + vision_width);
        let blocks = text.transformer.parameter_count() + vision.transformer.parameter_count();
        embeddings + norms + projections + blocks + 1
    }
}

impl Transformer {
    /// Number of parameters of all blocks.
    pub(super) fn parameter_count(&self) -> u128 {
        let (width, mlp) = (self.width as u128, self.mlp as u128);
        let attention = 4 * width * (width + 1);
        let norms = 4 * width;
        (attention + norms + mlp * (2 * width + 1) + width) * self.layers as u128
    }
}

impl VisionConfig {
    /// Number of patches along one side of an image. Remaining pixels at the right and the bottom
    /// are ignored.
    pub fn grid(&self) -> usize {
        self.image_size / self.patch_size
    }

    /// Number of positions of the transformer: the class token and all patches.
    pub fn positions(&self) -> usize {
        self.grid() * self.grid() + 1
    }
}

/// A stack of pre-norm transformer blocks.
#[derive(Debug, Clone, PartialEq)]
pub struct Transformer {
    /// Width of the residual stream.
    pub width: usize,
    /// Number of blocks.
    pub layers: usize,
    /// Number of attention heads; divides `width`.
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
    /// `x · sigmoid(1.702 x)`, used by OpenAI's CLIP models.
    QuickGelu,
}

/// Which position's output represents a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextPooling {
    /// The first position with the highest id: transformers' behaviour for `eos_token_id: 2`, and
    /// open_clip's default.
    HighestId,
    /// The first position with this id.
    FirstOf(u32),
}
