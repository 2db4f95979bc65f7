// Scores a folder of image files for one prompt with the engine that the address names:
// `files.html?engine=transformers`. The runner calls the functions of `bench`.

import { prompt } from "./inputs.mjs";

const { Engine } = await import(`./${new URLSearchParams(location.search).get("engine")}.mjs`);

/** The engine once it is loaded, and the bytes of the image files. */
let engine;
let originals;
let exact;
let next = 0;

const read = (names) => Promise.all(names.map(async (name) => (await fetch(new URL(`../files/${name}`, import.meta.url))).blob()));

/** Files that no call has seen: decoders ignore bytes after an image's end. */
function files(blobs) {
  return blobs.map((blob) => new File([blob, new Uint32Array([next++])], `image-${next}`, { type: blob.type }));
}

globalThis.bench = {
  /** Loads the model and the first `count` files. Returns the milliseconds that the model took. */
  async load(settings, count) {
    const list = await (await fetch(new URL("../files/files.json", import.meta.url))).json();
    originals = await read(list.files.slice(0, count));
    exact = await read(list.exact);
    const start = performance.now();
    engine = await Engine.load(settings);
    return { milliseconds: performance.now() - start, ...engine.info };
  },

  /** Scores of the images that are not resized, and of all others. */
  async scores(text) {
    return { exact: await engine.score(text, files(exact)), files: await engine.score(text, files(originals)) };
  },

  /** Milliseconds from files and a new prompt to scores. */
  async time(turn) {
    const images = files(originals);
    const text = prompt(turn, 18);
    const start = performance.now();
    await engine.score(text, images);
    return performance.now() - start;
  },
};
