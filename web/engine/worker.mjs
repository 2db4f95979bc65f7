// Bundles the worker, for `build.mjs` and for benchmarks.

import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
export const options = { bundle: true, format: "esm", target: "es2022", minify: true, legalComments: "none", write: false };

/**
 * The bundled script of the worker, or of another file next to it. `change` may change the code of
 * a wasm package, which it is given with its path.
 */
export async function bundleWorker({ entry = join(here, "js/worker/main.ts"), change = (_path, code) => code } = {}) {
  const glue = {
    name: "glue",
    setup(bundler) {
      bundler.onLoad({ filter: /pkg[\\/][a-z-]+[\\/](engine|decoder)\.js$/ }, async ({ path }) => {
        const code = await readFile(path, "utf8");
        // The page passes the URL of the wasm, so wasm-bindgen's default URL is removed.
        const plain = code.replace(/new URL\('(engine|decoder)_bg\.wasm', import\.meta\.url\)/, "undefined");
        return { contents: change(path, plain), loader: "js" };
      });
    },
  };
  const { outputFiles } = await build({ ...options, entryPoints: [entry], plugins: [glue] });
  return outputFiles[0].contents;
}
