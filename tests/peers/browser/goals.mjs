// The goals of this engine relative to others, and whether a run's results meet them.

import { twinOf } from "./places.mjs";

/**
 * Minimum ratio of onnxruntime-web's time to this engine's for ImageReward; for CLIP models, each
 * place has its own.
 */
const FASTER_REWARDS = { webgpu: 4, cpu: 1.2 };
/** Maximum ratio of the time to load a stored model to the time to read its file as a blob. */
const STORED = 1.2;
/** Where a stored model's file is. */
export const CACHES = { warm: "in memory", cold: "on disk" };
/**
 * Maximum ratio of this engine's peak memory (renderer and GPU process) to onnxruntime-web's, after
 * an empty page's is subtracted from both: with a small model, most memory belongs to the browser.
 */
const MEMORY = 0.5;
/** Maximum ratio of the time for 16 images to the time for one. */
const BATCH = 14;
/**
 * Minimum ratio of the speed of a pass's matrix products to the plain multiplication's, and maximum
 * ratio of the time of the whole pass to that of its products.
 */
const PRODUCTS = 0.9;
const PASS = 1.25;

/** `{ what, found, bound, atLeast, met }` for each goal that the results cover. */
export function goals({ start, stored, comparisons, files, matmul, kernels }) {
  const list = [];
  const goal = (what, found, bound, atLeast) => {
    if (Number.isFinite(found)) list.push({ what, found, bound, atLeast, met: atLeast ? found >= bound : found <= bound });
  };
  for (const { place, goal: bound, ready } of start) {
    goal(`${place}: seconds from the engine being ready to the first score of the small model, later visits`, ready / 1000, bound, false);
  }
  for (const { model, place, visits } of stored) {
    for (const { cache, load, asynchronously } of visits) {
      goal(`${model}, ${place}, f16: loading from storage / reading the file as a blob, file ${CACHES[cache]}`, load / asynchronously, STORED, false);
    }
  }
  for (const { model, rewards, place, faster, empty, contenders } of comparisons) {
    for (const [ours, theirs] of pairs(contenders, "ort")) {
      const title = `${model}, ${place}, ${ours.precision}`;
      for (const name of Object.keys(ours.cases).filter((name) => rewards || name.endsWith("image") || name.endsWith("images"))) {
        if (isExact(ours, contenders)) break;
        const bound = rewards ? FASTER_REWARDS[place.startsWith("WebGPU") ? "webgpu" : "cpu"] : faster;
        goal(`${title}: ${name}, time of onnxruntime-web / PickScore`, theirs?.cases[name]?.median / ours.cases[name].median, bound, true);
      }
      const [own, other] = [ours, theirs].map((contender) => both(contender) - sum(empty));
      goal(`${title}: peak memory beyond an empty page's, PickScore / onnxruntime-web`, own / other, MEMORY, false);
      goal(`${title}: PickScore, 16 images / 1 image`, ours.cases["16 images"]?.median / ours.cases["1 image"]?.median, BATCH, false);
    }
  }
  for (const { model, place, faster, files: count, contenders } of files) {
    for (const [ours, theirs] of pairs(contenders, "transformers")) {
      // onnxruntime-web, which transformers.js uses, computes 8-bit products on the CPU.
      if (isExact(ours, contenders) || (place.startsWith("WebGPU") && ours.precision === "q8")) continue;
      const title = `${model}, ${place}, ${ours.precision}`;
      goal(`${title}: ${count} files to scores, time of transformers.js / PickScore`, theirs?.median / ours.median, faster, true);
    }
  }
  for (const pass of kernels.filter(({ engine }) => engine === "pickscore")) {
    const title = `${pass.model}, ${pass.place}, f32`;
    const plain = matmul.find(({ place }) => place === pass.place)?.shapes.filter(({ model, images }) => model === pass.model && images === 1);
    if (plain?.length) {
      const milliseconds = plain.reduce((sum, { needed, milliseconds }) => sum + needed * milliseconds, 0);
      goal(`${title}: speed of all products of a pass, PickScore / plain multiplication`, milliseconds / pass.products, PRODUCTS, true);
    }
    const comparison = comparisons.find(({ model, place }) => model === pass.model && place === pass.place);
    const ours = comparison?.contenders.find(({ engine, precision }) => engine === "pickscore" && precision === "f32");
    goal(`${title}: a whole image / its products`, ours?.cases["1 image"]?.median / pass.products, PASS, false);
  }
  return list;
}

/**
 * Whether an engine is more exact than the one it is compared with, and a faster one runs too: the
 * goals for speed in 8 bits are for 8-bit activations, which the other engines have.
 */
function isExact({ precision }, contenders) {
  return precision === "q8" && contenders.some(({ precision, failure }) => precision === "q8-fast" && !failure);
}

/** Peak memory of renderer and GPU process, in MB. */
export function both(contender, when = "end") {
  return sum(contender?.memory?.[when]);
}

/** Renderer plus GPU process in one reading; NaN if there is no reading. */
export function sum(memory) {
  return memory ? memory.renderer + memory.gpu : Number.NaN;
}

/** This engine in each precision, paired with the one that it is compared with. */
export function pairs(contenders, other) {
  const running = contenders.filter(({ failure }) => failure === undefined);
  const ours = running.filter(({ engine }) => engine === "pickscore");
  return ours.map((our) => [our, running.find(({ engine, precision }) => engine === other && precision === twinOf(our.precision))]);
}
