/**
 * A taste learned from choices on Judge with the demonstration model: offered, used on Score,
 * explained in the close-up, renamed, paused, exported, deleted and imported.
 */

import { readFileSync } from "node:fs";
import type { Locator, Page } from "@playwright/test";
import { PORT } from "../browsers.ts";
import { violations } from "./axe.ts";
import { type Given, layOut, pairShown, png } from "./judging.ts";
import { addPictures, modelInUse, openPage } from "./page.ts";
import { expect, test } from "./setup.ts";

const PROMPT = "a red ball";
const PICTURES = 13;
/** All pairs. */
const PAIRS = (PICTURES * (PICTURES - 1)) / 2;

/** From blue to red, in an order that says nothing. */
const colours: [number, number, number][] = Array.from({ length: PICTURES }, (_, index) => {
  const red = ((index * 5) % PICTURES) * 20;
  return [red, 60 + ((index * 53) % 90), 245 - red];
});
const FILES: Given[] = colours.map((colour, index) => ({ name: `${index}.png`, mimeType: "image/png", buffer: png(colour) }));

/** The same taste with fewer dimensions; its weights point along the first of them. */
function withDimensions(text: string, dimensions: number): string {
  const two = JSON.parse(readFileSync(new URL("../../taste/fixtures/tastes/two-dimensions.json", import.meta.url), "utf8")) as Record<string, unknown>;
  const { scorer } = JSON.parse(text) as Record<string, unknown>;
  return JSON.stringify({ ...two, dimensions, scorer });
}

/** Opens the page with the demonstration model that comes with it. */
async function open(page: Page, hash = ""): Promise<string[]> {
  const server = { url: `http://127.0.0.1:${PORT}/` } as Parameters<typeof openPage>[1];
  const config = { demonstration: { name: "pickscore-tiny", address: "models/pickscore-tiny/" } };
  const problems = await openPage(page, server, { model: null, config, hash });
  await expect(modelInUse(page)).toContainText("pickscore-tiny");
  return problems;
}

/** The key for the image that somebody who dislikes red prefers. */
async function bluer(page: Page): Promise<string> {
  await pairShown(page);
  const reds = await page.locator("judge-round img").evaluateAll((images) =>
    images.map((element) => {
      const context = new OffscreenCanvas(8, 8).getContext("2d") as OffscreenCanvasRenderingContext2D;
      context.drawImage(element as HTMLImageElement, 0, 0, 8, 8);
      return context.getImageData(4, 4, 1, 1).data[0] as number;
    }),
  );
  return (reds[0] as number) < (reds[1] as number) ? "ArrowLeft" : "ArrowRight";
}

/** Judges until `count` pairs are answered. */
async function judge(page: Page, from: number, count: number): Promise<void> {
  const progress = page.locator("judge-round progress");
  for (let answered = from; answered < count; answered++) {
    await page.keyboard.press(await bluer(page));
    if (answered + 1 < PAIRS) await expect.poll(() => progress.evaluate((element) => (element as HTMLProgressElement).value)).toBe(answered + 1);
  }
}

/** Nothing of the chart of words is cut off on a phone, and its drawing keeps some width. */
async function wordsFit(page: Page, screenshot: string): Promise<void> {
  const before = page.viewportSize();
  await page.setViewportSize({ width: 360, height: 740 });
  const chart = page.locator("taste-words .scroller");
  await chart.scrollIntoViewIfNeeded();
  await page.screenshot({ path: screenshot });
  const { whole, shown, drawing } = await chart.evaluate((scroller) => ({ whole: scroller.scrollWidth, shown: scroller.clientWidth, drawing: scroller.querySelector("svg")?.getBoundingClientRect().width ?? 0 }));
  expect(whole).toBeLessThanOrEqual(shown);
  expect(drawing).toBeGreaterThan(80);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  if (before) await page.setViewportSize(before);
}

test("a taste is learned, used beside its model, and kept", async ({ page }, info) => {
  test.setTimeout(300_000);
  page.setDefaultTimeout(60_000);
  const workers: string[] = [];
  page.on("worker", (worker) => workers.push(worker.url()));
  const problems = await open(page, "#judge");
  await layOut(page, FILES, PROMPT, "Most informative pairs");
  await page.getByLabel("Ask what my taste is least sure of").check();
  await page.getByLabel("maximum choices per prompt").fill(String(PAIRS));
  await page.getByRole("button", { name: /^Begin: / }).click();
  await judge(page, 0, 3);
  await expect.poll(() => workers.some((url) => url.includes("taste.worker"))).toBe(true);
  await pairShown(page);
  await page.keyboard.press("u");
  await judge(page, 2, PAIRS);
  await expect(page.locator("judge-summary")).toBeVisible();

  // The summary leads to the section on Models, which takes the focus.
  const mine = page.locator("my-tastes");
  const invite = page.locator("judge-summary taste-invite");
  await expect(invite).toContainText(`Your ${PAIRS} choices are enough to try a scorer of your own taste.`);
  expect(await violations(page)).toEqual([]);
  await invite.scrollIntoViewIfNeeded();
  await page.screenshot({ path: info.outputPath("summary-light.png") });
  await invite.getByRole("link", { name: "Learn my taste" }).click();
  const heading = mine.getByRole("heading", { name: "My taste", level: 2 });
  await expect(heading).toBeFocused();
  await expect(heading).toBeInViewport();
  await mine.getByRole("button", { name: `Learn my taste from ${PAIRS} choices` }).click();
  await expect(mine.getByText("It predicts your choices measurably better than the model alone.")).toBeVisible();
  await expect(mine.getByText(`Learned from ${PAIRS} choices.`)).toBeVisible();
  await expect(mine.getByText(/^It predicts \d+% \(95% interval \d+% to \d+%\) of \d+ choices/)).toBeVisible();
  await expect(mine.getByText(/Measured on pairs that were chosen because they are hard: [1-9]\d* of its 78 choices\./)).toBeVisible();
  await expect(mine.locator("taste-words tbody tr")).toHaveCount(12);
  expect(await violations(page)).toEqual([]);
  await mine.scrollIntoViewIfNeeded();
  await page.screenshot({ path: info.outputPath("models-light.png") });
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: info.outputPath("models-top.png") });
  await wordsFit(page, info.outputPath("words-360.png"));

  // The visitor's own words.
  await mine.getByRole("button", { name: "Edit the texts" }).click();
  await mine.getByLabel("Texts to compare, one per line").fill("a red ball\na blue ball\n\na red ball");
  await mine.locator("taste-words").getByRole("button", { name: "Save" }).click();
  await expect(mine.locator("taste-words tbody tr")).toHaveCount(2);

  await mine.getByRole("button", { name: "Rename: My taste" }).click();
  await mine.getByRole("textbox", { name: "Name" }).fill("Blue");
  await mine.getByRole("button", { name: "Save" }).click();
  await expect(mine.getByRole("heading", { name: "Blue" })).toBeVisible();
  const downloading = page.waitForEvent("download");
  await mine.getByRole("button", { name: "Export: Blue" }).click();
  const text = readFileSync(await (await downloading).path(), "utf8");
  const stored = JSON.parse(text) as Record<string, unknown>;
  expect(stored).toMatchObject({ format: "pickscore-taste", version: 1, name: "Blue", choices: PAIRS });
  expect(text).not.toContain(PROMPT);

  // One of the scorers: a column, by which images are sorted.
  await page.goto("./#score");
  await page.getByLabel("Prompt", { exact: true }).fill(PROMPT);
  await addPictures(page, FILES);
  const matrix = page.locator("picture-matrix");
  // The mean of one scorer, and of the same one again in the taste, would say nothing.
  await expect(matrix.locator("thead button")).toHaveText(["pickscore-tiny", "Blue"]);
  await expect(page.getByLabel("Sort by", { exact: true }).getByRole("option", { name: "By mean rank" })).toHaveCount(0);
  await matrix.getByRole("button", { name: "Blue", exact: true }).click();
  await expect(page.locator("score-progress")).toContainText("you prefer the one with the higher score about 73 times in 100, as far as your choices show.");
  await expect(page.locator("taste-note")).toContainText(`Learned from ${PAIRS} choices.`);
  const rows = matrix.locator("tbody tr");
  await expect(rows.filter({ hasText: ".png" }).first()).toContainText(`${colours.findIndex(([red]) => red === 0)}.png`);
  expect(await violations(page)).toEqual([]);
  await page.screenshot({ path: info.outputPath("score-light.png"), fullPage: true });
  await matrix.locator("button.frame").first().click();
  const closeUp = page.getByRole("dialog", { name: "Close-up" });
  await expect(closeUp.getByText(/^Among these images, you prefer this one (more than|about as much as) people do, as far as your choices show\.$/)).toBeVisible();
  await expect(closeUp.getByText(/^You would prefer it to .* \d+ times out of 100, as far as your choices show\.$/).first()).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await page.screenshot({ path: info.outputPath("closeup.png") });
  await page.keyboard.press("Escape");
  // Closing goes back in the history, which would abort the reload.
  await expect.poll(() => page.evaluate(() => (history.state as { closeUp?: unknown } | null)?.closeUp === undefined)).toBe(true);

  // Paused, it is no longer used; it is still used after a reload otherwise.
  await page.reload();
  await expect(matrix.getByRole("columnheader", { name: "Blue" })).toBeVisible();
  await expect(page.locator("taste-note")).toContainText("Blue");
  await page.goto("./#models");
  await mine.getByLabel("Use on Score").uncheck();
  await page.goto("./#score");
  await expect(matrix).toHaveCount(0);
  await page.goto("./#models");
  await mine.getByRole("button", { name: "Delete: Blue" }).click();
  await expect(mine.getByRole("heading", { name: "Blue" })).toHaveCount(0);

  // Imported again, and files that cannot be used.
  const bring = (content: string) => mine.getByLabel("Import a taste").setInputFiles({ name: "taste.json", mimeType: "application/json", buffer: Buffer.from(content) });
  const { fingerprint } = stored["scorer"] as { fingerprint: string };
  for (const [content, said] of [
    ["{}", "This file cannot be imported: the file is not a taste"],
    [text.replace('"version": 1', '"version": 7'), "the taste is of version 7"],
    [text.replace(fingerprint, "0".repeat(64)), "This taste was learned on top of another model: pickscore 00000000. The loaded one is pickscore "],
    [withDimensions(text, 2), "it has 2 dimensions, but the model’s embeddings have"],
    [" ".repeat(70_000), "a taste has at most 65536"],
  ] as const) {
    await bring(content);
    await expect(mine.getByRole("alert")).toContainText(said);
  }
  await bring(text);
  await expect(mine.getByRole("heading", { name: "Blue" })).toBeVisible();
  await expect(mine.getByRole("alert")).toHaveCount(0);
  await expect(mine.getByLabel("Use on Score")).toBeChecked();
  await expect(mine.getByText(`According to its file, it was learned from ${PAIRS} choices and predicts`)).toBeVisible();
  await expect(page.locator("models-screen taste-invite")).toContainText("Blue was imported.");

  // In the dark, and in Japanese.
  await page.getByLabel("Theme").selectOption("dark");
  await page.getByLabel("Language").selectOption("ja");
  await expect(mine.getByRole("heading", { name: "自分の好み" })).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await mine.scrollIntoViewIfNeeded();
  await page.screenshot({ path: info.outputPath("models-dark-ja.png") });
  await wordsFit(page, info.outputPath("words-360-dark-ja.png"));
  await mine.locator("input[type=file]").setInputFiles({ name: "taste.json", mimeType: "application/json", buffer: Buffer.from("{}") });
  await expect(mine.getByRole("alert")).toContainText("このファイルは読み込めません");
  await page.goto("./#score");
  await expect(page.locator("taste-note")).toContainText(`ファイルの記載によると、${PAIRS}件の選択から学習し`);
  await page.screenshot({ path: info.outputPath("score-dark-ja.png"), fullPage: true });
  await page.getByLabel("言語").selectOption("en");
  await matrix.locator("button.frame").first().click();
  await expect(closeUp.getByText(/^Among these images, this imported taste prefers this one/)).toBeVisible();
  expect(problems).toEqual([]);
});

test("few choices are not enough, and the page says how many it takes", async ({ page }) => {
  await open(page, "#models");
  const mine = page.locator("my-tastes");
  await expect(mine.getByText("You have not judged any pairs yet.")).toBeVisible();
  await expect(mine.getByRole("button", { name: "Learn my taste", exact: true })).toBeDisabled();
  const invite = page.locator("models-screen taste-invite");
  await expect(invite).toBeHidden();
  await page.goto("./#judge");
  await layOut(page, FILES, PROMPT, "Most informative pairs");
  await page.getByRole("button", { name: /^Begin: / }).click();
  await judge(page, 0, 5);
  await page.goto("./#models");
  await expect(invite).toContainText("Roughly 45 more choices, and it is worth learning a scorer of your own taste.");
  // The link leads down this very screen, also when it is followed again.
  const heading = mine.getByRole("heading", { name: "My taste", level: 2 });
  for (let times = 0; times < 2; times++) {
    await page.evaluate(() => scrollTo(0, 0));
    await expect(heading).not.toBeInViewport();
    await invite.getByRole("link", { name: "My taste" }).click();
    await expect(heading).toBeInViewport();
    await expect(heading).toBeFocused();
  }
  await mine.getByRole("button", { name: "Learn my taste from 5 choices" }).click();
  const verdict = mine.getByText(/^Not measurably better than the model yet: .* \d+ more choices/);
  await expect(verdict).toBeVisible();
  const more = /(?:roughly|at least) (\d+) more choices/.exec((await verdict.textContent()) ?? "")?.[0] as string;
  await expect(invite).toContainText(/^\s*My taste is not measurably better than its model yet: /);
  await expect(invite).toContainText(more);
  // A choice since then counts.
  await page.goto("./#judge");
  await judge(page, 5, 6);
  await page.goto("./#models");
  await expect(invite).toContainText(more.replace(/\d+/, (digits) => String(Number(digits) - 1)));
  await expect(mine.getByLabel("Use on Score")).toHaveCount(0);
});

/** Learns from five choices. */
async function learned(page: Page): Promise<Locator> {
  await open(page, "#judge");
  await layOut(page, FILES, PROMPT, "Most informative pairs");
  await page.getByRole("button", { name: /^Begin: / }).click();
  await judge(page, 0, 5);
  await page.goto("./#models");
  const mine = page.locator("my-tastes");
  await mine.getByRole("button", { name: "Learn my taste from 5 choices" }).click();
  await expect(mine.getByRole("heading", { name: "My taste", level: 3 })).toBeVisible();
  return mine;
}

async function rename(mine: Locator, from: string, to: string): Promise<void> {
  await mine.getByRole("button", { name: `Rename: ${from}` }).click();
  await mine.getByRole("textbox", { name: "Name" }).fill(to);
  await mine.getByRole("button", { name: "Save" }).click();
}

/** Exports the only taste. */
async function exported(page: Page, mine: Locator): Promise<string> {
  const downloading = page.waitForEvent("download");
  await mine.getByRole("button", { name: /^Export: / }).click();
  return readFileSync(await (await downloading).path(), "utf8");
}

/** The kept tastes as they are stored. */
function stored(page: Page): Promise<Row[]> {
  return page.evaluate(async () => {
    const asked = <T>(request: IDBRequest<T>) => new Promise<T>((resolve, reject) => ((request.onsuccess = () => resolve(request.result)), (request.onerror = () => reject(request.error))));
    const database = await asked(indexedDB.open("pickscore-tastes"));
    const rows = await asked(database.transaction("tastes").objectStore("tastes").getAll());
    database.close();
    return rows as Row[];
  });
}

/** Writes tastes as another tab would, but without telling this one. */
function overwrite(page: Page, rows: Row[]): Promise<void> {
  return page.evaluate(async (rows) => {
    const asked = <T>(request: IDBRequest<T>) => new Promise<T>((resolve, reject) => ((request.onsuccess = () => resolve(request.result)), (request.onerror = () => reject(request.error))));
    const database = await asked(indexedDB.open("pickscore-tastes"));
    const store = database.transaction("tastes", "readwrite").objectStore("tastes");
    await asked(store.clear());
    for (const row of rows) await asked(store.put(row));
    database.close();
  }, rows);
}

interface Row {
  text: string;
  info: { name: string; choices: number };
  paused: boolean;
  updated: number;
}

test("a stale tab changes the taste that is stored, and undoes only its own change", async ({ page }) => {
  test.setTimeout(300_000);
  page.setDefaultTimeout(60_000);
  const mine = await learned(page);
  const text = await exported(page, mine);
  const [row] = (await stored(page)) as [Row];
  const newer: Row = { ...row, text: row.text.replace('"choices": 5', '"choices": 6'), info: { ...row.info, choices: 6 }, updated: row.updated + 1000 };
  expect(newer.text).not.toBe(row.text);

  // Another tab learned again: renaming keeps what it learned.
  await overwrite(page, [newer]);
  await rename(mine, "My taste", "Stale");
  await expect(mine.getByText("Learned from 6 choices.")).toBeVisible();
  const [renamed] = (await stored(page)) as [Row];
  expect(JSON.parse(renamed.text)).toMatchObject({ name: "Stale", choices: 6 });
  expect(renamed.updated).toBe(newer.updated);

  // A change in another tab is shown here.
  await overwrite(page, [{ ...renamed, info: { ...renamed.info, name: "Elsewhere" } }]);
  await page.evaluate(() => {
    const channel = new BroadcastChannel("pickscore-tastes");
    channel.postMessage("changed");
    channel.close();
  });
  await expect(mine.getByRole("heading", { name: "Elsewhere" })).toBeVisible();

  // Deleted, and undone; then undone although there is a newer one.
  const toasts = page.locator("pick-toasts");
  const remove = mine.getByRole("button", { name: /^Delete: / });
  const undo = toasts.getByRole("button", { name: "Undo" }).last();
  await remove.click();
  await expect(remove).toHaveCount(0);
  await undo.click();
  await expect(remove).toBeVisible();
  await remove.click();
  await expect(remove).toHaveCount(0);
  await overwrite(page, [newer]);
  await undo.click();
  await expect(toasts).toContainText("there is a newer taste");
  expect(await stored(page)).toEqual([newer]);

  // Imported over it: undone, then not undone over a newer one.
  const bring = () => mine.getByLabel("Import a taste").setInputFiles({ name: "taste.json", mimeType: "application/json", buffer: Buffer.from(text) });
  await bring();
  await expect(mine.getByText("According to its file, it was learned from 5 choices")).toBeVisible();
  await undo.click();
  await expect(mine.getByText("Learned from 6 choices.")).toBeVisible();
  await bring();
  await expect(mine.getByText("According to its file, it was learned from 5 choices")).toBeVisible();
  const newest = { ...newer, updated: newer.updated + 1_000_000 };
  await overwrite(page, [newest]);
  await undo.click();
  await expect(mine.getByText("Learned from 6 choices.")).toBeVisible();
  expect(await stored(page)).toEqual([newest]);

  // Learning again keeps the name, and its undo brings the previous one back.
  await mine.getByRole("button", { name: "Learn again from 5 choices" }).click();
  await expect(mine.getByText("Learned from 5 choices.")).toBeVisible();
  await undo.click();
  await expect(mine.getByText("Learned from 6 choices.")).toBeVisible();
  expect(await stored(page)).toEqual([newest]);
});

test("what is changed while a taste is learned stays changed", async ({ page }) => {
  test.setTimeout(300_000);
  page.setDefaultTimeout(60_000);
  // The worker's answer to the fit waits.
  await page.addInitScript(() => {
    const held: (() => void)[] = [];
    let holds = false;
    const send = Worker.prototype.postMessage;
    Worker.prototype.postMessage = function (this: Worker, ...given: unknown[]) {
      const work = () => (send as (...given: unknown[]) => void).apply(this, given);
      if (holds && (given[0] as { call?: string }).call === "fit") held.push(work);
      else work();
    };
    Object.assign(window, { hold: () => (holds = true), release: () => ((holds = false), held.splice(0).forEach((work) => work())), waiting: () => held.length });
  });
  const control = (name: "hold" | "release" | "waiting") => page.evaluate((name) => Number((window as unknown as Record<string, () => unknown>)[name]?.()), name);
  const mine = await learned(page);
  await control("hold");
  await mine.getByRole("button", { name: "Learn again from 5 choices" }).click();
  await expect.poll(() => control("waiting")).toBe(1);
  await rename(mine, "My taste", "Meanwhile");
  await expect(mine.getByRole("heading", { name: "Meanwhile" })).toBeVisible();
  await overwrite(page, (await stored(page)).map((row) => ({ ...row, paused: true })));
  await control("release");
  await expect(mine.getByRole("button", { name: "Learn again from 5 choices" })).toBeVisible();
  const [row] = (await stored(page)) as [Row];
  expect(row).toMatchObject({ paused: true, info: { name: "Meanwhile" } });
  expect(JSON.parse(row.text)).toMatchObject({ name: "Meanwhile" });

  await control("hold");
  await mine.getByRole("button", { name: "Learn again from 5 choices" }).click();
  await expect.poll(() => control("waiting")).toBe(1);
  await mine.getByRole("button", { name: "Delete: Meanwhile" }).click();
  await control("release");
  await expect(mine.getByRole("alert")).toContainText("Meanwhile has been deleted meanwhile");
  expect(await stored(page)).toEqual([]);
});

test("where the browser refuses to store tastes, they last until the tab closes", async ({ page }) => {
  test.setTimeout(300_000);
  page.setDefaultTimeout(60_000);
  await page.addInitScript(() => {
    const open = IDBFactory.prototype.open;
    IDBFactory.prototype.open = function (name: string, version?: number) {
      if (name === "pickscore-tastes") throw new DOMException("no tastes here", "SecurityError");
      return version === undefined ? open.call(this, name) : open.call(this, name, version);
    };
  });
  const mine = await learned(page);
  await expect(mine.getByText("This browser refuses to store tastes (no tastes here).")).toBeVisible();
  await rename(mine, "My taste", "For now");
  await expect(mine.getByRole("heading", { name: "For now" })).toBeVisible();
  await page.reload();
  await expect(mine.getByRole("button", { name: "Learn my taste from 5 choices" })).toBeVisible();
});
