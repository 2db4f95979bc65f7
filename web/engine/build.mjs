// Bundles the JavaScript library: `node build.mjs OUT`, or without OUT into this package's own
// dist/.
//
//   pickscore.js, pickscore.d.ts     the library that pages import
//   worker.<hash>.js                 the worker
//   engine-{gpu,cpu,cpu-threads}.<hash>.wasm        the engine, loaded by the worker
//   engine-{cpu,cpu-threads}-relaxed.<hash>.wasm    the engine for browsers with relaxed SIMD
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

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? join(here, "dist"));
const options = { bundle: true, format: "esm", target: "es2022", minify: true, legalComments: "none", write: false };

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });

const hash = (bytes) => createHash("sha256").update(bytes).digest("hex").slice(0, 10);
const write = async (name, ending, bytes) => {
  const file = `${name}.${hash(bytes)}.${ending}`;
  await writeFile(join(out, file), bytes);
  return JSON.stringify(`./${file}`);
};

// The page passes the URL of the wasm, so wasm-bindgen's default URL is removed.
const noDefault = {
  name: "no-default-address",
  setup(bundler) {
    bundler.onLoad({ filter: /pkg[\\/][a-z-]+[\\/]engine\.js$/ }, async ({ path }) => {
      const code = await readFile(path, "utf8");
      return { contents: code.replace(/new URL\('engine_bg\.wasm', import\.meta\.url\)/, "undefined"), loader: "js" };
    });
  },
};
const worker = await build({ ...options, entryPoints: [join(here, "js/worker/main.ts")], plugins: [noDefault] });
const define = { WORKER_FILE: await write("worker", "js", worker.outputFiles[0].contents) };
for (const [variant, wasm] of [
  ["gpu", "gpu/engine_bg.wasm"],
  ["cpu", "cpu/engine_bg.wasm"],
  ["cpu-relaxed", "cpu/engine_bg.relaxed.wasm"],
  ["cpu-threads", "cpu-threads/engine_bg.wasm"],
  ["cpu-threads-relaxed", "cpu-threads/engine_bg.relaxed.wasm"],
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
