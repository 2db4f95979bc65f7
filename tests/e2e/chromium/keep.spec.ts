/** Selecting the best images by rule or by mark, saving them, taking it back, and what can fail. */

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Locator, Page } from "@playwright/test";
import { golden, native } from "../fixtures.ts";
import type { ModelServer } from "../model-server.ts";
import { violations } from "./axe.ts";
import { choosingFolders, contents, held, holdAfter, read, release, withdrawAfter, write } from "./keep.ts";
import { addPictures, openPage, picture, scored, tiles } from "./page.ts";
import { expect, setQuota, test } from "./setup.ts";

const reference = golden();
/** Images of different scores. */
const FILES = [4, 12, 11, 7, 6].map((index) => reference.images[index] as string);
const BY_RANK = [...FILES].sort((a, b) => scoreOf(b) - scoreOf(a));

function scoreOf(name: string): number {
  return native("f32")[0]?.[reference.images.indexOf(name)] as number;
}

const hash = (bytes: Buffer | string) => createHash("sha256").update(bytes).digest("hex");
const hashOf = (name: string) => hash(readFileSync(picture(name)));
const sorted = (names: Iterable<string>) => [...names].sort();

/** Opens the page with {@link FILES}, scored. */
async function open(page: Page, server: ModelServer): Promise<string[]> {
  const problems = await openPage(page, server);
  await page.getByLabel("Prompt", { exact: true }).fill(reference.prompts[0] as string);
  await page.getByLabel("Prompt", { exact: true }).blur();
  await addPictures(page, FILES.map(picture));
  await scored(page, FILES.length);
  expect((await tiles(page)).map(({ name }) => name)).toEqual(BY_RANK);
  return problems;
}

async function selectBest(page: Page, count: number): Promise<void> {
  await page.getByRole("button", { name: "Select", exact: true }).click();
  await page.getByRole("spinbutton", { name: "How many" }).fill(String(count));
  await page.getByRole("button", { name: "Done" }).click();
}

/** Opens the dialogue for the best images. */
async function saving(page: Page, count: number): Promise<Locator> {
  await selectBest(page, count);
  await page.getByRole("button", { name: "Save…" }).click();
  return page.getByRole("dialog", { name: /^Save \d+ image/ });
}

/** The names of the selected images, in the order shown. */
async function chosen(page: Page): Promise<string[]> {
  const names = page.locator(".tile.selected .name");
  const found = await names.evaluateAll((all) => all.map((name) => ({ at: Number(name.closest(".tile")?.getAttribute("aria-posinset")), name: name.getAttribute("title") as string })));
  return found.sort((a, b) => a.at - b.at).map(({ name }) => name);
}

test("images are selected by rank, by score, by probability, and Cancel restores the selection", async ({ page, server }) => {
  const problems = await open(page, server);
  await page.locator(".tile", { hasText: BY_RANK[4] as string }).getByRole("checkbox").click();
  await page.getByRole("button", { name: "Select", exact: true }).click();
  const count = page.getByRole("spinbutton", { name: "How many" });
  await count.fill("2");
  await expect.poll(() => chosen(page)).toEqual(BY_RANK.slice(0, 2));
  expect(await violations(page)).toEqual([]);

  // A threshold between the second and the third.
  await page.getByRole("radio", { name: "score" }).check();
  const between = (scoreOf(BY_RANK[1] as string) + scoreOf(BY_RANK[2] as string)) / 2;
  const least = page.getByRole("spinbutton", { name: "Score of at least" });
  await least.fill(String(between));
  await least.blur();
  await expect.poll(() => chosen(page)).toEqual(BY_RANK.slice(0, 2));
  const slider = page.getByRole("slider", { name: "Score of at least" });
  await slider.press("Home");
  await expect.poll(() => chosen(page)).toEqual(BY_RANK);
  await slider.press("End");
  await expect.poll(() => chosen(page)).toEqual(BY_RANK.slice(0, 1));
  await expect(slider).toHaveAttribute("aria-valuetext", /^at least −?\d+\.\d\d: 1 image$/);
  const bars = page.getByRole("img", { name: "Number of images by score" }).locator("rect");
  const heights = await bars.evaluateAll((all) => all.map((bar) => Number(bar.getAttribute("height"))));
  expect(heights.filter((height) => height > 0).length).toBeGreaterThanOrEqual(2);
  expect(heights.at(-1)).toBeGreaterThan(0);
  expect(await violations(page)).toEqual([]);

  await page.getByRole("radio", { name: "probability" }).check();
  const shares = await page.locator(".tile .share").evaluateAll((all) => all.map((share) => Number.parseFloat((share.textContent ?? "").replace("<", ""))));
  const likely = page.getByRole("spinbutton", { name: "Probability of at least" });
  await likely.fill("1");
  await likely.blur();
  await expect.poll(async () => (await chosen(page)).length).toBe(shares.filter((share) => share >= 1).length);
  await expect(page.locator("choose-images").getByRole("status")).toContainText(/people choose one of these \d+\.\d% of the time/);

  await page.getByRole("button", { name: "Cancel" }).click();
  await expect.poll(() => chosen(page)).toEqual([BY_RANK[4]]);
  await expect(page.getByRole("button", { name: "Select", exact: true })).toBeFocused();
  expect(problems).toEqual([]);
});

for (const [width, height] of [[1280, 800], [360, 740]] as const) {
  test(`the tools for selecting leave room for the images, at ${width} × ${height} pixels`, async ({ page, server }) => {
    // On phones, the first images are below the window.
    await open(page, server);
    await page.setViewportSize({ width, height });
    const first = page.locator(".tile[aria-posinset='1']");
    await page.getByRole("button", { name: "Select", exact: true }).click();
    const tools = page.locator("choose-images section");
    await expect(tools).toBeVisible();
    // The page may have scrolled to the images.
    const place = async () => JSON.stringify(await first.locator("img").boundingBox());
    let before = "";
    await expect.poll(async () => before === (before = await place()), { intervals: [300] }).toBe(true);
    for (const name of ["rank", "score", "probability", "mark"]) {
      await page.getByRole("radio", { name }).check();
      expect(await place()).toBe(before);
      // They end at the same place for every rule, and leave most of the window to the images.
      const box = await tools.boundingBox();
      if (!box) throw new Error("not drawn");
      expect(box.y + box.height).toBeLessThanOrEqual(height);
      expect(box.height).toBeLessThan(height / 3);
    }
    const image = JSON.parse(before) as { y: number; height: number };
    expect(image.y).toBeGreaterThanOrEqual(0);
    expect(image.y + image.height).toBeLessThanOrEqual((await tools.boundingBox())?.y ?? 0);
    // A focused image is not below them.
    await page.locator(".tile[aria-posinset='1'] .frame").focus();
    await page.keyboard.press("End");
    const [last, box] = await Promise.all([page.locator(".tile:focus-within .frame").boundingBox(), tools.boundingBox()]);
    expect((last?.y ?? height) + (last?.height ?? 0)).toBeLessThanOrEqual((box?.y ?? 0) + 1);
    expect(await violations(page)).toEqual([]);
  });
}

test("keys put images into buckets, which can be shown and selected", async ({ page, server }) => {
  await open(page, server);
  const at = (place: number) => page.locator(`.tile[aria-posinset='${place}']`);
  await at(1).locator(".frame").focus();
  for (const key of ["k", "ArrowRight", "m", "ArrowRight", "d", "ArrowRight", "k", "0"]) await page.keyboard.press(key);
  await expect(at(1).locator(".bucket")).toHaveText("Keep");
  await expect(at(2).locator(".bucket")).toHaveText("Maybe");
  await expect(at(3).locator(".bucket")).toHaveText("Drop");
  await expect(at(4).locator(".bucket")).toHaveCount(0);
  await expect(at(1).getByRole("button", { name: /, Keep: enlarge$/ })).toBeVisible();
  expect(await violations(page)).toEqual([]);
  // The mark is on its image.
  for (const place of [1, 2, 3]) {
    // At the same moment: an announcement may move everything.
    const [drawn, mark] = await at(place).evaluate((tile) => ["img", ".bucket"].map((part) => (tile.querySelector(part) as Element).getBoundingClientRect().toJSON() as DOMRect));
    if (!drawn || !mark) throw new Error("not drawn");
    expect(mark.x).toBeGreaterThanOrEqual(drawn.x - 0.5);
    expect(mark.x + mark.width).toBeLessThanOrEqual(drawn.x + drawn.width + 0.5);
    expect(mark.y).toBeGreaterThanOrEqual(drawn.y - 0.5);
    expect(mark.y + mark.height).toBeLessThanOrEqual(drawn.y + drawn.height + 0.5);
  }
  await page.getByRole("button", { name: "Maybe 1" }).click();
  await expect.poll(() => chosen(page)).toEqual([BY_RANK[1]]);
  await page.getByRole("button", { name: "Select", exact: true }).click();
  await page.getByRole("radio", { name: "mark" }).check();
  await expect.poll(() => chosen(page)).toEqual([BY_RANK[0]]);
  await page.getByRole("checkbox", { name: "Drop" }).check();
  await expect.poll(() => chosen(page)).toEqual([BY_RANK[0], BY_RANK[2]]);
  await page.getByRole("button", { name: "Done" }).click();
  await page.getByRole("combobox", { name: "Show" }).selectOption("Without a mark");
  await expect(page.locator(".tile")).toHaveCount(2);
  // A new prompt takes neither marks nor selection away.
  await page.getByRole("combobox", { name: "Show" }).selectOption("All images");
  await page.getByLabel("Prompt", { exact: true }).fill(reference.prompts[1] as string);
  await page.getByLabel("Prompt", { exact: true }).blur();
  await scored(page, FILES.length);
  expect(sorted(await chosen(page))).toEqual(sorted([BY_RANK[0] as string, BY_RANK[2] as string]));
  await expect(page.locator(".tile", { hasText: BY_RANK[1] as string }).locator(".bucket")).toHaveText("Maybe");
});

test("the selected images are saved beside existing files with ranks and a table, and taken back", async ({ page, server }) => {
  await choosingFolders(page, "best");
  const problems = await open(page, server);
  const [first, second, third] = BY_RANK as [string, string, string];
  await write(page, "best", `01 ${first}`, "somebody's file");
  await write(page, "best", "pickscore.csv", "somebody's table");
  const dialog = await saving(page, 3);
  await expect(dialog.getByText(`for example “01 ${first}”`)).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await dialog.getByLabel("Prefix each file name with its rank").check();
  await dialog.getByRole("button", { name: "Choose a folder and save" }).click();
  await expect(dialog.getByText("3 images saved in “best”.")).toBeVisible();
  await expect(dialog.getByText("The scores are in pickscore (2).csv.")).toBeVisible();
  expect(await violations(page)).toEqual([]);

  const renamed = `01 ${first}`.replace(/(\.\w+)$/, " (2)$1");
  const found = (await contents(page, "best")) as Record<string, string>;
  expect(found).toEqual({
    [`01 ${first}`]: hash("somebody's file"),
    "pickscore.csv": hash("somebody's table"),
    [renamed]: hashOf(first),
    [`02 ${second}`]: hashOf(second),
    [`03 ${third}`]: hashOf(third),
    "pickscore (2).csv": expect.any(String),
  });
  const [header, ...lines] = (await read(page, "best", "pickscore (2).csv")).trimEnd().split("\r\n");
  expect(header).toBe("prompt,path,file,score,probability,rank,selected");
  expect(lines).toHaveLength(3);
  for (const [index, name] of [renamed, `02 ${second}`, `03 ${third}`].entries()) {
    const cells = (lines[index] as string).slice((reference.prompts[0] as string).length).replace(/^"?,/, "").split(",");
    expect(cells.slice(0, 2)).toEqual([BY_RANK[index], name]);
    expect(Math.abs(Number(cells[2]) - scoreOf(BY_RANK[index] as string))).toBeLessThan(0.02);
    expect(cells.slice(4)).toEqual([String(index + 1), "1"]);
  }

  // Somebody edits one of the new files: it stays.
  await page.waitForTimeout(20);
  await write(page, "best", `02 ${second}`, "edited");
  await dialog.getByRole("button", { name: "Undo: remove what was written" }).click();
  await expect(dialog.getByText("3 files removed from “best”.")).toBeVisible();
  await expect(dialog.getByText(`Not removed, because they have changed: 02 ${second}.`)).toBeVisible();
  expect(await contents(page, "best")).toEqual({ [`01 ${first}`]: hash("somebody's file"), "pickscore.csv": hash("somebody's table"), [`02 ${second}`]: hash("edited") });

  // The folder is chosen once.
  await dialog.getByRole("button", { name: "Close" }).click();
  await page.getByRole("button", { name: "Save…" }).click();
  await dialog.getByLabel("Add a table").uncheck();
  await dialog.getByRole("button", { name: "Save 3 images in “best”" }).click();
  await expect(dialog.getByText("3 images saved in “best”.")).toBeVisible();
  expect(Object.keys((await contents(page, "best")) ?? {})).toHaveLength(6);
  // After closing, a message offers to undo it.
  await dialog.getByRole("button", { name: "Close" }).click();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByText("3 files removed from “best”.")).toBeVisible();
  expect(Object.keys((await contents(page, "best")) ?? {})).toHaveLength(3);
  expect(problems).toEqual([]);
});

test("the last save is undone later: from the tools for selecting or the dialogue, until it is undone", async ({ page, server }) => {
  await choosingFolders(page, "best");
  await open(page, server);
  const dialog = await saving(page, 2);
  await dialog.getByRole("button", { name: "Choose a folder and save" }).click();
  await expect(dialog.getByText("2 images saved in “best”.")).toBeVisible();
  await dialog.getByRole("button", { name: "Close" }).click();
  await page.getByRole("button", { name: "Dismiss" }).first().click();
  await page.getByRole("button", { name: "Clear selection" }).click();
  await page.getByRole("button", { name: "Select", exact: true }).click();
  const tools = page.locator("choose-images");
  await expect(tools.getByText("Last save: 2 images saved in “best”.")).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await tools.getByRole("button", { name: "Undo" }).click();
  await expect(tools.getByText("3 files removed from “best”.")).toBeVisible();
  await expect(tools.getByRole("button", { name: "Undo" })).toHaveCount(0);
  expect(await contents(page, "best")).toEqual({});
  await page.getByRole("spinbutton", { name: "How many" }).fill("3");
  await page.getByRole("button", { name: "Done" }).click();

  // A stopped save has written something, too.
  await page.getByRole("button", { name: "Save…" }).click();
  await holdAfter(page, 1);
  await dialog.getByRole("button", { name: /^Save \d images? in “best”$/ }).click();
  await held(page);
  await page.keyboard.press("Escape");
  await release(page);
  await expect(dialog.getByText("Stopped.")).toBeVisible();
  const written = Object.keys((await contents(page, "best")) ?? {}).length;
  expect(written).toBeGreaterThan(0);
  await dialog.getByRole("button", { name: "Close" }).click();
  await page.getByRole("button", { name: "Save…" }).click();
  await expect(dialog.getByText(/^Last save: \d images? saved in “best”\.$/)).toBeVisible();
  await dialog.getByRole("button", { name: "Undo" }).click();
  await expect(dialog.getByText(/^\d files? removed from “best”\.$/)).toBeVisible();
  expect(await contents(page, "best")).toEqual({});
});

test("images of the same name are all saved, and a cancelled folder dialogue changes nothing", async ({ page, server }) => {
  await choosingFolders(page, "", "best");
  await openPage(page, server);
  await page.getByLabel("Prompt", { exact: true }).fill("a fox");
  const [one, other] = [readFileSync(picture(FILES[0] as string)), readFileSync(picture(FILES[1] as string))];
  for (const buffer of [one, other]) await addPictures(page, { name: "image.png", mimeType: "image/png", buffer });
  await scored(page, 2);
  const dialog = await saving(page, 2);
  await dialog.getByLabel("Add a table").uncheck();
  await dialog.getByRole("button", { name: "Choose a folder and save" }).click();
  await expect(dialog.getByRole("button", { name: "Choose a folder and save" })).toBeVisible();
  expect(await contents(page, "best")).toBeUndefined();
  await dialog.getByRole("button", { name: "Choose a folder and save" }).click();
  await expect(dialog.getByText("2 images saved in “best”.")).toBeVisible();
  const found = (await contents(page, "best")) as Record<string, string>;
  expect(sorted(Object.keys(found))).toEqual(["image (2).png", "image.png"]);
  expect(sorted(Object.values(found))).toEqual(sorted([hash(one), hash(other)]));
});

test("a stopped save leaves whole files only, and goes on from there", async ({ page, server }) => {
  await choosingFolders(page, "best");
  await open(page, server);
  const dialog = await saving(page, 3);
  await holdAfter(page, 1);
  await dialog.getByRole("button", { name: "Choose a folder and save" }).click();
  await held(page);
  await expect(dialog.getByText("Saving: 1 of 3")).toBeVisible();
  expect(await violations(page)).toEqual([]);
  // Escape stops instead of hiding it.
  await page.keyboard.press("Escape");
  await release(page);
  await expect(dialog.getByText("Stopped.")).toBeVisible();
  await expect(dialog.getByText("2 of 3 are saved and complete; all the others are where they were.")).toBeVisible();
  expect(await contents(page, "best")).toEqual({ [BY_RANK[0] as string]: hashOf(BY_RANK[0] as string), [BY_RANK[1] as string]: hashOf(BY_RANK[1] as string) });
  await dialog.getByRole("button", { name: "Continue" }).click();
  await expect(dialog.getByText("3 images saved in “best”.")).toBeVisible();
  expect(sorted(Object.keys((await contents(page, "best")) ?? {}))).toEqual(sorted([...BY_RANK.slice(0, 3), "pickscore.csv"]));
});

test("a withdrawn permission is explained, and asked for again", async ({ page, server }) => {
  await choosingFolders(page, "best");
  await open(page, server);
  const dialog = await saving(page, 3);
  await withdrawAfter(page, 1);
  await dialog.getByRole("button", { name: "Choose a folder and save" }).click();
  await expect(dialog.getByText("The browser no longer lets this page write there.")).toBeVisible();
  await expect(dialog.getByText(/^1 of 3 are saved and complete/)).toBeVisible();
  await dialog.getByRole("button", { name: "Continue" }).click();
  await expect(dialog.getByText("3 images saved in “best”.")).toBeVisible();
  const found = (await contents(page, "best")) as Record<string, string>;
  for (const name of BY_RANK.slice(0, 3)) expect(found[name]).toBe(hashOf(name));
});

test("a folder that goes away is explained, and another one takes the rest", async ({ page, server }) => {
  await choosingFolders(page, "best", "second");
  await open(page, server);
  const dialog = await saving(page, 3);
  await holdAfter(page, 1);
  await dialog.getByRole("button", { name: "Choose a folder and save" }).click();
  await held(page);
  await page.evaluate(async () => (await navigator.storage.getDirectory()).removeEntry("best", { recursive: true }));
  await release(page);
  await expect(dialog.getByText("The folder is gone: it was renamed, moved or deleted, or its drive was removed.")).toBeVisible();
  await dialog.getByRole("button", { name: "Choose a folder and continue" }).click();
  await expect(dialog.getByText("3 images saved in “second”.")).toBeVisible();
  expect(sorted(Object.keys((await contents(page, "second")) ?? {}))).toEqual(sorted([...BY_RANK.slice(1, 3), "pickscore.csv"]));
});

test("a full disk is explained, and leaves nothing half-written", async ({ page, server }) => {
  await choosingFolders(page, "best");
  await open(page, server);
  const dialog = await saving(page, 3);
  await page.evaluate(() => {
    const { write } = FileSystemWritableFileStream.prototype;
    let written = 0;
    Object.assign(window, { full: true });
    FileSystemWritableFileStream.prototype.write = function (...given) {
      if ((window as unknown as { full: boolean }).full && written++ === 1) return Promise.reject(new DOMException("There is no space left.", "QuotaExceededError"));
      return write.apply(this, given);
    };
  });
  await dialog.getByRole("button", { name: "Choose a folder and save" }).click();
  await expect(dialog.getByText("The disk is full.")).toBeVisible();
  await expect(dialog.getByText(/^1 of 3 are saved and complete/)).toBeVisible();
  expect(await violations(page)).toEqual([]);
  expect(await contents(page, "best")).toEqual({ [BY_RANK[0] as string]: hashOf(BY_RANK[0] as string) });
  await page.evaluate(() => Object.assign(window, { full: false }));
  await dialog.getByRole("button", { name: "Continue" }).click();
  await expect(dialog.getByText("3 images saved in “best”.")).toBeVisible();
});

test("storage that is really full is explained too", async ({ page, server }) => {
  await choosingFolders(page, "best");
  await open(page, server);
  const dialog = await saving(page, 3);
  await page.evaluate(async () => (await navigator.storage.getDirectory()).getDirectoryHandle("best", { create: true }));
  await setQuota(page, 1000);
  await dialog.getByRole("button", { name: "Choose a folder and save" }).click();
  await expect(dialog.getByText("The disk is full.")).toBeVisible();
  await setQuota(page);
  expect(await contents(page, "best")).toEqual({});
  await dialog.getByRole("button", { name: "Continue" }).click();
  await expect(dialog.getByText("3 images saved in “best”.")).toBeVisible();
});

test("an image whose copy was lost is named; the others are saved, though their files were deleted", async ({ page, server }) => {
  await choosingFolders(page, "best");
  await openPage(page, server);
  await page.getByLabel("Prompt", { exact: true }).fill("a fox");
  const folder = mkdtempSync(join(tmpdir(), "pickscore-originals-"));
  const paths = FILES.slice(0, 3).map((name) => join(folder, name));
  for (const [index, path] of paths.entries()) copyFileSync(picture(FILES[index] as string), path);
  await addPictures(page, paths);
  await scored(page, 3);
  await expect(page.locator("table-keeping .words")).toHaveAttribute("data-state", "kept");
  rmSync(folder, { recursive: true });
  await page.evaluate(async (uid) => (await (await navigator.storage.getDirectory()).getDirectoryHandle("table")).removeEntry(uid), hashOf(FILES[1] as string));
  const dialog = await saving(page, 3);
  await dialog.getByRole("button", { name: "Choose a folder and save" }).click();
  await expect(dialog.getByText("2 images saved in “best”.")).toBeVisible();
  await expect(dialog.getByText(`${FILES[1]} could not be read: the file was changed, moved or deleted after it was added.`)).toBeVisible();
  expect(sorted(Object.keys((await contents(page, "best")) ?? {}))).toEqual(sorted([FILES[0] as string, FILES[2] as string, "pickscore.csv"]));
});

/** Fills a folder with {@link FILES} and adds them from there, by a drop. */
async function addFromFolder(page: Page, server: ModelServer): Promise<void> {
  await openPage(page, server);
  await page.getByLabel("Prompt", { exact: true }).fill(reference.prompts[0] as string);
  await page.getByLabel("Prompt", { exact: true }).blur();
  const files = FILES.map((name) => ({ name, base64: readFileSync(picture(name)).toString("base64") }));
  await page.evaluate(async (files) => {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle("originals", { create: true });
    const transfer = new DataTransfer();
    for (const { name, base64 } of files) {
      const handle = await folder.getFileHandle(name, { create: true });
      const stream = await handle.createWritable();
      await stream.write(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)));
      await stream.close();
      transfer.items.add(await handle.getFile());
    }
    document.body.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: transfer }));
  }, files);
  await scored(page, FILES.length);
}

test("images are moved after their copies were checked, and moved back", async ({ page, server }) => {
  await choosingFolders(page, "originals", "best");
  await addFromFolder(page, server);
  const dialog = await saving(page, 2);
  await dialog.getByLabel("Move instead of copying").check();
  await expect(dialog.getByRole("button", { name: "Choose a folder and move" })).toBeDisabled();
  await dialog.getByRole("button", { name: "Open the folder of the originals" }).click();
  await expect(dialog.getByText("originals: 2 of 2 originals found.")).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await dialog.getByRole("button", { name: "Choose a folder and move" }).click();
  await expect(dialog.getByText("2 images moved to “best”.")).toBeVisible();
  const rest = Object.fromEntries(BY_RANK.slice(2).map((name) => [name, hashOf(name)]));
  const moved = Object.fromEntries(BY_RANK.slice(0, 2).map((name) => [name, hashOf(name)]));
  expect(await contents(page, "originals")).toEqual(rest);
  expect(await contents(page, "best")).toEqual({ ...moved, "pickscore.csv": expect.any(String) });
  await dialog.getByRole("button", { name: "Undo: move everything back" }).click();
  await expect(dialog.getByText("3 files removed from “best”.")).toBeVisible();
  await expect(dialog.getByText("2 images moved back to the original folder.")).toBeVisible();
  expect(await contents(page, "originals")).toEqual({ ...rest, ...moved });
  expect(await contents(page, "best")).toEqual({});
  // The page reads them from there: they can be moved again, and opened.
  await dialog.getByRole("button", { name: "Close" }).click();
  await page.locator(".tile[aria-posinset='1'] .frame").click();
  await expect(page.getByRole("dialog", { name: "Close-up" }).getByRole("img")).not.toHaveJSProperty("naturalWidth", 0);
});

test("an original that changed meanwhile is not removed", async ({ page, server }) => {
  await choosingFolders(page, "originals", "best");
  await addFromFolder(page, server);
  const dialog = await saving(page, 2);
  await dialog.getByLabel("Move instead of copying").check();
  await dialog.getByRole("button", { name: "Open the folder of the originals" }).click();
  await expect(dialog.getByText("2 of 2 originals found.")).toBeVisible();
  await holdAfter(page, 0);
  await dialog.getByRole("button", { name: "Choose a folder and move" }).click();
  await held(page);
  // The first image is read already; another program now saves a new version of it.
  await page.evaluate(async (name) => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("originals");
    await folder.removeEntry(name);
    const handle = await folder.getFileHandle(name, { create: true });
    (window as unknown as { gate: PromiseWithResolvers<void> }).gate.resolve();
    const stream = await handle.createWritable();
    await stream.write("a new version");
    await stream.close();
  }, BY_RANK[0] as string);
  await expect(dialog.getByText(`${BY_RANK[0]} was copied, but the original could not be removed.`)).toBeVisible();
  const originals = (await contents(page, "originals")) as Record<string, string>;
  expect(Object.keys(originals)).toContain(BY_RANK[0]);
  expect(((await contents(page, "best")) ?? {})[BY_RANK[0] as string]).toBe(hashOf(BY_RANK[0] as string));
});

/** Unpacks a zip with another program, which checks it first. */
function unpack(path: string): string {
  const folder = mkdtempSync(join(tmpdir(), "pickscore-unpacked-"));
  execFileSync("unzip", ["-tq", path]);
  execFileSync("python3", ["-m", "zipfile", "-e", path, folder]);
  return folder;
}

test("without folder access, a zip is downloaded", async ({ page, server }) => {
  await page.addInitScript(() => {
    Reflect.deleteProperty(window, "showDirectoryPicker");
    Reflect.deleteProperty(window, "showSaveFilePicker");
  });
  await open(page, server);
  const buffer = readFileSync(picture("photo.png"));
  await addPictures(page, { name: BY_RANK[0] as string, mimeType: "image/png", buffer });
  await scored(page, FILES.length + 1);
  const dialog = await saving(page, FILES.length + 1);
  await expect(dialog.getByLabel("Into a folder")).toHaveCount(0);
  // Screen readers announce what changes in an element that was there before, in the dialogue.
  const said = await dialog.locator(".said").elementHandle();
  const [download] = await Promise.all([page.waitForEvent("download"), dialog.getByRole("button", { name: "Save the zip" }).click()]);
  expect(download.suggestedFilename()).toMatch(/^pickscore-\d{4}-\d\d-\d\d\.zip$/);
  await expect(dialog.getByText(/^6 images saved in pickscore-.+\.zip \(.+\)\.$/)).toBeVisible();
  await expect(dialog.getByText("The scores are in pickscore.csv, beside the images in the zip.")).toBeVisible();
  expect(await said?.evaluate((element) => [element.role ?? element.getAttribute("role"), element.isConnected, element.textContent?.includes("6 images saved")])).toEqual(["status", true, true]);
  expect(await violations(page)).toEqual([]);
  const folder = unpack(await download.path());
  const twin = (BY_RANK[0] as string).replace(/(\.\w+)$/, " (2)$1");
  expect(sorted(readdirSync(folder))).toEqual(sorted([...FILES, twin, "pickscore.csv"]));
  const hashes = [BY_RANK[0] as string, twin].map((name) => hash(readFileSync(join(folder, name))));
  expect(sorted(hashes)).toEqual(sorted([hashOf(BY_RANK[0] as string), hash(buffer)]));
  for (const name of BY_RANK.slice(1)) expect(hash(readFileSync(join(folder, name)))).toBe(hashOf(name));
  expect(readFileSync(join(folder, "pickscore.csv"), "utf8").trimEnd().split("\r\n")).toHaveLength(FILES.length + 2);
  rmSync(folder, { recursive: true });
});

test("a zip goes where the visitor says; a stopped one leaves nothing, a finished one is taken back", async ({ page, server }) => {
  await page.addInitScript(() => {
    Object.assign(window, {
      showSaveFilePicker: async ({ suggestedName }: { suggestedName: string }) => {
        const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("zips", { create: true });
        return folder.getFileHandle(suggestedName, { create: true });
      },
    });
  });
  await open(page, server);
  const dialog = await saving(page, 3);
  await dialog.getByLabel("As one zip file").check();
  await page.evaluate(() => {
    const { write } = FileSystemWritableFileStream.prototype;
    const gate = Promise.withResolvers<void>();
    let pieces = 0;
    Object.assign(window, { gate });
    FileSystemWritableFileStream.prototype.write = async function (...given) {
      if (pieces++ === 3) await gate.promise;
      return write.apply(this, given);
    };
  });
  await dialog.getByRole("button", { name: "Save the zip" }).click();
  await expect(dialog.getByText("Saving: 1 of 3")).toBeVisible();
  await dialog.getByRole("button", { name: "Stop" }).click();
  await release(page);
  await expect(dialog.getByText("Nothing was saved, and every image is where it was.")).toBeVisible();
  expect(await contents(page, "zips")).toEqual({});
  await dialog.getByRole("button", { name: "Try again" }).click();
  await dialog.getByRole("button", { name: "Save the zip" }).click();
  await expect(dialog.getByText(/^3 images saved in pickscore-/)).toBeVisible();
  expect(Object.keys((await contents(page, "zips")) ?? {})).toHaveLength(1);
  await dialog.getByRole("button", { name: "Undo: remove what was written" }).click();
  await expect(dialog.getByText(/^pickscore-.+\.zip was removed\.$/)).toBeVisible();
  expect(await contents(page, "zips")).toEqual({});
});
