// A page with one engine, named in the address: `engine.html?engine=pickscore`. The runner calls
// the functions of `bench`.

import { picture, prompt } from "./inputs.mjs";

const search = new URLSearchParams(location.search);
if (search.has("profile")) await import("./profile.mjs");
const { Engine } = await import(search.get("engine") === "ort" ? "./ort.mjs" : "./pickscore.mjs");

/** The engine once it is loaded, and the side of its images. */
let engine;
let size;

globalThis.bench = {
  /** Loads the model. Returns the engine's information and the milliseconds it took. */
  async load(settings, pictureSize) {
    size = pictureSize;
    const start = performance.now();
    engine = await Engine.load(settings);
    return { milliseconds: performance.now() - start, ...engine.info };
  },

  /** The lowest cosine similarity to known embeddings. */
  async check({ images, prompts, imageEmbeddings, textEmbeddings }) {
    const levels = images.map((base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)));
    const found = [...(await engine.images(engine.prepareImages(levels, size))), ...(await engine.texts(engine.prepareTexts(prompts)))];
    const cosines = [...imageEmbeddings, ...textEmbeddings].map((expected, at) => cosine(found[at], expected));
    return Math.min(...cosines);
  },

  /**
   * Milliseconds of one call with new inputs. `of` is `images` or the number of words of each
   * prompt.
   */
  async time(of, count, turn) {
    const seeds = Array.from({ length: count }, (_, at) => turn * 1000 + at + 1);
    const inputs = of === "images" ? engine.prepareImages(seeds.map((seed) => picture(seed, size)), size) : engine.prepareTexts(seeds.map((seed) => prompt(seed, of)));
    const start = performance.now();
    await (of === "images" ? engine.images(inputs) : engine.texts(inputs));
    return performance.now() - start;
  },

  /** Time of each kernel since the last call; only available with `profile.mjs`. */
  kernels: () => engine.kernels(),
};

function cosine(a, b) {
  let [dot, left, right] = [0, 0, 0];
  for (const [at, value] of b.entries()) {
    dot += a[at] * value;
    left += a[at] * a[at];
    right += value * value;
  }
  return dot / Math.sqrt(left * right);
}
