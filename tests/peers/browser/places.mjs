// Where engines are measured, what they are given to do, and how far they may be from PyTorch.

import { availableParallelism } from "node:os";

/** Most threads that this engine's CPU path takes; onnxruntime-web gets as many. */
const MOST_THREADS = 16;

/** By name: the device, what of Chromium it needs, and the precisions in which both engines are compared there. */
export const PLACES = {
  "cpu-1": { title: "wasm, 1 thread", device: "cpu", adapter: "swiftshader", threads: 1, precisions: ["f32", "q8"] },
  "cpu-threads": {
    title: `wasm, ${Math.min(availableParallelism(), MOST_THREADS)} threads`,
    device: "cpu",
    adapter: "swiftshader",
    threads: Math.min(availableParallelism(), MOST_THREADS),
    precisions: ["f32", "q8"],
  },
  swiftshader: { title: "WebGPU, SwiftShader", device: "webgpu", adapter: "swiftshader", precisions: ["f32"] },
  // SwiftShader has no 16-bit arithmetic.
  lavapipe: { title: "WebGPU, lavapipe", device: "webgpu", adapter: "lavapipe", precisions: ["f32", "f16"] },
  gpu: { title: "WebGPU, this machine's GPU", device: "webgpu", adapter: "gpu", precisions: ["f32", "f16"] },
};

export const ENGINES = { pickscore: "PickScore", ort: "onnxruntime-web" };

/** Calls that are timed, in this order: those that take the most memory last. `of`: images, or prompts of so many words. */
export const CASES = [
  { name: "1 image", of: "images", count: 1 },
  { name: "prompt", of: 18, count: 1 },
  { name: "long prompt", of: 75, count: 1 },
  { name: "4 images", of: "images", count: 4 },
  { name: "16 images", of: "images", count: 16 },
];
/** After this one memory is read for the first time: what a page takes that scores one image with one prompt. */
export const SINGLE = "long prompt";

/** Lowest cosine to PyTorch's embeddings in f32. onnxruntime's 8 bits quantise activations too: its figures are kept, and say how far off it was. */
export const LOWEST = { pickscore: { f32: 0.9999, f16: 0.999, q8: 0.999 }, ort: { f32: 0.9999, f16: 0.999, q8: 0.9 } };
