// The time of each kernel of each engine for one image, by the GPU's own clock, in f32.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Contender } from "./contender.mjs";
import { casesOf, ENGINES } from "./places.mjs";

/**
 * Names of kernels that multiply by weights; this engine's kernel is identified by its bindings.
 */
const PRODUCT = /matmul|gemm|conv|weight.*residual/i;
/** Number of passes to trace; the pass with the median total is used. */
const PASSES = 3;
/** Number of kernels to list individually. */
const NAMED = 12;

export async function kernels({ place, server, executable, engines, name, model }) {
  const check = JSON.parse(readFileSync(join(model, "onnx/check.json"), "utf8"));
  const found = [];
  for (const engine of engines) {
    const first = new URL("pages/profile.mjs", server.guest().url).href;
    const contender = await Contender.start({ engine, precision: "f32", place, server, model, check, executable, first, precise: true });
    try {
      if (contender.failed) continue;
      const passes = [];
      await contender.browser.call("kernels");
      for (let pass = 0; pass < PASSES; pass++) {
        await contender.time(casesOf(check)[0]);
        passes.push(summed(await contender.browser.call("kernels")));
      }
      const median = passes.toSorted((a, b) => a.milliseconds - b.milliseconds)[PASSES >> 1];
      console.error(`── ${name}, ${place.title}, ${ENGINES[engine]}: ${median.dispatches} dispatches, ${median.milliseconds.toFixed(0)} ms, of it products ${median.products.toFixed(0)} ms`);
      found.push({ model: name, place: place.title, engine, ...median });
    } finally {
      await contender.browser.close();
    }
  }
  return found;
}

/** The dispatches of a pass by kernel. */
function summed(dispatches) {
  const kernels = new Map();
  for (const { name, groups, milliseconds } of dispatches) {
    const key = `${name} ${groups}`;
    const kernel = kernels.get(key) ?? { name, groups, count: 0, milliseconds: 0 };
    kernel.count++;
    kernel.milliseconds += milliseconds;
    kernels.set(key, kernel);
  }
  const all = [...kernels.values()].toSorted((a, b) => b.milliseconds - a.milliseconds);
  const sum = (list) => list.reduce((total, { milliseconds }) => total + milliseconds, 0);
  return {
    dispatches: dispatches.length,
    milliseconds: sum(all),
    products: sum(all.filter(({ name }) => PRODUCT.test(name))),
    kernels: all.slice(0, NAMED),
  };
}
