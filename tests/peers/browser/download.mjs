// The size of an engine's own files, without the model.

import { readFileSync } from "node:fs";
import { brotliCompressSync, constants } from "node:zlib";

/** Sizes are the same in every browser, so each file is compressed once. */
const known = new Map();

/**
 * Bytes of the files in some folders that a browser requested, uncompressed and compressed with
 * brotli. By default these are the folders of the engines.
 */
export function downloaded(files, folders = ["lib", "ort"]) {
  const sizes = [...files].filter(([name]) => folders.includes(name.split("/")[0])).map(([, path]) => size(path));
  const sum = (key) => sizes.reduce((total, size) => total + size[key], 0);
  return { bytes: sum("bytes"), brotli: sum("brotli") };
}

function size(path) {
  if (!known.has(path)) {
    const bytes = readFileSync(path);
    // Quality 11, as in the limits of the build, takes a minute for 25 MB and saves only a few
    // percent.
    const brotli = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_LGWIN]: 24 } });
    known.set(path, { bytes: bytes.length, brotli: brotli.length });
  }
  return known.get(path);
}
