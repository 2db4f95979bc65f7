/** The screen Score as a visitor uses it, on the real engine. */

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { golden, native } from "../fixtures.ts";
import { addPictures, dropMany, modelInUse, numberOf, openPage, picture, scored, tiles } from "./page.ts";
import { expect, test } from "./setup.ts";
import { ownTimes } from "./traces.ts";

const reference = golden();
/**
 * Files that all decoders decode to exactly the same pixels, so that the native engine gives the
 * expected scores.
 */
const FILES = [4, 12, 17].map((index) => reference.images[index] as string);
/** Images for tests that do not check scores. */
const file = (name: string) => resolve(import.meta.dirname, "../files", name);
const expected = (prompt: number, name: string) => native("f32")[prompt]?.[reference.images.indexOf(name)] as number;

test("the samples are scored and ranked without a click", async ({ page, server }) => {
  const problems = await openPage(page, server, { samples: true });
  await scored(page, 12);
  const found = await tiles(page);
  expect(found.map(({ rank }) => rank)).toEqual(Array.from({ length: 12 }, (_, index) => index + 1));
  expect(found.map(({ score }) => score)).toEqual(found.map(({ score }) => score).sort((a, b) => b - a));
  await expect(page.getByText("This is a small demonstration model,")).toBeVisible();
  await expect(page.getByRole("link", { name: "Use PickScore v1" })).toBeVisible();
  await expect(page.getByText("3.94 GB to download once")).toBeVisible();
  expect(problems).toEqual([]);
});

test("a visitor's own files get the native engine's scores and replace the samples", async ({ page, server }) => {
  await openPage(page, server, { samples: true });
  await page.getByLabel("Prompt", { exact: true }).fill(reference.prompts[0] as string);
  // Scores follow when typing pauses or the box loses focus.
  await page.getByLabel("Prompt", { exact: true }).blur();
  await addPictures(page, FILES.map(picture));
  await scored(page, FILES.length);
  const found = await tiles(page);
  expect(found).toHaveLength(FILES.length);
  for (const { name, score } of found) expect(Math.abs(score - expected(0, name))).toBeLessThan(0.02);
  const best = [...FILES].sort((a, b) => expected(0, b) - expected(0, a));
  expect(found.map(({ name }) => name)).toEqual(best);
});

test("several prompts form a table, sorted by any of them", async ({ page, server }) => {
  await openPage(page, server);
  const prompts = reference.prompts.slice(0, 2);
  await addPictures(page, FILES.map(picture));
  await page.getByLabel("Prompt", { exact: true }).fill(prompts.join("\n"));
  const rows = page.locator("picture-matrix tbody tr:not(.space)");
  await expect(rows).toHaveCount(FILES.length);
  for (const [index, prompt] of prompts.entries()) {
    await page.locator("picture-matrix thead").getByRole("button", { name: prompt }).click();
    const names = [...FILES].sort((a, b) => expected(index, b) - expected(index, a));
    await expect(rows.locator(".words")).toContainText(names);
    const values = await rows.locator(`td:nth-of-type(${index + 1}) .value`).allTextContents();
    for (const [row, value] of values.entries()) expect(Math.abs(numberOf(value) - expected(index, names[row] as string))).toBeLessThan(0.02);
  }
});

test("a broken image is named, and the others are scored", async ({ page, server }) => {
  await openPage(page, server);
  const whole = readFileSync(picture(FILES[0] as string));
  await page.getByLabel("Prompt", { exact: true }).fill("a fox");
  await addPictures(page, [
    { name: "whole.png", mimeType: "image/png", buffer: whole },
    { name: "cut.png", mimeType: "image/png", buffer: whole.subarray(0, 200) },
    { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("no picture") },
  ]);
  await scored(page, 1);
  await expect(page.getByText("1 image added.", { exact: false }).or(page.getByText("2 images added. 1 file is not an image"))).toBeVisible();
  const tile = page.locator(".tile", { hasText: "cut.png" });
  await expect(tile.locator(".reason")).toHaveText(/^The image is damaged or incomplete \(the image cannot be decoded as PNG: .+\)\.$/);
  await expect(tile.locator(".name")).toHaveText("cut.png");
  await page.getByRole("button", { name: /cut\.png, Cannot be read: The image is damaged/ }).click();
  await expect(page.locator("dialog .problem")).toHaveText(/^The image is damaged or incomplete/);
});

test("a TIFF image, which the browser cannot show, is scored and shown", async ({ page, server }) => {
  await openPage(page, server);
  await page.getByLabel("Prompt", { exact: true }).fill("a flag");
  await addPictures(page, [file("as-stored.tiff")]);
  await scored(page, 1);
  const drawn = page.locator(".tile .frame img");
  await expect(drawn).toBeVisible();
  expect(await drawn.evaluate((image: HTMLImageElement) => [image.naturalWidth, image.naturalHeight])).toEqual([96, 64]);
  await page.getByRole("button", { name: /^as-stored\.tiff/ }).click();
  await expect(page.locator("dialog img")).toHaveJSProperty("naturalWidth", 96);
});

test("a check box is on its image, however wide or tall the image is", async ({ page, server }) => {
  await openPage(page, server);
  await addPictures(page, ["wide.png", "tall.png"].map(file));
  for (const name of ["wide.png", "tall.png"]) {
    const tile = page.locator(".tile", { hasText: name });
    await tile.hover();
    // The image gets its place when its size is known.
    await expect(async () => {
      const [drawn, box] = await Promise.all([tile.locator("img").boundingBox(), tile.locator(".select").boundingBox()]);
      if (!drawn || !box) throw new Error("not drawn");
      expect(box.x).toBeGreaterThanOrEqual(drawn.x - 0.5);
      expect(box.y).toBeGreaterThanOrEqual(drawn.y - 0.5);
      expect(box.x + box.width).toBeLessThanOrEqual(drawn.x + drawn.width + 0.5);
      expect(box.y + box.height).toBeLessThanOrEqual(drawn.y + drawn.height + 0.5);
    }).toPass({ timeout: 10_000 });
  }
});

test("scores as CSV and JSON, safe in a spreadsheet", async ({ page, server }) => {
  await openPage(page, server);
  const buffer = readFileSync(picture(FILES[0] as string));
  await page.getByLabel("Prompt", { exact: true }).fill('a fox, "red"');
  await addPictures(page, { name: '=HYPERLINK("x").png', mimeType: "image/png", buffer });
  await scored(page, 1);
  const save = async (item: string) => {
    await page.getByRole("button", { name: "Export", exact: true }).click();
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: item }).click()]);
    return readFileSync(await download.path(), "utf8");
  };
  const csv = await save("Download CSV");
  expect(csv).toMatch(/^prompt,path,score,probability,rank,selected\r\n"a fox, ""red""","'=HYPERLINK\(""x""\)\.png",-?\d+\.\d+,1,1,0\r\n$/);
  const json = JSON.parse(await save("Download JSON"));
  expect(json).toMatchObject({ model: "narrow", device: "cpu", precision: "f32", prompt: 'a fox, "red"', images: [{ path: '=HYPERLINK("x").png', probability: 1, rank: 1 }] });
});

test("the best images are selected, compared, removed and restored", async ({ page, server }) => {
  await openPage(page, server, { samples: true });
  await scored(page, 12);
  await page.getByRole("button", { name: "Select", exact: true }).click();
  await page.getByRole("spinbutton", { name: "How many" }).fill("2");
  await page.getByRole("button", { name: "Done" }).click();
  await page.getByRole("button", { name: "Compare" }).click();
  const dialog = page.getByRole("dialog", { name: "Close-up" });
  await expect(dialog.getByRole("img")).toHaveCount(2);
  await page.keyboard.press("+");
  await expect(dialog.getByText("150%")).toBeVisible();
  const moved = await dialog.getByRole("img").evaluateAll((images) => images.map((image) => getComputedStyle(image).transform));
  expect(new Set(moved).size).toBe(1);
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await page.getByRole("button", { name: "Remove" }).click();
  await scored(page, 10);
  await page.getByRole("button", { name: "Undo" }).click();
  await scored(page, 12);
});

test("the keyboard reaches, selects and opens every image", async ({ page, server }) => {
  await openPage(page, server, { samples: true });
  await scored(page, 12);
  const first = page.locator(".tile[aria-posinset='1'] .frame");
  await first.focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await expect(page.locator(".tile[aria-posinset='3'] .frame")).toBeFocused();
  await page.keyboard.press("x");
  await expect(page.locator(".tile[aria-posinset='3'] .select")).toHaveAttribute("aria-checked", "true");
  await page.keyboard.press("End");
  await expect(page.locator(".tile[aria-posinset='12'] .frame")).toBeFocused();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog");
  await expect(dialog).toBeVisible();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Escape");
  // The image looked at last.
  await expect(page.locator(".tile[aria-posinset='11'] .frame")).toBeFocused();
});

test("files can be dropped and pasted", async ({ page, server }) => {
  await openPage(page, server);
  await page.getByLabel("Prompt", { exact: true }).fill("a fox");
  const base64 = readFileSync(picture(FILES[0] as string)).toString("base64");
  for (const [event, name] of [["drop", "dropped.png"], ["paste", "pasted.png"]] as const) {
    await page.evaluate(
      ({ event, name, base64 }) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))], name, { type: "image/png" }));
        const init = { bubbles: true, cancelable: true };
        document.body.dispatchEvent(event === "drop" ? new DragEvent("drop", { ...init, dataTransfer: transfer }) : new ClipboardEvent("paste", { ...init, clipboardData: transfer }));
      },
      { event, name, base64 },
    );
    await expect(page.getByRole("button", { name: new RegExp(`^${name}, rank`) })).toBeVisible();
  }
});

test("scoring is paused and resumed", async ({ page, server }) => {
  await openPage(page, server);
  await page.getByLabel("Prompt", { exact: true }).fill("a fox");
  await expect(modelInUse(page)).toHaveText(/narrow, on the CPU/);
  await dropMany(page, 160);
  await page.getByRole("button", { name: "Pause" }).click();
  await expect(page.getByText(/^Paused at \d+ of 160/)).toBeVisible();
  const ranked = await page.locator(".tile .share:not(:empty)").count();
  expect(ranked).toBeLessThan(160);
  await page.getByRole("button", { name: "Resume" }).click();
  await scored(page, 160);
});

test("a photograph is marked as unlike the demonstration model's training images", async ({ page, server }) => {
  await openPage(page, server, { samples: true });
  await scored(page, 12);
  await expect(page.locator(".unlike")).toHaveCount(0);
  await addPictures(page, [picture("photo-95.jpg")]);
  await scored(page, 1);
  await expect(page.locator(".unlike")).toHaveText("unlike emoji");
  await expect(page.locator(".tile .name", { hasText: "photo-95.jpg" })).toBeVisible();
  await expect(page.getByText("One of your images looks like a photograph or painting.")).toBeVisible();
});

test("a prompt that is too long is reported, and a right-to-left prompt is aligned to the right", async ({ page, server }) => {
  await openPage(page, server);
  await addPictures(page, [picture(FILES[0] as string)]);
  await page.getByLabel("Prompt", { exact: true }).fill(`${"highly detailed ".repeat(60)}\nثعلب في الثلج`);
  await expect(page.getByText(/^The model reads only the beginning of “highly detailed/)).toBeVisible();
  await expect(page.locator("picture-matrix thead").getByText("ثعلب في الثلج")).toHaveCSS("direction", "rtl");
});

test("without WebGPU, everything works, and the reason is shown", async ({ page, server }) => {
  await page.addInitScript(() => Object.defineProperty(Navigator.prototype, "gpu", { get: () => undefined }));
  await openPage(page, server, { samples: true });
  await scored(page, 12);
  await page.getByRole("link", { name: "Models" }).click();
  await expect(page.getByText("This browser has no WebGPU; the CPU is used instead, which is slower.")).toBeVisible();
});

test("losing the GPU during scoring loses no results", async ({ page, server }) => {
  // The library's worker, with a hook to take its GPU away.
  await page.route(/\/lib\/worker\.[0-9a-f]+\.js$/, async (route) => {
    const answer = await route.fetch();
    const hook = `{ const request = GPUAdapter.prototype.requestDevice;
      GPUAdapter.prototype.requestDevice = async function (...given) {
        const device = await request.apply(this, given);
        new BroadcastChannel("device").onmessage = () => device.destroy();
        return device;
      }; }\n`;
    await route.fulfill({ response: answer, body: hook + (await answer.text()) });
  });
  await page.addInitScript(() => localStorage.setItem("pickscore.settings", JSON.stringify({ device: "webgpu" })));
  await openPage(page, server);
  await expect(modelInUse(page)).toHaveText("narrow, on the GPU");
  await page.getByLabel("Prompt", { exact: true }).fill(reference.prompts[0] as string);
  await addPictures(page, [picture(FILES[0] as string)]);
  await scored(page, 1);
  await page.evaluate(() => new BroadcastChannel("device").postMessage("destroy"));
  await addPictures(page, [picture(FILES[1] as string)]);
  await scored(page, 2);
  for (const { name, score } of await tiles(page)) expect(Math.abs(score - expected(0, name))).toBeLessThan(0.05);
});

test("the page stays responsive with a thousand images", async ({ page, browser, server }) => {
  test.setTimeout(600_000);
  await page.addInitScript(() => {
    const long: number[] = [];
    Object.assign(window, { long });
    new PerformanceObserver((list) => long.push(...list.getEntries().map(({ duration }) => duration))).observe({ entryTypes: ["longtask"] });
  });
  await openPage(page, server);
  await page.getByLabel("Prompt", { exact: true }).fill("a fox");
  await expect(modelInUse(page)).toHaveText(/narrow, on the CPU/);
  await browser.startTracing(page, { categories: ["toplevel"] });
  await dropMany(page, 1000);
  await expect(page.getByText(/^Scoring: [1-9]/)).toBeVisible();
  for (let step = 0; step < 12; step++) {
    await page.mouse.wheel(0, 900);
    await page.waitForTimeout(250);
  }
  await expect(page.locator("score-progress .said")).toHaveText(/^1000 images scored/, { timeout: 500_000 });
  expect(await page.locator(".tile").count()).toBeLessThan(200);
  const long = await page.evaluate(() => (window as unknown as { long: number[] }).long);
  const own = ownTimes(await browser.stopTracing());
  const longest = own.reduce((most, time) => Math.max(most, time), 0);
  console.log(
    `1,000 images: ${own.length} tasks of the main thread, the longest ${longest.toFixed(0)} ms of its own time, ${own.filter((time) => time > 50).length} over 50 ms; ` +
      `by the clock ${long.length} over 50 ms, the longest ${Math.max(0, ...long).toFixed(0)} ms`,
  );
  expect(own.length).toBeGreaterThan(1000);
  expect(longest).toBeLessThanOrEqual(100);
});
