//! How much is run at once.

use pickscore_checkpoint::config::VisionConfig;

/// Bytes of activations that a batch may take on the CPU, where more than a few images gain
/// nothing.
const CPU: usize = 256 << 20;
/// Bytes of activations that a batch may take on a GPU, where batches keep all its units busy.
const GPU: usize = 768 << 20;
/// Most images of a batch.
const IMAGES: usize = 32;
/// Prompts of a batch: 77 tokens each, few beside an image's 257.
pub(super) const PROMPTS: usize = 32;

/// How many images to run at once.
pub(super) fn batch(vision: &VisionConfig, gpu: bool) -> usize {
    let transformer = &vision.transformer;
    // The widest moment of a block: the stream, query, key and value, the hidden layer of the MLP
    // and its copy.
    let widest = 4 * transformer.width + 2 * transformer.mlp;
    let attention = vision.positions() * transformer.heads;
    let one = vision.positions() * (widest + attention) * size_of::<f32>();
    let budget = if gpu { GPU } else { CPU };
    (budget / one.max(1)).clamp(1, IMAGES)
}

/// How many images to run at once where a device binds tensors of at most `largest` bytes.
pub(super) fn fitting(vision: &VisionConfig, largest: usize) -> usize {
    let transformer = &vision.transformer;
    let widest = (3 * transformer.width).max(transformer.mlp).max(vision.positions() * transformer.heads);
    let one = vision.positions() * widest * size_of::<f32>();
    (largest / one.max(1)).max(1)
}
