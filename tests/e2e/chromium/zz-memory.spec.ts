import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { deflateSync } from "node:zlib";
import { type Browser, type CDPSession, chromium, type Page } from "@playwright/test";
import { chromiumArguments, chromiumPath, environment, PORT } from "../browsers.ts";
import { chunk } from "./judging.ts";
import { dropFromDisk, kept, type OnDisk, onDisk, parameters, withParameters } from "./real-files.ts";
import { expect, test } from "./setup.ts";

const COUNT = Number(process.env["PICKSCORE_IMAGES"] ?? 600);
const DPR = Number(process.env["DPR"] ?? 1);
function render(width: number, height: number, seed: number): Buffer {
  const rows = Buffer.alloc(height * (1 + 3 * width));
  let noise = seed * 2654435761;
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
    noise = (noise * 1664525 + 1013904223) >>> 0;
    const at = y * (1 + 3 * width) + 1 + 3 * x;
    const wave = 127 + 100 * Math.sin((x * (1 + (seed % 5)) + y * (1 + (seed % 3))) / 60 + seed);
    rows.set([wave, (wave + seed * 37) & 255, ((x + y) >> 2) & 255].map((value) => (value + (noise >>> 30)) & 255), at);
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), chunk("IHDR", header), chunk("IDAT", deflateSync(rows, { level: 1 })), chunk("IEND", Buffer.alloc(0))]);
}
function* renders(count: number): Generator<OnDisk> {
  const sizes = [[512, 512], [640, 384], [384, 640], [768, 432]] as const;
  const bases = Array.from({ length: 24 }, (_, index) => render(...(sizes[index % sizes.length] as readonly [number, number]), index));
  for (let index = 0; index < count; index++) {
    const text = parameters({ prompt: `a landscape, number ${index % 40}`, seed: 1000 + index, model: index % 3 === 0 ? "sdxl" : "flux" });
    yield { path: `${index % 10}/${String(index).padStart(5, "0")}.png`, buffer: withParameters(bases[index % bases.length] as Buffer, text) };
  }
}
interface Size { pid: number; total: number; parts: Record<string, number> }
async function sizes(browser: Browser): Promise<Size[]> {
  const devtools = await browser.newBrowserCDPSession();
  const { processInfo } = (await devtools.send("SystemInfo.getProcessInfo")) as { processInfo: { type: string; id: number }[] };
  await devtools.detach();
  return processInfo.filter(({ type }) => type === "renderer").map(({ id }) => {
    const parts: Record<string, number> = {};
    let name = "";
    let total = 0;
    for (const line of readFileSync(`/proc/${id}/smaps`, "utf8").split("\n")) {
      const head = /^[0-9a-f]+-[0-9a-f]+ (\S+) \S+ \S+ \S+\s*(.*)$/.exec(line);
      if (head) name = (head[2] || `anon ${head[1]}`).replace(/ \(deleted\)/, "").replace(/\.org\.chromium\.\S+/, "shm").replace(/^\/(usr|lib).*/, "libs").replace(/\d{3,}/g, "#");
      const size = /^Private_\w+:\s+(\d+) kB/.exec(line);
      if (size) {
        const kb = Number(size[1]);
        parts[name] = (parts[name] ?? 0) + kb / 1000;
        total += kb / 1000;
      }
    }
    return { pid: id, total, parts };
  });
}
async function dump(browser: Browser, pid: number): Promise<string> {
  const devtools: CDPSession = await browser.newBrowserCDPSession();
  const events: { ph: string; pid: number; args?: { dumps?: { allocators?: Record<string, { attrs: Record<string, { value: string }> }> } } }[] = [];
  devtools.on("Tracing.dataCollected", ({ value }) => events.push(...(value as unknown as typeof events)));
  await devtools.send("Tracing.start", { transferMode: "ReportEvents", traceConfig: { recordMode: "recordAsMuchAsPossible", includedCategories: ["disabled-by-default-memory-infra"], memoryDumpConfig: { triggers: [] } as never } });
  await devtools.send("Tracing.requestMemoryDump", { deterministic: false, levelOfDetail: "detailed" });
  const done = new Promise((resolve) => devtools.once("Tracing.tracingComplete", resolve));
  await devtools.send("Tracing.end");
  await done;
  await devtools.detach();
  const found: Record<string, number> = {};
  for (const event of events) {
    if (event.ph !== "v" || event.pid !== pid) continue;
    for (const [name, { attrs }] of Object.entries(event.args?.dumps?.allocators ?? {})) {
      const size = Number.parseInt(attrs["effective_size"]?.value ?? attrs["size"]?.value ?? "0", 16) / 1e6;
      if (size > 4) found[name] = size;
    }
  }
  return Object.entries(found).sort(([, a], [, b]) => b - a).slice(0, 40).map(([name, size]) => `${name} ${size.toFixed(0)}`).join("; ");
}
async function tell(browser: Browser, label: string, deep = false): Promise<void> {
  const all = await sizes(browser);
  const largest = all.reduce((a, b) => (b.total > a.total ? b : a));
  const parts = Object.entries(largest.parts).filter(([, size]) => size > 3).sort(([, a], [, b]) => b - a).map(([name, size]) => `${name} ${size.toFixed(0)}`).join("; ");
  console.log(`## ${label}: ${largest.total.toFixed(0)} MB (of ${all.map(({ total }) => total.toFixed(0)).join(", ")})\n   ${parts}`);
  if (deep) console.log(`   infra: ${await dump(browser, largest.pid)}`);
}
async function gc(page: Page): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("HeapProfiler.enable");
  await devtools.send("HeapProfiler.collectGarbage");
  await devtools.send("HeapProfiler.disable");
  await devtools.detach();
  await page.waitForTimeout(1500);
}
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
function previews(page: Page): Promise<number> {
  return page.evaluate(() => new Promise<number>((resolve, reject) => {
    const request = indexedDB.open("pickscore-table");
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const count = request.result.transaction("previews").objectStore("previews").count();
      count.onsuccess = () => { resolve(count.result); request.result.close(); };
    };
  }));
}
test("memory", async () => {
  test.setTimeout(1_500_000);
  const folder = onDisk("renders", [...renders(COUNT)]);
  const profile = mkdtempSync(join(tmpdir(), "pickscore-many-"));
  const context = await chromium.launchPersistentContext(profile, { executablePath: chromiumPath(), args: chromiumArguments(), env: environment(), viewport: { width: 1280, height: 800 }, deviceScaleFactor: DPR });
  try {
    const browser = context.browser() as Browser;
    await context.addInitScript(() => localStorage.getItem("pickscore.settings") ?? localStorage.setItem("pickscore.settings", JSON.stringify({ device: "cpu" })));
    const page = await context.newPage();
    for (const other of context.pages()) if (other !== page) await other.close();
    const json = process.env["NOMODEL"] ? { samples: null, demonstration: null } : { samples: null };
    await context.route(`http://127.0.0.1:${PORT}/config.json`, (route) => route.fulfill({ json }));
    await page.goto(`http://127.0.0.1:${PORT}/`);
    await page.waitForTimeout(4000);
    await tell(browser, "empty page", true);
    await page.getByLabel("Prompt", { exact: true }).fill("a landscape");
    await dropFromDisk(page, [folder]);
    const scored = page.locator("score-progress .said");
    if (!process.env["NOMODEL"]) await expect(scored).toHaveText(new RegExp(`^${COUNT} images scored`), { timeout: 900_000 });
    await tell(browser, "scored", true);
    await expect.poll(() => previews(page), { timeout: 900_000 }).toBe(COUNT);
    await kept(page);
    await page.waitForTimeout(3000);
    await tell(browser, "thumbnails made");
    await gc(page);
    await tell(browser, "thumbnails made, collected", true);
    await page.reload();
    if (!process.env["NOMODEL"]) await expect(scored).toHaveText(new RegExp(`^${COUNT} images scored`), { timeout: 240_000 });
    await page.waitForTimeout(2000);
    await tell(browser, "reloaded", true);
    await scroll(page);
    await tell(browser, "scrolled", true);
    await page.waitForTimeout(3000);
    await tell(browser, "10 s later");
    await gc(page);
    await tell(browser, "collected", true);
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
    rmSync(dirname(folder), { recursive: true, force: true });
  }
});
