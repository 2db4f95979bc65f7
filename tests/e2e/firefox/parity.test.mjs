// Scores in Firefox on lavapipe, which has 16-bit arithmetic, compared with the native engine's. On
// the CPU also scores of other scorers, compared with their authors' code. With puppeteer, because
// Playwright cannot drive Debian's Firefox.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
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

/** Files of a folder, in a form that a message to the page can carry. */
const encoded = (folder, paths) => paths.map((path) => ({ name: basename(path), base64: readFileSync(join(folder, path)).toString("base64") }));

/** Loads a model from its files below the test models, and scores `[prompts][images]`. */
async function scores(page, { weights, options, prompts, images }) {
  return page.evaluate(
    async ({ options, prompts, images, weights }) => {
      const { PickScore, probe } = await import(new URL("lib/pickscore.js", document.baseURI).href);
      const file = ({ name, base64 }) => new File([Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))], name);
      const support = await probe();
      const start = performance.now();
      const scorer = await PickScore.load({ model: weights.map(file), ...options });
      const loaded = performance.now();
      const scores = [];
      for (const prompt of prompts) scores.push((await scorer.score(prompt, images.map(file))).scores);
      const milliseconds = [loaded - start, performance.now() - loaded].map(Math.round);
      await scorer.dispose();
      return { support, info: scorer.info, scores, milliseconds };
    },
    { options, prompts, images: encoded(resolve(here, "../../parity/fixtures/pixels/files"), images), weights: encoded(models, weights) },
  );
}

/** The largest difference between scores. */
const largest = (found, expected) => Math.max(...expected.flatMap((row, at) => row.map((score, image) => Math.abs(found[at][image] - score))));

for (const [options, bound] of [
  [{ device: "cpu", precision: "f32" }, 0.01],
  [{ device: "webgpu", precision: "f16" }, 0.05],
  [{ device: "webgpu", precision: "f32" }, 0.01],
]) {
  test(`Firefox, ${options.device} in ${options.precision}`, { timeout: 600_000 }, async () => {
    const page = await browser.newPage();
    await page.goto(`${site}blank.html`);
    const weights = ["narrow/config.json", "narrow/model.safetensors"];
    const outcome = await scores(page, { weights, options, prompts: golden.prompts.slice(0, 1), images: CHOSEN.map((index) => golden.images[index]) });
    await page.close();
    const distance = largest(outcome.scores, [CHOSEN.map((index) => native[0][index])]);
    console.log(`${options.device} ${options.precision}: ${distance.toFixed(5)} from the native engine in f32; load and score ${outcome.milliseconds} ms; ${outcome.support.message}`);
    assert.equal(outcome.info.device, options.device);
    assert.equal(outcome.info.precision, options.precision);
    assert.ok(distance <= bound, `${distance}`);
  });
}

/** Scores by the authors' code: see `../scorers.ts`, which Node cannot import here. */
const stored = (name) => JSON.parse(readFileSync(resolve(here, `../../parity/fixtures/scorers/${name}.json`), "utf8"));
const { prompts, images, cases } = stored("scorers");
const ofHead = cases.findIndex(({ scorer }) => scorer === "aesthetic-v2");
const rewards = stored("image-reward");

for (const [scorer, weights, reference] of [
  ["aesthetic-v2", Object.values(cases[ofHead].files).map((file) => `scorers/${ofHead}/${file}`), { prompts, images, ...cases[ofHead] }],
  ["image-reward", ["scorers/ImageReward.pt"], { ...rewards, scores: rewards.rewards.slice(0, 2) }],
]) {
  test(`Firefox, ${scorer} scores as its authors' code`, { timeout: 60_000 }, async () => {
    const page = await browser.newPage();
    await page.goto(`${site}blank.html`);
    const { images, scores: expected, spread } = reference;
    const outcome = await scores(page, { weights, options: { device: "cpu", precision: "f32" }, prompts: reference.prompts.slice(0, expected.length), images });
    await page.close();
    const distance = largest(outcome.scores, expected);
    console.log(`${scorer}: ${(distance / spread).toExponential(1)} of the spread from the authors' code; load and score ${outcome.milliseconds} ms`);
    assert.equal(outcome.info.scorer, scorer);
    assert.ok(distance <= 0.0005 * spread, `${distance}`);
  });
}
