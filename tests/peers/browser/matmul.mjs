// The speed that an adapter can reach in practice: a plain matrix multiplication with register
// tiles, measured at 1024³ and at the sizes of the models.

import { Browser } from "./chromium.mjs";
import { gigaflops, products } from "./shapes.mjs";

/** Tiles of one invocation. The fastest at 1024³ is used for the other sizes. */
const TILES = [
  [4, 4],
  [4, 8],
  [8, 8],
].flatMap(([rows, columns]) => [true, false].map((fused) => ({ rows, columns, fused })));
const CUBE = { name: "1024³", m: 1024, k: 1024, n: 1024 };
/** A larger error is not rounding: sums have up to 5120 products of numbers in −1..1. */
const ROUNDING = 0.01;

/** Describes a tile. */
export const described = ({ rows, columns, fused }) => `${rows} × ${columns}${fused ? " fused" : ""}`;

/** `models` maps names to folders; `images` lists numbers of images per pass. */
export async function matmul({ place, server, executable, models, images }) {
  const browser = await Browser.start({ adapter: place.adapter, executable });
  try {
    await browser.open(`${server.guest().url}pages/matmul.html`);
    const run = async (shape, tile) => {
      const { milliseconds, error } = await browser.call("matmul", { ...shape, ...tile });
      if (!(error < ROUNDING)) throw new Error(`the plain multiplication is off by ${error}`);
      const speed = (gigaflops(shape) / milliseconds) * 1000;
      console.error(`── ${place.title}, ${shape.name} ${shape.m} × ${shape.k} × ${shape.n}, ${described(tile)}: ${speed.toFixed(1)} GFLOP/s`);
      return { ...shape, milliseconds, speed };
    };
    const tiles = [];
    for (const tile of TILES) tiles.push({ ...tile, speed: (await run(CUBE, tile)).speed });
    const [best] = tiles.toSorted((a, b) => b.speed - a.speed);
    const shapes = [];
    for (const [model, folder] of Object.entries(models)) {
      for (const count of images) {
        for (const shape of products(folder, count)) shapes.push({ model, images: count, ...(await run(shape, best)) });
      }
    }
    return { place: place.title, adapter: await browser.call("adapter"), tiles, best, shapes };
  } finally {
    await browser.close();
  }
}
