/** The results of a round as one HTML, SVG or PNG file. */

import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "@playwright/test";
import { golden } from "../fixtures.ts";
import { violations } from "./axe.ts";
import { given, layOut, onScreen, PICTURES, press } from "./judging.ts";
import { modelInUse, openPage } from "./page.ts";
import { expect, test } from "./setup.ts";
import type { ModelServer } from "../model-server.ts";

/** Names that would be markup if they were not escaped. */
const HOSTILE = `m0_<img src=x onerror=alert(1)>&"'.jpg`;
const PROMPT = `a fox <script src="https://example.org/x.js"></script>`;

/** Judges six pairs of four images by two models with a scorer, and waits for the results. */
async function judged(page: Page, server: ModelServer, prompt = PROMPT): Promise<void> {
  await openPage(page, server, { hash: "#/judge" });
  await expect(modelInUse(page)).toHaveText(/narrow/);
  const files = PICTURES.slice(0, 4).map((file, index) => given(file, index === 0 ? HOSTILE : `m${index % 2}_${file}`));
  await layOut(page, files, prompt, "All pairs");
  await page.getByLabel("Read it from").selectOption("name");
  await page.getByRole("button", { name: /^Begin: / }).click();
  for (let pair = 0; pair < 6; pair++) {
    const [left, right] = await onScreen(page);
    await press(page, (left as string) < (right as string) ? "ArrowLeft" : "ArrowRight");
  }
  await expect(page.locator("ranking-view tbody tr")).toHaveCount(4);
  await expect(page.locator("judge-summary").getByText("You and narrow")).toBeVisible();
}

/** The labels in the heads of tables that touch or overlap each other. */
function touching(heads: Element[]): string[] {
  return heads.flatMap((head) => {
    const labels = [...head.querySelectorAll("text, th")].flatMap((label) => {
      if (label.querySelector("text") || !label.textContent?.trim() || label.querySelector(".hidden, .hidden-text")) return [];
      const range = document.createRange();
      range.selectNodeContents(label);
      const { left, right, width } = range.getBoundingClientRect();
      return width > 0 ? [{ words: label.textContent.trim(), left, right }] : [];
    });
    labels.sort((a, b) => a.left - b.left);
    return labels.slice(1).flatMap(({ words, left }, at) => (left < (labels[at]?.right ?? 0) + 2 ? [`${labels[at]?.words} | ${words}`] : []));
  });
}

/** Saves a file and returns its path. */
async function save(page: Page, kind: "HTML" | "PNG" | "SVG"): Promise<string> {
  const waiting = page.waitForEvent("download");
  await page.getByRole("button", { name: `Save as ${kind}` }).click();
  const download = await waiting;
  expect(download.suggestedFilename()).toMatch(new RegExp(`^pickscore-ranking-\\d{4}-\\d\\d-\\d\\d\\.${kind.toLowerCase()}$`));
  const path = join(mkdtempSync(join(tmpdir(), "pickscore-report-")), download.suggestedFilename());
  await download.saveAs(path);
  return path;
}

/** Opens a file without a network, and records what it requests. */
async function opened(browser: Browser, path: string, options: object = {}): Promise<{ page: Page; requests: string[]; close: () => Promise<void> }> {
  const context = await browser.newContext({ ...options, offline: true });
  const page = await context.newPage();
  const requests: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  page.on("dialog", () => requests.push("a script ran"));
  await page.goto(pathToFileURL(path).href);
  return { page, requests, close: () => context.close() };
}

test("the HTML file has the numbers of the screen, and requests and runs nothing", async ({ page, server, browser }) => {
  await judged(page, server);
  const shown = await page.locator("ranking-view tbody tr").evaluateAll((rows) => rows.map((row) => row.querySelector("td.end")?.textContent?.replace(/\s+/g, " ").trim()));
  const agreement = await page.locator("judge-summary .findings .large").first().textContent();
  const path = await save(page, "HTML");
  await expect(page.getByText(/^Saved as pickscore-ranking-/)).toBeVisible();
  const text = readFileSync(path, "utf8");
  expect(text).not.toMatch(/<script|<link|<iframe|<object|javascript:|<[^>]*\son\w+=/i);
  expect(text.match(/(?:src|href)="(?!data:image\/jpeg;base64,)/g)).toBeNull();
  expect(text).not.toMatch(/url\(|@import/);
  const file = await opened(browser, path);
  expect(file.requests.filter((url) => !url.startsWith("data:"))).toEqual([pathToFileURL(path).href]);
  const tables = file.page.locator("table");
  // Agreement, models, images.
  await expect(tables).toHaveCount(3);
  await expect(tables.nth(0).locator("tbody tr")).toHaveCount(1);
  await expect(tables.nth(0).getByRole("rowheader")).toHaveText("narrow");
  await expect(tables.nth(0).locator("tbody td.end").first()).toContainText(agreement as string);
  await expect(tables.nth(1).getByRole("rowheader")).toHaveText([/m[01]/, /m[01]/]);
  const rows = tables.nth(2).locator("tbody tr");
  await expect(rows).toHaveCount(4);
  expect(await rows.evaluateAll((rows) => rows.map((row) => row.querySelector("td.end")?.textContent?.replace(/\s+/g, " ").trim()))).toEqual(shown);
  await expect(file.page.getByText(PROMPT, { exact: true })).toBeVisible();
  await expect(file.page.getByText(HOSTILE, { exact: true })).toBeVisible();
  // The images are there, decoded, and small.
  const sizes = await rows.locator("img").evaluateAll((images) => images.map((image) => Math.max((image as HTMLImageElement).naturalWidth, (image as HTMLImageElement).naturalHeight)));
  expect(sizes).toHaveLength(4);
  for (const size of sizes) expect(size).toBeLessThanOrEqual(160);
  expect(Math.min(...sizes)).toBeGreaterThan(0);
  expect(await violations(file.page).catch(() => [])).toEqual([]);
  await file.close();
});

test("the HTML file follows its reader's theme, and narrow screens do not scroll sideways", async ({ page, server, browser }) => {
  await judged(page, server, "a fox");
  const path = await save(page, "HTML");
  for (const colorScheme of ["light", "dark"] as const) {
    const file = await opened(browser, path, { colorScheme, viewport: { width: 360, height: 740 } });
    await expect(file.page.locator("html")).toHaveCSS("background-color", colorScheme === "light" ? "rgb(244, 244, 244)" : "rgb(22, 22, 22)");
    expect(await file.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBeLessThanOrEqual(0);
    // Neither do its tables, and the labels of their scales do not touch.
    const inside = await file.page.locator(".wide").evaluateAll((all) => all.map(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth));
    for (const over of inside) expect(over).toBeLessThanOrEqual(0);
    expect(await file.page.locator("thead").evaluateAll(touching)).toEqual([]);
    await file.close();
  }
});

test("on phones, the heads of the summary's tables do not touch", async ({ page, server }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await judged(page, server, "a fox");
  for (const kind of ["Images", "Models"]) {
    await page.locator("judge-summary").getByRole("button", { name: kind, exact: true }).click();
    expect(await page.locator("judge-summary thead").evaluateAll(touching)).toEqual([]);
    expect(await page.locator("ranking-view").evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBeLessThanOrEqual(0);
  }
});

test("images are left out when the visitor says so, and a lost image is reported", async ({ page, server }) => {
  await judged(page, server, "a fox");
  await page.getByRole("checkbox", { name: "Include small copies of the images" }).uncheck();
  for (const kind of ["HTML", "SVG"] as const) expect(readFileSync(await save(page, kind), "utf8")).not.toMatch(/<img|<image|data:image/);
  await page.getByRole("checkbox", { name: "Include small copies of the images" }).check();
  // One file disappears from the storage, as after a failure of the disk.
  await page.evaluate(async () => {
    const wait = <R>(request: IDBRequest<R>) => new Promise<R>((resolve, reject) => Object.assign(request, { onsuccess: () => resolve(request.result), onerror: () => reject(request.error) }));
    const database = await wait(indexedDB.open("pickscore-collection"));
    const files = database.transaction("files", "readwrite").objectStore("files");
    await wait(files.delete((await wait(files.getAllKeys()))[0] as string));
    database.close();
  });
  const text = readFileSync(await save(page, "HTML"), "utf8");
  await expect(page.getByText(/1 image could not be included\.$/)).toBeVisible();
  expect(text.match(/<img /g)).toHaveLength(3);
});

test("the SVG file is well-formed, themed, and needs no other file", async ({ page, server, browser }) => {
  await page.emulateMedia({ colorScheme: "dark" });
  await judged(page, server);
  const path = await save(page, "SVG");
  const text = readFileSync(path, "utf8");
  const found = await page.evaluate((text) => {
    const parsed = new DOMParser().parseFromString(text, "image/svg+xml");
    return {
      error: parsed.querySelector("parsererror")?.textContent ?? "",
      words: [...parsed.querySelectorAll("text")].map(({ textContent }) => textContent ?? ""),
      images: [...parsed.querySelectorAll("image")].map((image) => image.getAttribute("href") ?? ""),
      dots: parsed.querySelectorAll("circle").length,
      ground: parsed.querySelector("rect")?.getAttribute("fill"),
      scripts: parsed.querySelectorAll("script, foreignObject, use, style").length,
    };
  }, text);
  expect(found.error).toBe("");
  expect(found.scripts).toBe(0);
  expect(found.ground).toBe("#161616");
  // One dot for the scorer, two for the models, four for the images.
  expect(found.dots).toBe(7);
  expect(found.images).toHaveLength(4);
  expect(found.images.every((address) => address.startsWith("data:image/jpeg;base64,"))).toBe(true);
  expect(found.words).toContain(PROMPT);
  expect(found.words.some((word) => word.startsWith("m0_<img"))).toBe(true);
  const file = await opened(browser, path);
  expect(file.requests.filter((url) => !url.startsWith("data:"))).toEqual([pathToFileURL(path).href]);
  await file.close();
});

test("the PNG file shows the same drawing", async ({ page, server }) => {
  await judged(page, server);
  const svg = readFileSync(await save(page, "SVG"), "utf8");
  const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(svg) as RegExpExecArray;
  const png = readFileSync(await save(page, "PNG"));
  expect(png.subarray(1, 4).toString()).toBe("PNG");
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([2 * Number(width), 2 * Number(height)]);
  // Its colours are those of the theme: the ground, and the marks of the intervals.
  const counts = await page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d") as OffscreenCanvasRenderingContext2D;
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
    const found: Record<string, number> = {};
    for (let at = 0; at < data.length; at += 4) {
      const colour = `${data[at]},${data[at + 1]},${data[at + 2]}`;
      found[colour] = (found[colour] ?? 0) + 1;
    }
    return { ground: found["244,244,244"] ?? 0, mark: found["178,51,11"] ?? 0, ink: found["26,26,26"] ?? 0, all: data.length / 4 };
  }, png.toString("base64"));
  expect(counts.ground).toBeGreaterThan(counts.all / 2);
  expect(counts.mark).toBeGreaterThan(7 * 100);
  expect(counts.ink).toBeGreaterThan(1000);
});

test("a file that cannot be made is reported, and the results stay", async ({ page, server }) => {
  await judged(page, server, "a fox");
  await page.evaluate(() => Object.defineProperty(OffscreenCanvas.prototype, "convertToBlob", { value: () => Promise.reject(new Error("out of memory")) }));
  await page.getByRole("button", { name: "Save as PNG" }).click();
  await expect(page.getByText("The file could not be made (out of memory). Your choices are not affected.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Save as PNG" })).toBeEnabled();
  await expect(page.locator("ranking-view tbody tr")).toHaveCount(4);
});

test("the file is written in the page's language", async ({ page, server, browser }) => {
  await page.addInitScript(() => localStorage.setItem("pickscore.settings", JSON.stringify({ language: "ja" })));
  const { images } = golden();
  await openPage(page, server, { hash: "#/judge", model: null });
  await page.getByLabel("画像を選択").setInputFiles([images[0], images[4]].map((name) => given(name as string)));
  await page.locator("judge-screen").getByLabel("プロンプト", { exact: true }).fill("雪の中のキツネ");
  await page.getByRole("button", { name: "開始（1組）" }).click();
  await press(page, "ArrowLeft");
  const waiting = page.waitForEvent("download");
  await page.getByRole("button", { name: "HTMLで保存" }).click();
  const path = join(mkdtempSync(join(tmpdir(), "pickscore-report-")), "report.html");
  await (await waiting).saveAs(path);
  const file = await opened(browser, path);
  await expect(file.page.locator("html")).toHaveAttribute("lang", "ja");
  await expect(file.page.getByRole("heading", { level: 1 })).toHaveText("好みのランキング");
  await file.close();
});
