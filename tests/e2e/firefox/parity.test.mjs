// Scores in Firefox on lavapipe, which has 16-bit arithmetic, compared with the native engine's.
// With puppeteer, because Playwright cannot drive Debian's Firefox.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import puppeteer from "puppeteer-core";

const here = import.meta.dirname;
const models = process.env.PICKSCORE_TEST_MODELS;
const golden = JSON.parse(readFileSync(resolve(here, "../../parity/fixtures/end-to-end.json"), "utf8"));
const native = JSON.parse(readFileSync(join(models, "narrow-f32.json"), "utf8"));
/** The first prompt with these images only: lavapipe takes seconds for each. */
const CHOSEN = [0, 4, 12, 17];

const servers = [];
const folders = [];
let browser;

/** Serves a folder on a free port. */
async function serve(folder) {
  const server = spawn("node", [resolve(here, "../../../www/serve.mjs"), folder, "--port", "0"], { stdio: ["ignore", "pipe", "inherit"] });
  servers.push(server);
  const [line] = await once(server.stdout, "data");
  return String(line).trim();
}

let site;

before(async () => {
  // An empty document next to the site's files; the page itself would also use the CPU.
  const folder = mkdtempSync(join(tmpdir(), "pickscore-firefox-"));
  folders.push(folder);
  cpSync(resolve(here, "../../../dist/lib"), join(folder, "lib"), { recursive: true });
  writeFileSync(join(folder, "blank.html"), "<!doctype html><title>blank</title>");
  site = await serve(folder);
  browser = await puppeteer.launch({
    browser: "firefox",
    executablePath: process.env.PICKSCORE_FIREFOX ?? "/usr/bin/firefox-esr",
    headless: true,
    extraPrefsFirefox: { "dom.webgpu.enabled": true, "gfx.webgpu.ignore-blocklist": true, "dom.webgpu.workers.enabled": true },
    protocolTimeout: 600_000,
  });
});

after(async () => {
  await browser?.close();
  for (const server of servers) server.kill();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Loads the model and scores the first prompt with the chosen images. */
async function scores(page, options) {
  const files = CHOSEN.map((index) => golden.images[index]);
  const images = files.map((name) => ({
    name,
    base64: readFileSync(resolve(here, "../../parity/fixtures/pixels/files", name)).toString("base64"),
  }));
  const weights = ["config.json", "model.safetensors"].map((name) => ({ name, base64: readFileSync(join(models, "narrow", name)).toString("base64") }));
  return page.evaluate(
    async ({ options, prompt, images, weights }) => {
      const { PickScore, probe } = await import(new URL("lib/pickscore.js", document.baseURI).href);
      const file = ({ name, base64 }) => new File([Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))], name);
      const support = await probe();
      const start = performance.now();
      const scorer = await PickScore.load({ model: weights.map(file), ...options });
      const loaded = performance.now();
      const { scores } = await scorer.score(prompt, images.map(file));
      const milliseconds = [loaded - start, performance.now() - loaded].map(Math.round);
      await scorer.dispose();
      return { support, info: scorer.info, scores, milliseconds };
    },
    { options, prompt: golden.prompts[0], images, weights },
  );
}

for (const [options, bound] of [
  [{ device: "cpu", precision: "f32" }, 0.01],
  [{ device: "webgpu", precision: "f16" }, 0.05],
  [{ device: "webgpu", precision: "f32" }, 0.01],
]) {
  test(`Firefox, ${options.device} in ${options.precision}`, { timeout: 600_000 }, async () => {
    const page = await browser.newPage();
    await page.goto(`${site}blank.html`);
    const outcome = await scores(page, options);
    await page.close();
    const distance = Math.max(...CHOSEN.map((index, at) => Math.abs(outcome.scores[at] - native[0][index])));
    console.log(`${options.device} ${options.precision}: ${distance.toFixed(5)} from the native engine in f32; load and score ${outcome.milliseconds} ms; ${outcome.support.message}`);
    assert.equal(outcome.info.device, options.device);
    assert.equal(outcome.info.precision, options.precision);
    assert.ok(distance <= bound, `${distance}`);
  });
}
