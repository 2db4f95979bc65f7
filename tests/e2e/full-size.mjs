// Tests the full-size model in a real browser. Streams a generated ViT-H/14 (3.94 GB) from a server
// into Chromium in several precisions, scores two images, and compares them with the reference and
// the native engine. This takes minutes. `cargo xtask full-size` runs it; the last result is in
// tests/e2e/full-size.json.
//
//   node full-size.mjs MODEL PICKSCORE [PRECISION…]    PICKSCORE is the native command

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { chromium } from "playwright-core";

const [model, pickscore, ...precisions] = process.argv.slice(2);
const here = import.meta.dirname;
const golden = JSON.parse(readFileSync(resolve(here, "../parity/fixtures/end-to-end-full.json"), "utf8"));
/** A photograph and noise. */
const CHOSEN = [0, 2];
/**
 * Bounds on the difference from the native engine: f32 and f16 are compared with its f32, q8 with
 * its q8 with f32 products.
 */
const BOUNDS = { f32: 0.01, f16: 0.05, q8: 0.05 };
const PROMPTS = golden.prompts.slice(0, 2);
const executablePath = process.env.PICKSCORE_CHROMIUM ?? "/usr/bin/chromium";

const servers = [];
async function serve(folder, ...options) {
  const server = spawn("node", [resolve(here, "../../www/serve.mjs"), folder, "--port", "0", ...options], { stdio: ["ignore", "pipe", "inherit"] });
  servers.push(server);
  const [line] = await once(server.stdout, "data");
  return String(line).trim();
}

/** Peak resident memory of the browser's processes so far, in MB, by kind. */
function peaks(root) {
  const parents = new Map();
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      const kind = /--type=([\w-]+)/.exec(command)?.[1] ?? "browser";
      const number = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
      parents.set(pid, { parent: String(number("PPid")), kind, peak: number("VmHWM") / 1024 });
    } catch {
      // The process ended meanwhile.
    }
  }
  const ours = (pid) => pid === root || (parents.has(pid) && ours(parents.get(pid).parent));
  const found = {};
  for (const [pid, { kind, peak }] of parents) {
    if (ours(pid)) found[kind] = Math.max(found[kind] ?? 0, Math.round(peak));
  }
  return found;
}

/** The native engine's scores: `[prompts][images]`. */
function native(precision) {
  const files = CHOSEN.map((index) => resolve(here, "../parity/fixtures/pixels/files", golden.images[index]));
  return PROMPTS.map((prompt) => {
    const options = ["--model", model, "--device", "cpu", "--precision", precision, "--format", "json", "--prompt", prompt];
    const json = execFileSync(pickscore, ["score", ...options, ...files], { stdio: ["ignore", "pipe", "ignore"] });
    return JSON.parse(json).images.map(({ score }) => score);
  });
}

/** Largest difference between two tables of scores. */
function difference(found, expected) {
  return Math.max(...found.flatMap((row, prompt) => row.map((score, at) => Math.abs(score - expected[prompt][at]))));
}

const images = CHOSEN.map((index) => ({
  name: golden.images[index],
  base64: readFileSync(resolve(here, "../parity/fixtures/pixels/files", golden.images[index])).toString("base64"),
}));
const site = await serve(resolve(here, "../../dist"));
const host = await serve(model, "--cors");
const isolated = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
const results = [];
let failed = false;
for (const precision of precisions.length > 0 ? precisions : ["f16", "q8"]) {
  const profile = mkdtempSync(join(tmpdir(), "pickscore-full-"));
  const args = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];
  const context = await chromium.launchPersistentContext(profile, { executablePath, args, env: process.env });
  const version = context.browser()?.version() ?? "";
  const root = readdirSync("/proc").find((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      return command.includes(`--user-data-dir=${profile}`) && !command.includes("--type=");
    } catch {
      return false;
    }
  });
  const page = await context.newPage();
  page.setDefaultTimeout(0);
  page.on("console", (message) => console.log(`  ${message.text()}`));
  // An empty document next to the library; the page would load a model itself.
  const body = "<!doctype html><title>blank</title>";
  await page.route("**/blank.html", (route) => route.fulfill({ contentType: "text/html", body, headers: isolated }));
  await page.goto(`${site}blank.html`);
  const run = (model) =>
    page.evaluate(
      async ({ model, precision, prompts, images }) => {
        const { PickScore } = await import(new URL("lib/pickscore.js", document.baseURI).href);
        const files = images.map(({ name, base64 }) => new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name));
        const seconds = {};
        let since = performance.now();
        const mark = (name) => {
          seconds[name] = Math.round((performance.now() - since) / 100) / 10;
          since = performance.now();
        };
        let told = 0;
        const scorer = await PickScore.load({
          model,
          precision,
          device: "webgpu",
          onProgress: ({ stage, loaded, total }) => {
            if (performance.now() < told + 15000) return;
            told = performance.now();
            console.log(`${stage} ${(loaded / 1e6).toFixed(0)} of ${((total ?? 0) / 1e6).toFixed(0)}`);
          },
        });
        mark("load");
        const scores = [];
        await scorer.embedText(prompts.slice(0, 1));
        mark("prompt");
        await scorer.embedImages(files.slice(0, 1));
        mark("image, first");
        await scorer.embedImages(files.slice(1, 2));
        mark("image, second");
        for (const prompt of prompts) scores.push((await scorer.score(prompt, files)).scores);
        const { info } = scorer;
        await scorer.dispose();
        return { info, scores, seconds };
      },
      { model, precision, prompts: PROMPTS, images },
    );
  const first = await run(host);
  const memory = peaks(root);
  const again = await run(host);
  await context.close();
  const toReference = difference(first.scores, golden.scores.map((row) => CHOSEN.map((index) => row[index])));
  const toNative = difference(first.scores, native(precision === "q8" ? "q8" : "f32"));
  const same = JSON.stringify(first.scores) === JSON.stringify(again.scores);
  results.push({
    precision,
    toNative,
    toReference,
    bound: BOUNDS[precision],
    seconds: first.seconds,
    secondVisit: { source: again.info.source, seconds: again.seconds, sameScores: same },
    peakMegabytes: memory,
    engineMegabytes: Math.round(first.info.engineMemory / 1e6),
    storedBytes: first.info.bytes,
    chromium: version,
  });
  console.log(JSON.stringify(results.at(-1), null, 1));
  failed ||= !(toNative <= BOUNDS[precision]) || again.info.source !== "cache" || !same;
  rmSync(profile, { recursive: true, force: true });
}
for (const server of servers) server.kill();
writeFileSync(resolve(here, "full-size.json"), `${JSON.stringify({ date: new Date().toISOString().slice(0, 10), model: "generated ViT-H/14, f32, 3.94 GB", results }, null, 1)}\n`);
process.exit(failed ? 1 : 0);
