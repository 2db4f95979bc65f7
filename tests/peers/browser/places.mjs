// The places in which engines are measured, the calls to time, and the allowed difference from
// PyTorch.

import { availableParallelism } from "node:os";

/**
 * The maximum number of threads of this engine's CPU path; onnxruntime-web gets the same number.
 */
const MOST_THREADS = 16;

/** Precisions on the CPU: from pixels to embeddings, and from files to scores. */
const CPU_PRECISIONS = { precisions: ["f32", "q8", "q8-fast"], filePrecisions: ["f32", "q8", "q8-fast"] };

/**
 * For each place: the device, the adapter that Chromium needs, the precisions in which engines are
 * compared, the number of files that are scored at once, and the goals: how many times as fast as
 * the other engine with the same precision, and from starting the engine to the first score, in
 * seconds.
 */
export const PLACES = {
  "cpu-1": { title: "wasm, 1 thread", device: "cpu", adapter: "swiftshader", threads: 1, ...CPU_PRECISIONS, files: 16, goals: { faster: 1.2 } },
  "cpu-threads": {
    title: `wasm, ${Math.min(availableParallelism(), MOST_THREADS)} threads`,
    device: "cpu",
    adapter: "swiftshader",
    threads: Math.min(availableParallelism(), MOST_THREADS),
    ...CPU_PRECISIONS,
    files: 16,
    goals: { faster: 1.2, start: 0.5 },
  },
  swiftshader: {
    title: "WebGPU, SwiftShader",
    device: "webgpu",
    adapter: "swiftshader",
    precisions: ["f32"],
    filePrecisions: ["f32", "q8"],
    files: 4,
    goals: { faster: 7, start: 1 },
  },
  // SwiftShader has no 16-bit arithmetic.
  lavapipe: {
    title: "WebGPU, lavapipe",
    device: "webgpu",
    adapter: "lavapipe",
    precisions: ["f32", "f16"],
    filePrecisions: ["f32", "q8"],
    files: 4,
    goals: { faster: 5 },
  },
  gpu: {
    title: "WebGPU, this machine's GPU",
    device: "webgpu",
    adapter: "gpu",
    precisions: ["f32", "f16"],
    filePrecisions: ["f32", "q8"],
    files: 16,
    goals: { faster: 2 },
  },
};

export const ENGINES = { pickscore: "PickScore", ort: "onnxruntime-web", transformers: "transformers.js" };

/** The precision of the other engines that one of this engine is compared with. */
export const twinOf = (precision) => (precision === "q8-fast" ? "q8" : precision);
/** Whether an engine has a precision. */
export const supports = (engine, precision) => engine === "pickscore" || twinOf(precision) === precision;

/**
 * The calls to time, in this order; those that take the most memory are last. Each has a number of
 * images or of prompts, and the number of words of each prompt. After the call with `single`,
 * memory is read for the first time: the memory of a page that scores one image with one prompt.
 */
const CASES = [
  { name: "1 image", images: 1 },
  { name: "prompt", prompts: 1, words: 18 },
  { name: "long prompt", prompts: 1, words: 75, single: true },
  { name: "4 images", images: 4 },
  { name: "16 images", images: 16 },
];
/**
 * The calls of ImageReward, whose text encoder reads prompts and images together. A prompt of 33
 * words fills its context.
 */
const REWARD_CASES = [
  { name: "1 image", images: 1, prompts: 1, words: 33, single: true },
  { name: "1 image, short prompt", images: 1, prompts: 1, words: 18 },
  { name: "4 images", images: 4, prompts: 1, words: 33 },
  { name: "16 prompts", images: 1, prompts: 16, words: 33 },
];
/** The calls for a model, by the results that it is checked with. */
export const casesOf = ({ rewards }) => (rewards ? REWARD_CASES : CASES);

/**
 * Minimum cosine similarity to PyTorch's f32 embeddings. onnxruntime's 8-bit path also quantises
 * activations; its results are kept and show how far they are off.
 */
export const LOWEST = { pickscore: { f32: 0.9999, f16: 0.999, q8: 0.999, "q8-fast": 0.998 }, ort: { f32: 0.9999, f16: 0.999, q8: 0.9 } };
/**
 * Maximum difference of two engines' scores in f32, on a scale of 100, for images that are not
 * resized. transformers.js resizes with a canvas, which gives other pixels than Pillow.
 */
export const SAME_SCORE = 0.05;
/** Maximum difference from PyTorch's rewards, as a share of their spread. */
export const LARGEST = 0.0005;
