// The goals of this engine relative to onnxruntime-web, and whether a run's results meet them.

/** Minimum ratio of onnxruntime-web's time to this engine's. */
const FASTER = { webgpu: 2, cpu: 1.2 };
/** The same for ImageReward. */
const FASTER_REWARDS = { webgpu: 4, cpu: 1.2 };
/** Maximum ratio of this engine's peak memory (renderer and GPU process) to onnxruntime-web's. */
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
export function goals({ comparisons, matmul, kernels }) {
  const list = [];
  const goal = (what, found, bound, atLeast) => {
    if (Number.isFinite(found)) list.push({ what, found, bound, atLeast, met: atLeast ? found >= bound : found <= bound });
  };
  for (const { model, rewards, place, empty, contenders } of comparisons) {
    for (const [ours, theirs] of pairs(contenders)) {
      const title = `${model}, ${place}, ${ours.precision}`;
      const faster = rewards ? FASTER_REWARDS : FASTER;
      for (const name of Object.keys(ours.cases).filter((name) => rewards || name.endsWith("image") || name.endsWith("images"))) {
        const bound = place.startsWith("WebGPU") ? faster.webgpu : faster.cpu;
        goal(`${title}: ${name}, time of onnxruntime-web / PickScore`, theirs?.cases[name]?.median / ours.cases[name].median, bound, true);
      }
      goal(`${title}: peak memory, PickScore / onnxruntime-web`, both(ours) / both(theirs), MEMORY, false);
      // With a small model, most memory belongs to the browser itself, so this goal subtracts an
      // empty page's memory on both sides.
      const [own, other] = [ours, theirs].map((contender) => both(contender) - sum(empty));
      goal(`${title}: peak memory beyond an empty page's, PickScore / onnxruntime-web`, own / other, MEMORY, false);
      goal(`${title}: PickScore, 16 images / 1 image`, ours.cases["16 images"]?.median / ours.cases["1 image"]?.median, BATCH, false);
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

/** Peak memory of renderer and GPU process, in MB. */
export function both(contender, when = "end") {
  return sum(contender?.memory?.[when]);
}

/** Renderer plus GPU process in one reading; NaN if there is no reading. */
export function sum(memory) {
  return memory ? memory.renderer + memory.gpu : Number.NaN;
}

/** This engine paired with the other in each precision. */
function pairs(contenders) {
  const running = contenders.filter(({ failure }) => failure === undefined);
  const ours = running.filter(({ engine }) => engine === "pickscore");
  return ours.map((our) => [our, running.find(({ engine, precision }) => engine === "ort" && precision === our.precision)]);
}
