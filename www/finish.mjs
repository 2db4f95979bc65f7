// The last step of a build: `node finish.mjs DIST`. Writes the service worker with its list of
// files, and checks the size of what a visitor downloads before the page is usable.

import { createHash } from "node:crypto";
import { readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { build } from "esbuild";

/**
 * Maximum bytes (brotli) until the page is usable, without engine, model, samples and screens that
 * are loaded later.
 */
const BUDGET = 120_000;

const dist = resolve(process.argv[2] ?? "dist");
const manifest = join(dist, "manifest.chunks.json");
const chunks = JSON.parse(await readFile(manifest, "utf8"));
await rm(manifest);
const entries = await readdir(dist, { recursive: true, withFileTypes: true });
const files = entries.filter((entry) => entry.isFile()).map((entry) => relative(dist, join(entry.parentPath ?? entry.path, entry.name)).split(sep).join("/")).sort();

const isEngine = (file) => /^lib\/engine-.*\.wasm$/.test(file);
// Loaded only when someone submits to the Hub.
const ofHub = Object.entries(chunks).filter(([source]) => source.includes("@huggingface/")).map(([, { file }]) => file);
const isHub = (file) => ofHub.includes(file);
// Useless without a network, or stored elsewhere.
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

/** The chunks that a chunk needs before it runs. */
const needed = (name, found = new Set()) => {
  const { file, css = [], imports = [] } = chunks[name];
  if (found.has(file)) return found;
  for (const one of [file, ...css]) found.add(one);
  for (const one of imports) needed(one, found);
  return found;
};
const size = async (wanted) => {
  const sizes = await Promise.all([...wanted].map(async (file) => brotliCompressSync(await readFile(join(dist, file))).length));
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
};
const say = (what, bytes) => console.error(`${what.padEnd(40)} ${String(bytes).padStart(12)} bytes of brotli`);

const usable = new Set(["index.html", "config.json", "lib/pickscore.js", ...needed("index.html"), ...needed("src/shell/app.ts")]);
const total = await size(usable);
for (const name of Object.keys(chunks).filter((name) => /^src\/\w+\/screen\.ts$/.test(name))) {
  say(name, await size([...needed(name)].filter((file) => !usable.has(file))));
}
say("the page until it can be used", total);
if (total > BUDGET) {
  console.error(`The page is too large: at most ${BUDGET}.`);
  process.exit(1);
}
