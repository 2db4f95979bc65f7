/**
 * The page sends requests only for itself and for the chosen model: a proxy records every request
 * of every browser process for a whole session.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium } from "@playwright/test";
import { chromiumArguments, chromiumPath, environment, PORT } from "../browsers.ts";
import { ModelServer } from "../model-server.ts";
import { RecordingProxy } from "../recording-proxy.ts";
import { models } from "../fixtures.ts";
import { addPictures, modelInUse, openPage, picture, scored } from "./page.ts";
import { expect, test } from "./setup.ts";

/**
 * Chromium's own services (accounts, form filling), which no argument turns off completely. The
 * second test shows that no page can connect to them.
 */
const BROWSERS = ["accounts.google.com", "android.clients.google.com", "content-autofill.googleapis.com", "www.google.com", "update.googleapis.com"];

/** A browser that sends every request through a proxy, also requests to this machine. */
async function recorded(use: (context: BrowserContext, proxy: RecordingProxy) => Promise<void>): Promise<void> {
  const proxy = await RecordingProxy.start();
  const folder = mkdtempSync(join(tmpdir(), "pickscore-private-"));
  const args = [...chromiumArguments(), `--proxy-server=${proxy.address}`, "--proxy-bypass-list=<-loopback>"];
  const context = await chromium.launchPersistentContext(folder, { executablePath: chromiumPath(), args, env: environment(), baseURL: `http://127.0.0.1:${PORT}/` });
  try {
    await use(context, proxy);
  } finally {
    await context.close();
    await proxy.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

test("a whole session requests the page and the chosen model, and nothing else", async ({ server }) => {
  await recorded(async (context, proxy) => {
    const page = await context.newPage();
    const problems = await openPage(page, server, { samples: true });
    await scored(page, 12);
    await addPictures(page, ["photo-95.jpg", "noise.png"].map(picture));
    await page.getByLabel("Prompt", { exact: true }).fill("a fox\na secret https://example.org/prompt.png");
    await expect(page.locator("picture-matrix td .value")).toHaveCount(4);
    for (const screen of ["judge", "contribute", "models"]) {
      await page.evaluate((screen) => (location.hash = `#/${screen}`), screen);
      await expect(page.locator(`${screen}-screen`)).toBeVisible();
    }
    await page.getByLabel("Precision").selectOption("q8");
    await page.getByRole("button", { name: "Reload with these settings" }).click();
    await expect(page.getByText("The precision q8 was requested.")).toBeVisible();
    await page.getByLabel("Language").selectOption("ja");
    await page.reload();
    await expect(page.locator("pickscore-app")).toBeVisible();
    await page.goto("./privacy.html");

    const allowed = [`127.0.0.1:${PORT}/`, new URL(server.url).host];
    const strange = proxy.seen.filter((request) => !BROWSERS.includes(request.replace(/[:/].*$/, "")) && !allowed.some((start) => request.startsWith(start)));
    expect(strange).toEqual([]);
    // Shows that the recording works.
    expect(proxy.seen.some((request) => request.endsWith("/lib/pickscore.js"))).toBe(true);
    expect(proxy.seen.some((request) => request.endsWith("/narrow/model.safetensors"))).toBe(true);
    expect(proxy.seen.some((request) => /\/lib\/engine-cpu(-threads)?-relaxed\.\w+\.wasm$/.test(request))).toBe(true);
    expect(problems).toEqual([]);
  });
});

test("the browser blocks requests that are not allowed, in the page and in the engine's worker", async ({ server }) => {
  const stranger = await ModelServer.start(models());
  await recorded(async (context, proxy) => {
    const page = await context.newPage();
    await openPage(page, server);
    await expect(modelInUse(page)).toHaveText(/narrow, on the CPU/);
    const tried = await page.evaluate(async (address) => {
      const outcome = async (attempt: () => Promise<unknown>) => attempt().then(() => "answered", () => "refused");
      const load = async () => {
        const library = await import(new URL("lib/pickscore.js", document.baseURI).href);
        await library.PickScore.load({ model: address, device: "cpu", cache: "off" });
      };
      const image = () =>
        new Promise((resolve, reject) => Object.assign(new Image(), { onload: resolve, onerror: reject, src: `${address}/pixel.png` }));
      return {
        fetch: await outcome(() => fetch(`${address}/config.json`)),
        beacon: navigator.sendBeacon(`${address}/beacon`) ? "queued" : "refused",
        image: await outcome(image),
        socket: await outcome(() => new Promise((resolve, reject) => Object.assign(new WebSocket(address.replace("http", "ws")), { onopen: resolve, onerror: reject }))),
        worker: await outcome(load),
      };
    }, `${stranger.url}narrow`);
    expect(tried).toMatchObject({ fetch: "refused", image: "refused", socket: "refused", worker: "refused" });
    await page.waitForTimeout(500);
    expect(stranger.requests).toEqual([]);
    expect(proxy.seen.filter((request) => request.startsWith(new URL(stranger.url).host))).toEqual([]);
  });
  await stranger.stop();
});
