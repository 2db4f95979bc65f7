// The last step of a build: `node finish.mjs DIST`. Writes the service worker with the list of files that it keeps, and checks what a visitor downloads before the page
// can be used.

import { createHash } from "node:crypto";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { build } from "esbuild";

/** Most bytes (brotli) of everything but engine, model and samples. */
const BUDGET = 120_000;

const dist = resolve(process.argv[2] ?? "dist");
const entries = await readdir(dist, { recursive: true, withFileTypes: true });
const files = entries.filter((entry) => entry.isFile()).map((entry) => relative(dist, join(entry.parentPath ?? entry.path, entry.name)).split(sep).join("/")).sort();

const isEngine = (file) => /^lib\/engine-.*\.wasm$/.test(file);
// Comes when somebody hands in on the Hub, and at no other time.
const isHub = (file) => /^assets\/hub-client\./.test(file);
// What is of no use without a network, or is kept by others.
const isLeft = (file) => isEngine(file) || isHub(file) || /^(models\/|_headers$|sw\.js$|lib\/LICENSE|lib\/.*\.d\.ts$|samples\/.*\.md$)/.test(file);
const kept = files.filter((file) => !isLeft(file));
const engines = files.filter(isEngine);

const hash = createHash("sha256");
for (const file of [...kept, ...engines]) hash.update(file).update(await readFile(join(dist, file)));
const version = hash.digest("hex").slice(0, 12);

const worker = await build({
  entryPoints: [join(import.meta.dirname, "service-worker/worker.ts")],
  bundle: true,
  format: "iife",
  target: "es2022",
  minify: true,
  write: false,
  define: { VERSION: JSON.stringify(version), FILES: JSON.stringify(["./", ...kept.filter((file) => file !== "index.html")]), ENGINES: JSON.stringify(engines) },
});
await writeFile(join(dist, "sw.js"), worker.outputFiles[0].contents);

const page = files.filter((file) => /^(index\.html|assets\/.*|config\.json|lib\/(pickscore|records)\.js)$/.test(file) && !isHub(file));
const sizes = await Promise.all(page.map(async (file) => [file, brotliCompressSync(await readFile(join(dist, file))).length]));
const total = sizes.reduce((sum, [, size]) => sum + size, 0);
for (const [file, size] of sizes) console.error(`${file.padEnd(40)} ${String(size).padStart(12)}`);
console.error(`${"the page, all screens".padEnd(40)} ${String(total).padStart(12)} bytes of brotli; at most ${BUDGET}`);
if (total > BUDGET) {
  console.error("The page is too large.");
  process.exit(1);
}
