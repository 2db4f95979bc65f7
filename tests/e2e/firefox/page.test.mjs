// The page in Firefox: first visit, the visitor's own images, the policy, and offline use. With
// puppeteer, because Playwright cannot drive Debian's Firefox.

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
const CHOSEN = [4, 12, 17];

let browser;
let folder;
let server;
let site;

before(async () => {
  // A copy of the site with a generated model as the demonstration.
  folder = mkdtempSync(join(tmpdir(), "pickscore-firefox-page-"));
  cpSync(resolve(here, "../../../dist"), folder, { recursive: true });
  cpSync(join(models, "narrow"), join(folder, "models/narrow"), { recursive: true });
  writeFileSync(join(folder, "config.json"), JSON.stringify({ demonstration: { name: "narrow", address: "models/narrow/" } }));
  server = spawn("node", [resolve(here, "../../../www/serve.mjs"), folder, "--port", "0"], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(server.stdout, "data");
  site = String(line).trim();
  browser = await puppeteer.launch({
    browser: "firefox",
    executablePath: process.env.PICKSCORE_FIREFOX ?? "/usr/bin/firefox-esr",
    headless: true,
    protocolTimeout: 300_000,
  });
});

after(async () => {
  await browser?.close();
  server?.kill();
  rmSync(folder, { recursive: true, force: true });
});

/** Opens the page and waits until this many images are scored. */
async function open() {
  const page = await browser.newPage();
  // Tall enough for every image, because images out of sight are not in the document.
  await page.setViewport({ width: 1280, height: 2400 });
  await page.goto(site);
  await scored(page, 12);
  return page;
}

/** Waits until the page contains this text, in any shadow root. */
async function says(page, wanted) {
  const found = (wanted) => {
    const text = (node) => [...node.childNodes].map((child) => child.data ?? text(child.shadowRoot ?? child)).join("");
    return text(document.body).includes(wanted);
  };
  await page.waitForFunction(found, { timeout: 120_000, polling: 200 }, wanted);
}

async function scored(page, pictures) {
  await says(page, pictures === 1 ? "1 image scored" : `${pictures} images scored`);
}

/** Names and scores of the tiles, best first, once all have their scores. */
async function tiles(page, pictures) {
  await page.waitForFunction((pictures) => {
    const sheet = document.querySelector("pickscore-app").shadowRoot.querySelector("score-screen").shadowRoot.querySelector("picture-sheet");
    const figures = [...sheet.shadowRoot.querySelectorAll(".tile .figures > span")].map(({ textContent }) => textContent.trim());
    return figures.length >= pictures && figures.every((figure) => figure !== "");
  }, { timeout: 60_000, polling: 200 }, pictures);
  return page.evaluate(() => {
    const sheet = document.querySelector("pickscore-app").shadowRoot.querySelector("score-screen").shadowRoot.querySelector("picture-sheet");
    return [...sheet.shadowRoot.querySelectorAll(".tile")]
      .sort((a, b) => Number(a.getAttribute("aria-posinset")) - Number(b.getAttribute("aria-posinset")))
      .map((tile) => [tile.querySelector(".name").title, Number(tile.querySelector(".figures > span").textContent.replace("−", "-"))]);
  });
}

test("Firefox: the samples are scored and ranked without a click", { timeout: 300_000 }, async () => {
  const page = await open();
  const scores = (await tiles(page, 12)).map(([, score]) => score);
  assert.equal(scores.length, 12);
  assert.deepEqual(scores, [...scores].sort((a, b) => b - a));
  await page.close();
});

test("Firefox: a visitor's own images get the native engine's scores", { timeout: 300_000 }, async () => {
  const page = await open();
  const files = CHOSEN.map((index) => golden.images[index]);
  const prompt = await page.waitForSelector(">>> #prompt");
  await prompt.click({ count: 3 });
  await prompt.type(golden.prompts[0]);
  // Scores follow when typing pauses or the box loses focus.
  await prompt.evaluate((box) => box.blur());
  const input = await page.waitForSelector(">>> input[type=file][accept]");
  await input.uploadFile(...files.map((name) => resolve(here, "../../parity/fixtures/pixels/files", name)));
  await scored(page, files.length);
  const found = await tiles(page, files.length);
  assert.equal(found.length, files.length);
  for (const [name, score] of found) {
    const expected = native[0][golden.images.indexOf(name)];
    assert.ok(Math.abs(score - expected) < 0.02, `${name}: ${score}, ${expected}`);
  }
  await page.close();
});

test("Firefox: the policy blocks other hosts, in the page and in the engine's worker", { timeout: 300_000 }, async () => {
  const page = await open();
  const tried = await page.evaluate(async () => {
    const outcome = (promise) => promise.then(() => "answered", (error) => String(error.message));
    const { PickScore } = await import(new URL("lib/pickscore.js", document.baseURI).href);
    const address = "https://example.org/model/";
    return [await outcome(fetch(address)), await outcome(PickScore.load({ model: address, device: "cpu", cache: "off" }))];
  });
  for (const outcome of tried) assert.notEqual(outcome, "answered");
  await page.close();
});

test("Firefox: after one visit, the page works without a network", { timeout: 300_000 }, async () => {
  const page = await open();
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    for (let waited = 0; waited < 300; waited++) {
      if ((await (await caches.open("pickscore-engine")).keys()).length > 0 && navigator.serviceWorker.controller) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error("the engine is not kept");
  });
  server.kill();
  await page.reload();
  await scored(page, 12);
  await page.close();
});
