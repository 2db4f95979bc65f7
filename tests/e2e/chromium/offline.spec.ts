/** The service worker: the page without a network, and updates. */

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { BrowserContext, Page } from "@playwright/test";
import { models } from "../fixtures.ts";
import { modelInUse, picture, scored, tiles } from "./page.ts";
import { expect, test as base } from "./setup.ts";

interface Fixtures {
  /** A copy of the site under a sub-path, with a generated model as the demonstration. */
  site: { folder: string; url: string; stop: () => void };
}

const test = base.extend<Fixtures>({
  site: async ({}, use) => {
    const root = mkdtempSync(join(tmpdir(), "pickscore-site-"));
    const folder = join(root, "some/path");
    cpSync(resolve(import.meta.dirname, "../../../dist"), folder, { recursive: true });
    cpSync(join(models(), "narrow"), join(folder, "models/narrow"), { recursive: true });
    writeFileSync(join(folder, "config.json"), JSON.stringify({ demonstration: { name: "narrow", address: "models/narrow/" } }));
    const server: ChildProcess = spawn("node", [resolve(import.meta.dirname, "../../../www/serve.mjs"), root, "--port", "0"], { stdio: ["ignore", "pipe", "inherit"] });
    const [line] = (await once(server.stdout as NonNullable<typeof server.stdout>, "data")) as [Buffer];
    const stop = () => void server.kill();
    await use({ folder, url: `${String(line).trim()}some/path/`, stop });
    stop();
    rmSync(root, { recursive: true, force: true });
  },
});

test.use({ serviceWorkers: "allow" });

/** Waits until the service worker controls the page and has stored the engine. */
async function kept(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    for (let waited = 0; waited < 300; waited++) {
      const engine = await caches.open("pickscore-engine");
      if ((await engine.keys()).length > 0 && navigator.serviceWorker.controller) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error("the engine is not kept");
  });
}

/** Stops the host itself, so that nothing can answer. */
async function cutOff(context: BrowserContext, stop: () => void): Promise<void> {
  stop();
  await context.setOffline(true);
}

test("after one visit, the page scores without a network, under a sub-path", async ({ page, context, site }) => {
  await page.goto(site.url);
  await scored(page, 12);
  const before = await tiles(page);
  await kept(page);
  await cutOff(context, site.stop);
  await page.reload();
  await scored(page, 12);
  expect(await tiles(page)).toEqual(before);
  await page.getByLabel("Add images").setInputFiles(picture("photo-95.jpg"));
  await scored(page, 1);
  // Screens that were never opened work too.
  for (const screen of ["judge", "contribute", "models"]) {
    await page.evaluate((screen) => (location.hash = `#/${screen}`), screen);
    await expect(page.locator(`${screen}-screen`)).toBeVisible();
  }
  await page.getByLabel("Address").fill("https://huggingface.co/owner/name");
  await page.getByRole("button", { name: "Load", exact: true }).click();
  await expect(page.getByRole("alert")).toContainText(/There is no network connection|The connection failed: https:\/\/huggingface\.co/);
});

test("a new version waits until the visitor accepts it", async ({ page, site }) => {
  await page.goto(site.url);
  await scored(page, 12);
  await kept(page);
  const index = join(site.folder, "index.html");
  writeFileSync(index, readFileSync(index, "utf8").replace("<body>", '<body data-newer="">'));
  const worker = join(site.folder, "sw.js");
  writeFileSync(worker, readFileSync(worker, "utf8").replace(/pickscore-page-[^"`$]*|"[0-9a-f]{12}"/, (found) => (found.startsWith('"') ? '"newer0000000"' : `${found}newer`)));
  await page.evaluate(async () => void (await (await navigator.serviceWorker.ready).update()));
  await expect(page.getByText("A new version of this page is ready.")).toBeVisible();
  expect(await page.locator("body[data-newer]").count()).toBe(0);
  await page.getByRole("button", { name: "Reload" }).click();
  await expect(page.locator("body[data-newer]")).toHaveCount(1);
});

test("the page can be installed", async ({ page, site }) => {
  await page.goto(site.url);
  await expect(modelInUse(page)).toHaveText(/narrow/);
  const devtools = await page.context().newCDPSession(page);
  const { errors } = await devtools.send("Page.getAppManifest");
  expect(errors).toEqual([]);
  const { installabilityErrors } = await devtools.send("Page.getInstallabilityErrors");
  expect(installabilityErrors.filter(({ errorId }) => errorId !== "in-incognito")).toEqual([]);
});
