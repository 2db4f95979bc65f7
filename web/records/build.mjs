// Bundles the JavaScript library: `node build.mjs OUT`, or without OUT into this package's own
// dist/.
//
//   records.js, records.d.ts     the library and its types
//   records.<hash>.wasm          the wasm
//
// OUT may hold other libraries: only what an earlier build of this one left there is removed.

import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { rollup } from "rollup";
import { dts } from "rollup-plugin-dts";

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? join(here, "dist"));
await mkdir(out, { recursive: true });
for (const name of await readdir(out)) {
  if (/^records\.(js|d\.ts|[0-9a-f]{10}\.wasm)$/.test(name)) await rm(join(out, name));
}

const wasm = await readFile(join(here, "pkg/records_bg.wasm"));
const file = `records.${createHash("sha256").update(wasm).digest("hex").slice(0, 10)}.wasm`;
await writeFile(join(out, file), wasm);

// wasm-bindgen's glue can find the wasm by itself; here the library says where it is.
const noDefault = {
  name: "no-default-address",
  setup(bundler) {
    bundler.onLoad({ filter: /pkg[\\/]records\.js$/ }, async ({ path }) => {
      const code = await readFile(path, "utf8");
      return { contents: code.replace(/new URL\('records_bg\.wasm', import\.meta\.url\)/, "undefined"), loader: "js" };
    });
  },
};
// Written into the code as a plain `new URL("./name", import.meta.url)`, which other people's
// bundlers recognise.
const library = await build({
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "none",
  write: false,
  entryPoints: [join(here, "js/records.ts")],
  plugins: [noDefault],
  define: { RECORDS_FILE: JSON.stringify(`./${file}`) },
});
await writeFile(join(out, "records.js"), library.outputFiles[0].contents);

const types = await rollup({
  input: join(here, "js/records.ts"),
  plugins: [dts({ tsconfig: join(here, "tsconfig.json") })],
});
await types.write({ file: join(out, "records.d.ts"), format: "es" });
