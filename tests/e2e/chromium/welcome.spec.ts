/** The first visit: what the page says, what the real model costs, photographs. */

import { violations } from "./axe.ts";
import { addPictures, modelInUse, openPage, picture, scored } from "./page.ts";
import { expect, test } from "./setup.ts";
import type { Page } from "@playwright/test";
import type { ModelServer } from "../model-server.ts";

const visit = { samples: true };
/** The real model of these tests: 18 MB, so that its first tenth is measured. */
const real = (server: ModelServer) => ({ models: [{ name: "Real", address: `${server.url}narrow`, bytes: 18_000_000, kept: { f16: 9_000_000, q8: 5_000_000 } }] });
/** Another address for the demonstration, which is another model to the page. */
const small = "shards";
const welcome = (page: Page) => page.getByRole("region", { name: "Welcome" });

test("three sentences and one image say what the page does, and what the real model costs", async ({ page, server }) => {
  const problems = await openPage(page, server, visit);
  const region = welcome(page);
  const words = (await region.locator(".lead").textContent())?.replace(/\s+/g, " ").trim() ?? "";
  expect(words.match(/[.](\s|$)/g)).toHaveLength(3);
  expect(words).toContain("not sent anywhere");
  expect(words).toContain("cannot judge photographs");
  await expect(region.getByRole("img")).toHaveCount(1);
  await expect(region.getByText("3.94 GB", { exact: true })).toBeVisible();
  await expect(region.getByText("measured on the first 100 MB")).toBeVisible();
  await expect(region.getByText("1.11 GB to 1.97 GB")).toBeVisible();
  await expect(region.getByText("You can stop at any time.")).toBeVisible();
  await expect(region.getByRole("button", { name: "Download PickScore v1" })).toBeVisible();
  // Nothing was requested for it.
  expect(server.requests.every(({ path }) => path.startsWith("/narrow/"))).toBe(true);
  await region.getByRole("button", { name: "Close the introduction" }).click();
  await expect(region).toHaveCount(0);
  await page.reload();
  await scored(page, 12);
  await expect(region).toHaveCount(0);
  expect(problems).toEqual([]);
});

test("it goes once the visitor adds images, and does not come back", async ({ page, server }) => {
  await openPage(page, server, visit);
  await scored(page, 12);
  await expect(welcome(page)).toBeVisible();
  await addPictures(page, [picture("photo-95.jpg")]);
  await expect(welcome(page)).toHaveCount(0);
  await expect(page.locator("table-keeping .words")).toHaveAttribute("data-state", "kept");
  await page.reload();
  await expect(page.locator(".tile")).toHaveCount(1);
  await expect(welcome(page)).toHaveCount(0);
});

test("without storage for settings it is shown, and closing works until the tab closes", async ({ page, server }) => {
  await page.addInitScript(() => {
    Storage.prototype.setItem = () => {
      throw new DOMException("The quota has been exceeded.", "QuotaExceededError");
    };
  });
  const problems = await openPage(page, server, visit);
  await welcome(page).getByRole("button", { name: "Close the introduction" }).click();
  await expect(welcome(page)).toHaveCount(0);
  expect(problems).toEqual([]);
});

test("the download is measured, can be stopped half way, and continues from there", async ({ page, server }) => {
  server.fault = ({ path }) => (path === "/narrow/model.safetensors" ? { trickle: 20_000 } : undefined);
  await openPage(page, server, { ...visit, model: small, config: real(server) });
  await scored(page, 12);
  const region = welcome(page);
  await expect(region.getByText("measured on the first 100 MB")).toBeVisible();
  await region.getByRole("button", { name: "Download Real" }).click();
  // A tenth of this small model is the sample.
  await expect(region.getByText(/^measuring: [\d.]+ [KM]B of [\d.]+ MB$/)).toBeVisible();
  await expect(region.getByText(/^about \d+ (sec|min) at [\d.]+ [KM]B\/s, as measured$/)).toBeVisible();
  // What is kept are whole tensors, and the first large one has 13 of the 18 MB.
  const share = () => page.locator("score-screen").getByRole("progressbar").evaluate((bar: HTMLProgressElement) => bar.value);
  await expect.poll(share, { timeout: 60_000 }).toBeGreaterThan(0.8);
  await page.locator("score-screen").getByRole("button", { name: "Pause" }).click();
  await expect(region.getByRole("button", { name: "Continue downloading Real" })).toBeVisible();
  const kept = await page.evaluate(() => Number(localStorage.getItem("pickscore.speed")));
  expect(kept).toBeGreaterThan(100_000);
  // The next visit names the minutes before the download begins.
  await page.reload();
  await expect(region.getByText(/^about \d+ (sec|min) at [\d.]+ [KM]B\/s, as measured$/)).toBeVisible();
  server.fault = () => undefined;
  server.requests.length = 0;
  await region.getByRole("button", { name: "Continue downloading Real" }).click();
  await expect(modelInUse(page)).toHaveText(/narrow/);
  // The first request reads the header.
  const request = server.requests.findLast(({ path }) => path === "/narrow/model.safetensors");
  expect(request?.from).toBeGreaterThan(10_000_000);
  // The real model needs no introduction.
  await expect(region).toHaveCount(0);
});

test("a connection that breaks off is explained, and the rest is downloaded later", async ({ page, server }) => {
  server.fault = ({ path, from }) => (path === "/narrow/model.safetensors" && from === 0 ? { cutAt: 0.6 } : path === "/narrow/model.safetensors" ? { status: 503 } : undefined);
  await openPage(page, server, { ...visit, model: small, config: real(server) });
  await scored(page, 12);
  await welcome(page).getByRole("button", { name: "Download Real" }).click();
  const alert = page.locator("score-screen").getByRole("alert").filter({ hasText: "Real:" });
  await expect(alert).toBeVisible();
  server.fault = () => undefined;
  await alert.getByRole("button", { name: "Try again" }).click();
  await expect(modelInUse(page)).toHaveText(/narrow/);
  expect(server.requests.filter(({ path }) => path === "/narrow/model.safetensors").at(-1)?.from).toBeGreaterThan(0);
});

test("too little space is said before the download", async ({ page, server }) => {
  // Chromium names 10 GB whatever the quota that DevTools sets, so its answer is replaced.
  await page.addInitScript(() => {
    StorageManager.prototype.estimate = async () => ({ quota: 3_000_000, usage: 1_000_000 });
  });
  await openPage(page, server, { ...visit, model: small, config: real(server) });
  await expect(welcome(page).getByText(/This browser offers only 2(\.0+)? MB of storage; the model may not fit\./)).toBeVisible();
});

test("a visitor with photographs is told at once that the small model was made for drawings", async ({ page, server }) => {
  await openPage(page, server, visit);
  await scored(page, 12);
  const notice = page.locator("unlike-notice");
  await expect(notice.getByRole("status")).toHaveText("");
  await addPictures(page, [picture("photo-95.jpg")]);
  await expect(notice.getByRole("status")).toHaveText("One of your images looks like a photograph or painting. The small model that is loaded was made for drawings, so this image’s score means little.");
  await expect(notice.getByRole("button", { name: "Download PickScore v1" })).toBeVisible();
  // It is above the images, not below them.
  const [said, tile] = await Promise.all([notice.boundingBox(), page.locator("picture-sheet").boundingBox()]);
  expect((said?.y ?? 0) + (said?.height ?? 0)).toBeLessThanOrEqual((tile?.y ?? 0) + 1);
  await notice.getByText("How does the page detect this?").click();
  await expect(notice.getByText(/scales each image to 64 × 64 pixels/)).toBeVisible();
  // A drawing needs no notice.
  await page.getByRole("checkbox", { name: "Select photo-95.jpg" }).click();
  await page.getByRole("button", { name: "Remove", exact: true }).click();
  await expect(notice.getByRole("status")).toHaveText("");
});

for (const colorScheme of ["light", "dark"] as const) {
  for (const [width, height] of [[360, 740], [1280, 800], [2560, 1440]] as const) {
    test(`the introduction and the notice at ${width} pixels, ${colorScheme}: axe, and no sideways scrolling`, async ({ page, server }) => {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.setViewportSize({ width, height });
      await openPage(page, server, visit);
      await scored(page, 12);
      const sideways = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      await expect(welcome(page)).toBeVisible();
      expect(await violations(page)).toEqual([]);
      expect(await sideways()).toBeLessThanOrEqual(0);
      await addPictures(page, [picture("photo-95.jpg")]);
      await expect(page.locator("unlike-notice b")).toBeVisible();
      expect(await violations(page)).toEqual([]);
      expect(await sideways()).toBeLessThanOrEqual(0);
    });
  }
}
