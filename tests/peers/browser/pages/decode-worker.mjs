// One core of the yardstick: reads, hashes, decodes and resizes images one after the other. The
// next one is read meanwhile.

import init, { Decoder } from "../../../../web/engine/pkg/decoder/decoder.js";

let decoder;
let last = Promise.resolve();

async function read(image) {
  const bytes = new Uint8Array(await image.arrayBuffer());
  await crypto.subtle.digest("SHA-256", bytes);
  return bytes;
}

async function start({ module, size }) {
  await init({ module_or_path: module });
  const channel = (...values) => new Float64Array(values);
  const [mean, deviation] = [channel(0.48, 0.46, 0.41), channel(0.27, 0.26, 0.28)];
  decoder = new Decoder({ size, method: "clip", resize: channel(size), rescale: 1 / 255, mean, deviation, maxPixels: 1e8 });
}

onmessage = ({ data }) => {
  const bytes = data.image && read(data.image);
  last = last.then(async () => {
    if (bytes) decoder.pixels(await bytes);
    else await start(data);
    postMessage("done");
  });
};
