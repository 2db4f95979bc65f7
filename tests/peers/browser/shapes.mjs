// The matrix multiplications of the vision towers, derived from their configurations.

import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * `{ name, m, k, n, count, needed }` for a number of images: the sizes, the number of times the
 * product occurs in a pass, and the number of times if only what is pooled is computed. This engine
 * does that: in the last block, it computes the queries, keys and values, and only one row of the
 * rest.
 */
export function products(model, images) {
  const { vision_config: vision } = JSON.parse(readFileSync(join(model, "config.json"), "utf8"));
  const { hidden_size: width, intermediate_size: mlp, num_hidden_layers: layers, patch_size: patch, image_size: size = 224 } = vision;
  const patches = (size / patch) ** 2;
  const m = (patches + 1) * images;
  return [
    { name: "patches", m: patches * images, k: 3 * patch * patch, n: width, count: 1, needed: 1 },
    { name: "query, key, value", m, k: width, n: 3 * width, count: layers, needed: layers },
    { name: "attention's output", m, k: width, n: width, count: layers, needed: layers - 1 },
    { name: "MLP, up", m, k: width, n: mlp, count: layers, needed: layers - 1 },
    { name: "MLP, down", m, k: mlp, n: width, count: layers, needed: layers - 1 },
  ];
}

/** Operations of a product, in billions. */
export const gigaflops = ({ m, k, n }) => (2 * m * k * n) / 1e9;
