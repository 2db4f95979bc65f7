// The matrix multiplications of the vision towers, as their configurations have them.

import { readFileSync } from "node:fs";
import { join } from "node:path";

/** `{ name, m, k, n, count }` for so many images: what is multiplied, and how often in a pass. */
export function products(model, images) {
  const { vision_config: vision } = JSON.parse(readFileSync(join(model, "config.json"), "utf8"));
  const { hidden_size: width, intermediate_size: mlp, num_hidden_layers: layers, patch_size: patch, image_size: size = 224 } = vision;
  const patches = (size / patch) ** 2;
  const m = (patches + 1) * images;
  return [
    { name: "patches", m: patches * images, k: 3 * patch * patch, n: width, count: 1 },
    { name: "query, key, value", m, k: width, n: 3 * width, count: layers },
    { name: "attention's output", m, k: width, n: width, count: layers },
    { name: "MLP, up", m, k: width, n: mlp, count: layers },
    { name: "MLP, down", m, k: mlp, n: width, count: layers },
  ];
}

/** Operations of a product, in thousands of millions. */
export const gigaflops = ({ m, k, n }) => (2 * m * k * n) / 1e9;
