// A page with one engine, named in the address: `engine.html?engine=pickscore`. The runner calls
// the functions of `bench`.

import { picture, prompt, release } from "./inputs.mjs";

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

  /**
   * The lowest cosine similarity to known embeddings, or the largest difference from known rewards
   * as a share of their spread.
   */
  async check({ images, prompts, imageEmbeddings, textEmbeddings, rewards, spread }) {
    const levels = images.map((base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)));
    const [pictures, texts] = [engine.prepareImages(levels, size), engine.prepareTexts(prompts)];
    if (rewards) {
      // Once with several images, and once with several prompts.
      const one = engine.prepareImages(levels.slice(0, 1), size);
      const found = [await engine.rewards(pictures, texts), await engine.rewards(one, texts)];
      const differences = found.flatMap((rows) => rows.flatMap((row, at) => [...row].map((reward, image) => Math.abs(reward - rewards[at][image]))));
      return { difference: Math.max(...differences) / spread };
    }
    const found = [...(await engine.images(pictures)), ...(await engine.texts(texts))];
    const cosines = [...imageEmbeddings, ...textEmbeddings].map((expected, at) => cosine(found[at], expected));
    return { cosine: Math.min(...cosines) };
  },

  /** Milliseconds of one call with new images, new prompts or both; see `casesOf`. */
  async time({ images = 0, prompts = 0, words = 0 }, turn) {
    const seeds = (count) => Array.from({ length: count }, (_, at) => turn * 1000 + at + 1);
    const levels = seeds(images).map((seed) => picture(seed, size));
    const pictures = engine.prepareImages(levels, size);
    const texts = engine.prepareTexts(seeds(prompts).map((seed) => prompt(seed, words)));
    const start = performance.now();
    if (images && prompts) await engine.rewards(pictures, texts);
    else await (images ? engine.images(pictures) : engine.texts(texts));
    const milliseconds = performance.now() - start;
    levels.forEach(release);
    return milliseconds;
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
