/**
 * Thousands of images from the disk: how soon the first rows are there, how long tasks of the main
 * thread are while the visitor scrolls, and how much memory the page takes.
 */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { deflateSync } from "node:zlib";
import { type Browser, chromium, type Page } from "@playwright/test";
import { chromiumArguments, chromiumPath, environment, PORT } from "../browsers.ts";
import { chunk } from "./judging.ts";
import { previews } from "./page.ts";
import { dropFromDisk, kept, type OnDisk, onDisk, parameters, withParameters } from "./real-files.ts";
import { ownTimes } from "./traces.ts";
import { expect, test } from "./setup.ts";

/** `PICKSCORE_IMAGES=5000` measures the full size. */
const COUNT = Number(process.env["PICKSCORE_IMAGES"] ?? 600);

/** A smooth image with some grain, of a given size, as PNG. */
function render(width: number, height: number, seed: number): Buffer {
  const rows = Buffer.alloc(height * (1 + 3 * width));
  let noise = seed * 2654435761;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      noise = (noise * 1664525 + 1013904223) >>> 0;
      const at = y * (1 + 3 * width) + 1 + 3 * x;
      const wave = 127 + 100 * Math.sin((x * (1 + (seed % 5)) + y * (1 + (seed % 3))) / 60 + seed);
      rows.set([wave, (wave + seed * 37) & 255, ((x + y) >> 2) & 255].map((value) => (value + (noise >>> 30)) & 255), at);
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", deflateSync(rows, { level: 1 })), chunk("IEND", Buffer.alloc(0))]);
}

/** Files of mixed size, each different, with prompts and seeds as a generator writes them. */
function* renders(count: number): Generator<OnDisk> {
  const sizes = [[512, 512], [640, 384], [384, 640], [768, 432]] as const;
  const bases = Array.from({ length: 24 }, (_, index) => render(...(sizes[index % sizes.length] as readonly [number, number]), index));
  for (let index = 0; index < count; index++) {
    const text = parameters({ prompt: `a landscape, number ${index % 40}`, seed: 1000 + index, model: index % 3 === 0 ? "sdxl" : "flux" });
    yield { path: `${index % 10}/${String(index).padStart(5, "0")}.png`, buffer: withParameters(bases[index % bases.length] as Buffer, text) };
  }
}

/** The private memory of the page's process, in megabytes. */
async function memory(browser: Browser, page: Page): Promise<number> {
  const devtools = await browser.newBrowserCDPSession();
  const { processInfo } = (await devtools.send("SystemInfo.getProcessInfo")) as { processInfo: { type: string; id: number }[] };
  await page.evaluate(() => undefined);
  const sizes = processInfo.filter(({ type }) => type === "renderer").map(({ id }) => {
    const found = readFileSync(`/proc/${id}/smaps_rollup`, "utf8").matchAll(/^Private_\w+:\s+(\d+) kB/gm);
    return [...found].reduce((sum, [, size]) => sum + Number(size), 0) / 1000;
  });
  return Math.max(...sizes);
}

/** Scrolls as a person does: some wheel steps, then far jumps with the scroll bar. */
async function scroll(page: Page): Promise<void> {
  await page.mouse.move(600, 500);
  for (let step = 0; step < 40; step++) {
    await page.mouse.wheel(0, 300);
    await page.waitForTimeout(60);
  }
  for (let jump = 1; jump <= 8; jump++) {
    await page.evaluate((share) => scrollTo(0, document.documentElement.scrollHeight * share), jump / 9);
    await page.waitForTimeout(350);
  }
}

interface Figures {
  first: number;
  pictures: number;
}

/** Milliseconds since the navigation until the first row has names, and until it has images. */
async function firstRow(page: Page, since: number): Promise<Figures> {
  return page.evaluate(async (since) => {
    const tiles = () => {
      const sheet = document.querySelector("pickscore-app")?.shadowRoot?.querySelector("score-screen")?.shadowRoot?.querySelector("picture-sheet")?.shadowRoot;
      return [...(sheet?.querySelectorAll(".tile") ?? [])].slice(0, 6);
    };
    const until = async (is: () => boolean) => {
      while (!is()) await new Promise((resolve) => setTimeout(resolve, 5));
      return performance.now() - since;
    };
    const first = await until(() => tiles().length === 6);
    const pictures = await until(() => tiles().every((tile) => (tile.querySelector("img") as HTMLImageElement | null)?.complete));
    return { first, pictures };
  }, since);
}

test(`${COUNT} images: the first rows, scrolling, memory`, async () => {
  test.setTimeout(300_000 + COUNT * 500);
  const folder = onDisk("renders", [...renders(COUNT)]);
  const profile = mkdtempSync(join(tmpdir(), "pickscore-many-"));
  const context = await chromium.launchPersistentContext(profile, { executablePath: chromiumPath(), args: chromiumArguments(), env: environment(), viewport: { width: 1280, height: 800 } });
  try {
    const browser = context.browser();
    if (!browser) throw new Error("the browser has no handle");
    const page = await context.newPage();
    await page.route(`http://127.0.0.1:${PORT}/config.json`, (route) => route.fulfill({ json: { samples: null } }));
    await page.goto(`http://127.0.0.1:${PORT}/`);
    await page.getByLabel("Prompt", { exact: true }).fill("a landscape");
    const begun = await page.evaluate(() => performance.now());
    await dropFromDisk(page, [folder]);
    const dropped = await firstRow(page, begun);
    await expect(page.locator("score-toolbar .count")).toHaveText(`${COUNT} images`);
    const scored = page.locator("score-progress .said");
    await expect(scored).toHaveText(new RegExp(`^${COUNT} images scored`), { timeout: 240_000 + COUNT * 400 });
    const working = await memory(browser, page);
    await expect.poll(() => previews(page), { timeout: COUNT * 200 + 60_000 }).toBe(COUNT);
    await kept(page);
    await page.waitForTimeout(3000);
    await page.reload();
    const reloaded = await firstRow(page, 0);
    await expect(scored).toHaveText(new RegExp(`^${COUNT} images scored`), { timeout: 240_000 });
    await page.waitForTimeout(2000);
    await browser.startTracing(page, { categories: ["toplevel"] });
    await scroll(page);
    const own = ownTimes(await browser.stopTracing());
    const longest = own.reduce((most, time) => Math.max(most, time), 0);
    const resting = await memory(browser, page);
    const tiles = await page.locator(".tile").count();
    console.log(
      `${COUNT} images: dropped, the first row after ${dropped.first.toFixed(0)} ms, with images after ${dropped.pictures.toFixed(0)} ms; reloaded, ${reloaded.first.toFixed(0)} ms and ${reloaded.pictures.toFixed(0)} ms; ` +
        `scrolling: ${own.length} tasks, the longest ${longest.toFixed(1)} ms, ${own.filter((time) => time > 16).length} over 16 ms; memory ${working.toFixed(0)} MB once scored, ${resting.toFixed(0)} MB after the reload and scrolling; ${tiles} tiles in the document`,
    );
    expect(own.length).toBeGreaterThan(100);
    expect(dropped.first).toBeLessThan(1000);
    expect(reloaded.first).toBeLessThan(1000);
    expect(longest).toBeLessThanOrEqual(16);
    expect(Math.max(working, resting)).toBeLessThanOrEqual(400);
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
    rmSync(dirname(folder), { recursive: true, force: true });
  }
});
