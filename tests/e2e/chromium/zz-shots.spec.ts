import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { deflateSync } from "node:zlib";
import type { Page } from "@playwright/test";
import { choosingFolders } from "./keep.ts";
import { chunk, given, layOut, onScreen, PICTURES, press } from "./judging.ts";
import { openPage, picture } from "./page.ts";
import { parameters, withParameters } from "./real-files.ts";
import { expect, test } from "./setup.ts";

const OUT = process.env["SHOTS"] ?? "/tmp/page/shots";
mkdirSync(OUT, { recursive: true });
function render(width: number, height: number, seed: number): Buffer {
  const rows = Buffer.alloc(height * (1 + 3 * width));
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
    const at = y * (1 + 3 * width) + 1 + 3 * x;
    const wave = 127 + 100 * Math.sin((x * (1 + (seed % 5)) + y * (1 + (seed % 3))) / 60 + seed);
    rows.set([wave, (wave + seed * 37) & 255, ((x + y) >> 2) & 255].map((value) => value & 255), at);
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), chunk("IHDR", header), chunk("IDAT", deflateSync(rows, { level: 1 })), chunk("IEND", Buffer.alloc(0))]);
}
const MIXED = [[320, 180], [300, 200], [200, 300], [256, 256], [420, 180], [200, 356]] as const;
const WIDE = [[320, 180]] as const;
const files = (sizes: readonly (readonly [number, number])[], count = 24) => Array.from({ length: count }, (_, at) => ({
  name: `ComfyUI_${String(at * 7).padStart(5, "0")}_${at % 2 ? "b" : "a"}.png`, mimeType: "image/png",
  buffer: withParameters(render(...(sizes[at % sizes.length] as [number, number]), at), parameters({ prompt: "a landscape", seed: 1000 + 37 * at, model: at % 3 ? "flux-dev-fp8" : "sdxl_base_1.0", steps: 20 + at })),
}));
const TINY = { demonstration: { name: "narrow", address: "models/pickscore-tiny/" } };
const SIZES = [[360, 740], [1280, 800], [2560, 1440]] as const;
const LANGUAGES = (process.env["LANGUAGES"] ?? "en ja").split(" ");
for (const language of LANGUAGES) for (const [width, height] of SIZES) for (const colorScheme of (language === "en" ? ["light", "dark"] : ["light"]) as ("light" | "dark")[]) {
  const begin = async (page: Page) => {
    await page.addInitScript((language) => localStorage.setItem("pickscore.settings", JSON.stringify({ language, device: "cpu" })), language);
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height });
  };
  const shot = async (page: Page, name: string, full = false) => {
    await page.waitForTimeout(700);
    await page.screenshot({ path: join(OUT, `${name}-${width}-${colorScheme}-${language}.png`), fullPage: full });
  };
  const prompt = language === "ja" ? "プロンプト" : "Prompt";
  test(`score ${width} ${colorScheme} ${language}`, async ({ page, server }) => {
    await choosingFolders(page, "best");
    await begin(page);
    await openPage(page, server, { config: TINY });
    await page.getByLabel(prompt, { exact: true }).fill("a landscape");
    await page.locator("input[type=file]").first().setInputFiles(files(MIXED));
    await expect(page.locator("score-progress .said")).toContainText("24");
    await shot(page, "sheet");
    await page.locator("score-toolbar .choose").click();
    await shot(page, "choose-rank");
    for (const [at, name] of [[1, "score"], [2, "probability"], [3, "mark"]] as const) {
      await page.locator("choose-images input[type=radio]").nth(at).check();
      await shot(page, `choose-${name}`);
    }
    await page.locator("choose-images input[type=radio]").first().check();
    await page.locator("choose-images .end .primary").click();
    await page.locator("score-selection .save").click();
    await shot(page, "save");
    if (width > 400 || true) {
      await page.locator("save-images .end .primary").click();
      await expect(page.locator("save-images .notice")).toBeVisible();
      await shot(page, "saved");
      await page.locator("save-images .end .primary").click();
      await shot(page, "saved-closed");
      await page.locator("score-toolbar .choose").click();
      await shot(page, "choose-last");
      await page.locator("choose-images .end button").first().click();
    }
    if (width === 360) await page.locator("score-toolbar .more").click();
    await page.locator("score-toolbar select").first().selectOption("seed");
    if (width === 360) await page.locator("picture-sheet").evaluate((one) => one.scrollIntoView());
    await shot(page, "by-seed");
    await page.locator("score-toolbar select").first().selectOption("model");
    await shot(page, "by-model");
    if (width === 360) await page.locator("score-toolbar .more").click();
    await page.getByLabel(prompt, { exact: true }).fill("a landscape\na fox in the snow");
    await page.getByLabel(prompt, { exact: true }).blur();
    await expect(page.locator("picture-matrix td .value").first()).toBeVisible();
    await page.locator("picture-matrix").evaluate((one) => one.scrollIntoView());
    await shot(page, "matrix");
  });
  test(`wide ${width} ${colorScheme} ${language}`, async ({ page, server }) => {
    if (language !== "en") return;
    await begin(page);
    await openPage(page, server, { config: TINY });
    await page.getByLabel(prompt, { exact: true }).fill("a landscape");
    await page.locator("input[type=file]").first().setInputFiles(files(WIDE));
    await expect(page.locator("score-progress .said")).toContainText("24");
    await shot(page, "wide");
  });
  test(`summary ${width} ${colorScheme} ${language}`, async ({ page, server, browser }) => {
    await begin(page);
    await openPage(page, server, { hash: "#/judge", config: TINY });
    await expect(page.locator("header .model")).toHaveText(/narrow/);
    if (language === "en") {
      await layOut(page, PICTURES.slice(0, 4).map((file, index) => given(file, `m${index % 2}_${file}`)), "a fox in the snow", "All pairs");
      await page.getByLabel("Read it from").selectOption("name");
      await page.getByRole("button", { name: /^Begin: / }).click();
    } else {
      await page.getByLabel("画像を選択").setInputFiles(PICTURES.slice(0, 4).map((file, index) => given(file, `m${index % 2}_${file}`)));
      await page.locator("judge-screen").getByLabel("プロンプト", { exact: true }).fill("雪の中のキツネ");
      await page.getByRole("radio").first().check();
      await page.locator("judge-setup button.primary").click();
    }
    for (let pair = 0; pair < 12 && (await page.locator("judge-summary").count()) === 0; pair++) {
      const [left, right] = await onScreen(page);
      await press(page, (left as string) < (right as string) ? "ArrowLeft" : "ArrowRight");
      await page.waitForTimeout(200);
    }
    await expect(page.locator("ranking-view tbody tr").first()).toBeVisible();
    await shot(page, "summary", true);
    const waiting = page.waitForEvent("download");
    await page.locator("report-save button").first().click();
    const path = join(mkdtempSync(join(tmpdir(), "pickscore-report-")), "r.html");
    await (await waiting).saveAs(path);
    const context = await browser.newContext({ viewport: { width, height }, colorScheme });
    const file = await context.newPage();
    await file.goto(pathToFileURL(path).href);
    await shot(file, "report", true);
    await context.close();
  });
}
void picture;
