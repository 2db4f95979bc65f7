// Bundles the JavaScript library: `node build.mjs OUT`, or without OUT into this package's own
// dist/.
//
//   pickscore.js, pickscore.d.ts     the library that pages import
//   worker.<hash>.js                 the worker
//   engine-{gpu,cpu,cpu-threads}.<hash>.wasm        the engine, loaded by the worker
//   engine-{cpu,cpu-threads}-relaxed.<hash>.wasm    the engine for browsers with relaxed SIMD
//   engine-decoder.<hash>.wasm       the image decoders, for the workers that only decode
//   vocabulary.<hash>.bin            BERT's vocabulary, loaded for ImageReward
//
// All names but the first contain a content hash, so that hosts may allow permanent caching. The
// code refers to them as `new URL("./name", import.meta.url)`, which bundlers recognise.

import { createHash } from "node:crypto";
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { rollup } from "rollup";
import { dts } from "rollup-plugin-dts";
import { bundleWorker, options } from "./worker.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? join(here, "dist"));

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });

const hash = (bytes) => createHash("sha256").update(bytes).digest("hex").slice(0, 10);
const write = async (name, ending, bytes) => {
  const file = `${name}.${hash(bytes)}.${ending}`;
  await writeFile(join(out, file), bytes);
  return JSON.stringify(`./${file}`);
};

const define = { WORKER_FILE: await write("worker", "js", await bundleWorker()) };
for (const [variant, wasm] of [
  ["gpu", "gpu/engine_bg.wasm"],
  ["cpu", "cpu/engine_bg.wasm"],
  ["cpu-relaxed", "cpu/engine_bg.relaxed.wasm"],
  ["cpu-threads", "cpu-threads/engine_bg.wasm"],
  ["cpu-threads-relaxed", "cpu-threads/engine_bg.relaxed.wasm"],
  ["decoder", "decoder/decoder_bg.wasm"],
]) {
  const name = `${variant.toUpperCase().replaceAll("-", "_")}_FILE`;
  define[name] = await write(`engine-${variant}`, "wasm", await readFile(join(here, "pkg", wasm)));
}
define.VOCABULARY_FILE = await write("vocabulary", "bin", await readFile(join(here, "../../crate/tokens/src/bert/vocabulary.bin")));
const library = await build({ ...options, entryPoints: [join(here, "js/pickscore.ts")], define });
await writeFile(join(out, "pickscore.js"), library.outputFiles[0].contents);

const types = await rollup({
  input: join(here, "js/pickscore.ts"),
  plugins: [dts({ tsconfig: join(here, "tsconfig.json") })],
});
await types.write({ file: join(out, "pickscore.d.ts"), format: "es" });
// The package has the licences at its root; other outputs need a copy.
if (process.argv[2]) {
  for (const licence of ["LICENSE-MIT", "LICENSE-APACHE"]) await copyFile(join(here, "../..", licence), join(out, licence));
}
