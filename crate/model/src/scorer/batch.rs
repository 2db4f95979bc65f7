//! Batch sizes.

use pickscore_checkpoint::config::VisionConfig;

/// Limit on the activations of a batch on the CPU, in bytes: four images of ViT-L/14. Sixteen take
/// 1.4 times as long per image, because the system clears large allocations each time.
const CPU: usize = 72 << 20;
/// Limit on the activations of a batch on a GPU, in bytes. Large batches keep all its units busy.
const GPU: usize = 768 << 20;
/// Most images per batch.
const IMAGES: usize = 32;
/// Prompts per batch. A prompt has at most 77 tokens, an image 257.
pub(super) const PROMPTS: usize = 32;

/// Number of images per batch.
pub(super) fn size(vision: &VisionConfig, gpu: bool) -> usize {
    let transformer = &vision.transformer;
    // Peak of a block: the residual stream, query, key and value, the hidden layer of the MLP and
    // its copy.
    let widest = 4 * transformer.width + 2 * transformer.mlp;
    let attention = vision.positions() * transformer.heads;
    let one = vision.positions() * (widest + attention) * size_of::<f32>();
    let budget = if gpu { GPU } else { CPU };
    (budget / one.max(1)).clamp(1, IMAGES)
}

/// Largest number of images for which every tensor takes at most `largest` bytes.
pub(super) fn largest_size(vision: &VisionConfig, largest: usize) -> usize {
    let transformer = &vision.transformer;
    let widest = (3 * transformer.width).max(transformer.mlp).max(vision.positions() * transformer.heads);
    let one = vision.positions() * widest * size_of::<f32>();
    (largest / one.max(1)).max(1)
}
