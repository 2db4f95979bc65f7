/** Judge, four images at a time: keys, records, undo, interruptions; pace; swiping on a pair. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { violations } from "./axe.ts";
import { answered, beginRound, coloured, expectWhole, given, groupShown, layOut, pairShown, pick, PICTURES, press, stored, type Stored } from "./judging.ts";
import { openPage } from "./page.ts";
import { expect, test } from "./setup.ts";

const judge = { hash: "#/judge", model: null };

/** Begins a round of seven images: two groups of four. */
async function begin(page: Page, files = coloured(7), mode = "Best of four"): Promise<void> {
  await layOut(page, files, "a fox in the snow", mode);
  await page.getByRole("button", { name: /^Begin: / }).click();
  await groupShown(page, Math.min(4, files.length));
}

/** The records of each answer. */
function grouped({ records }: Stored): Stored["records"][] {
  const groups = new Map<string, Stored["records"]>();
  for (const record of records) groups.set(record.group_uid ?? record.uid, [...(groups.get(record.group_uid ?? record.uid) ?? []), record]);
  return [...groups.values()];
}

/** The uid of the image that a record prefers. */
function preferred({ label, left, right }: Stored["records"][number]): string | null {
  return label === "left" ? left.image_uid : label === "right" ? right.image_uid : null;
}

test("the best of four gives three records, and the winner comes back", async ({ page, server }) => {
  const problems = await openPage(page, server, judge);
  await begin(page);
  await expect(page.locator("judge-round .far")).toContainText("Choice 1 of 2");
  // The keys are shown on the images that they choose.
  await expect(page.locator("judge-round figure .hint")).toHaveText(["1", "2", "3", "4"]);
  await pick(page, "2");
  await expect(page.locator("judge-round footer")).toContainText("Image 2 chosen.");
  await groupShown(page);
  await page.getByRole("button", { name: "Image 4 is the best" }).click();
  await expect(page.getByRole("heading", { name: "Your results" })).toBeFocused();
  const all = await stored(page);
  expect(all.records).toHaveLength(6);
  const answers = grouped(all);
  expect(answers.map((answer) => answer.length)).toEqual([3, 3]);
  for (const answer of answers) {
    // One image is in all three pairs and preferred in each; the others differ.
    const best = new Set(answer.map(preferred));
    expect(best.size).toBe(1);
    expect(new Set(answer.flatMap(({ left, right }) => [left.image_uid, right.image_uid])).size).toBe(4);
    expect(new Set(answer.map(({ uid }) => uid)).size).toBe(3);
    for (const record of answer) {
      expect(record).toMatchObject({ mode: "best-of-four", has_label: true, control: null, retest_of: null, prompt: "a fox in the snow" });
      expect(record.group_uid).toMatch(/^[\w-]{1,64}$/);
      expect(record.seconds).toBe(answer[0]?.seconds);
    }
  }
  // The second image was chosen: it is right of the first, and left of the other two.
  expect(answers[0]?.map(({ label }) => label).sort()).toEqual(["left", "left", "right"]);
  // The fourth image is right of all others.
  expect(answers[1]?.map(({ label }) => label)).toEqual(["right", "right", "right"]);
  const winner = preferred(answers[0]?.[0] as Stored["records"][number]);
  expect(answers[1]?.flatMap(({ left, right }) => [left.image_uid, right.image_uid])).toContain(winner);
  await expect(page.locator("judge-summary header")).toContainText(/6 pairs, 0 ties, 0 skipped, [\d.]+ s per choice/);
  expectWhole(all);
  expect(problems).toEqual([]);
});

test("undo, ties and skipped groups; a reload continues in the same place", async ({ page, server }) => {
  await openPage(page, server, judge);
  await begin(page, coloured(13));
  await expect(page.getByRole("button", { name: "Undo" })).toBeDisabled();
  await pick(page, "1", "ArrowDown");
  expect((await stored(page)).records.map(({ label }) => label)).toEqual([...Array(3).fill("left"), ...Array(3).fill("tie")]);
  await page.reload();
  await groupShown(page);
  await expect(page.locator("judge-round .far")).toContainText("Choice 3 of 4");
  // One undo takes back all three pairs of a group.
  await pick(page, "u");
  expect((await stored(page)).records).toHaveLength(3);
  await pick(page, "s");
  const skipped = (await stored(page)).records.slice(3);
  expect(skipped.map(({ label, has_label }) => [label, has_label])).toEqual(Array(3).fill([null, false]));
  await pick(page, "3", "4");
  await expect(page.getByRole("heading", { name: "Your results" })).toBeVisible();
  await page.getByRole("button", { name: "Undo the last choice" }).click();
  await groupShown(page);
  await expect(page.locator("judge-round .far")).toContainText("Choice 4 of 4");
  await pick(page, "u", "u", "u");
  const { records, answers } = await stored(page);
  expect([records.length, answers.length]).toEqual([0, 0]);
  expectWhole(await stored(page));
});

test("the last group may have two or three images, and keys of missing images do nothing", async ({ page, server }) => {
  await openPage(page, server, judge);
  await begin(page, coloured(6));
  await pick(page, "1");
  await groupShown(page, 3);
  await page.keyboard.press("4");
  await page.waitForTimeout(300);
  expect(await answered(page)).toBe(1);
  await pick(page, "3");
  await expect(page.locator("ranking-view tbody tr")).toHaveCount(6);
  expect((await stored(page)).records).toHaveLength(5);
});

test("the keys can be turned off, and their hints go", async ({ page, server }) => {
  await openPage(page, server, judge);
  await begin(page);
  await page.getByRole("checkbox", { name: "Enable the keys 1 to 4, S and U" }).uncheck();
  await expect(page.locator("judge-round figure .hint")).toHaveCount(0);
  await page.keyboard.press("1");
  await page.keyboard.press("s");
  await page.waitForTimeout(300);
  expect(await answered(page)).toBe(0);
  // The images are buttons.
  await page.getByRole("button", { name: "Image 1 is the best" }).focus();
  await page.keyboard.press("Enter");
  await expect.poll(() => answered(page)).toBe(1);
});

test("control pairs come between groups and are marked in their records", async ({ page, server }) => {
  await openPage(page, server, judge);
  await layOut(page, coloured(40), "a fox", "Best of four");
  await page.getByRole("checkbox", { name: /^Add control pairs/ }).check();
  await page.getByRole("button", { name: /^Begin: 13 choices/ }).click();
  for (let turn = 0; turn < 30 && (await page.locator("judge-summary").count()) === 0; turn++) {
    const pair = (await page.locator("judge-round .pair").count()) > 0;
    await (pair ? press(page, "ArrowLeft") : pick(page, "1"));
  }
  const { records } = await stored(page);
  const controls = records.filter(({ control }) => control !== null);
  expect(records.length - controls.length).toBe(39);
  for (const control of controls) expect(control).toMatchObject({ mode: "best-of-four", group_uid: null });
  expectWhole(await stored(page));
});

test("pairs of a group are asked again as pairs", async ({ page, server }) => {
  await openPage(page, server, judge);
  await begin(page, coloured(4));
  await pick(page, "1");
  await page.getByRole("button", { name: "Judge 3 again" }).click();
  await pairShown(page);
  await expect(page.locator("judge-round .far")).toContainText("Pair 1 of 3");
  await press(page, "ArrowRight", "ArrowRight", "ArrowRight");
  // The best image was first in its group and so left; now it is on the right.
  await expect(page.getByText("You judged 3 of 3 repeated pairs the same way.")).toBeVisible();
});

test("a second tab takes a round of groups over", async ({ page, context, server }) => {
  await openPage(page, server, judge);
  await begin(page, coloured(13));
  await pick(page, "1");
  const second = await context.newPage();
  await openPage(second, server, judge);
  await second.getByRole("button", { name: "Continue it here" }).click();
  await groupShown(second);
  await expect(second.locator("judge-round .far")).toContainText("Choice 2 of 4");
  await expect(page.getByText("Your round was continued in another tab or window.")).toBeVisible();
  await pick(second, "2", "u", "3");
  expect(grouped(await stored(second)).map((answer) => answer.length)).toEqual([3, 3]);
  expectWhole(await stored(second));
});

test("when storage is full, none of a group's records is stored, and all are once there is space", async ({ page, server }) => {
  await page.addInitScript(() => {
    const put = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = function (this: IDBObjectStore, ...given: [unknown]) {
      const state = window as unknown as { full?: number };
      // The second record of the group does not fit.
      if (this.name === "records" && state.full !== undefined && state.full-- <= 0) throw new DOMException("Encountered full disk.", "QuotaExceededError");
      return put.apply(this, given);
    };
  });
  await openPage(page, server, judge);
  await begin(page);
  await page.evaluate(() => Object.assign(window, { full: 1 }));
  await page.keyboard.press("2");
  await expect(page.getByRole("alert").filter({ hasText: "The browser’s storage for this page is full" })).toBeVisible();
  expect(await answered(page)).toBe(0);
  expect((await stored(page)).records).toEqual([]);
  await page.evaluate(() => Object.assign(window, { full: undefined }));
  await page.getByRole("button", { name: "Try again" }).click();
  await expect.poll(() => answered(page)).toBe(1);
  expect((await stored(page)).records.map(({ label }) => label).sort()).toEqual(["left", "left", "right"]);
  expectWhole(await stored(page));
});

test("records of groups are exported with their group and imported again", async ({ page, server, browser }) => {
  await openPage(page, server, judge);
  await begin(page, coloured(5));
  await pick(page, "2", "1");
  const before = (await stored(page)).records;
  expect(before).toHaveLength(4);
  for (const format of ["Parquet", "JSON Lines"]) {
    await page.goto("./#/contribute");
    await page.getByRole("radio", { name: /^For me/ }).check();
    await page.getByRole("radio", { name: new RegExp(`^${format}`) }).check();
    await page.evaluate(() => Reflect.deleteProperty(window, "showSaveFilePicker"));
    const waiting = page.waitForEvent("download");
    await page.getByRole("button", { name: /^Save 4 choices as a zip/ }).click();
    const download = await waiting;
    const path = join(mkdtempSync(join(tmpdir(), "pickscore-groups-")), download.suggestedFilename());
    await download.saveAs(path);
    if (format === "JSON Lines") {
      const folder = mkdtempSync(join(tmpdir(), "pickscore-groups-"));
      execFileSync("python3", ["-m", "zipfile", "-e", path, folder]);
      const rows = readFileSync(join(folder, "data/train-00000-of-00001.jsonl"), "utf8").trim().split("\n").map((line) => JSON.parse(line));
      expect(rows.map(({ pickscore_group_uid: group }) => group).sort()).toEqual(before.map(({ group_uid: group }) => group).sort());
      expect(rows.every(({ pickscore_mode: mode }) => mode === "best-of-four")).toBe(true);
    }
    const other = await browser.newContext({ baseURL: page.url().split("#")[0] ?? "" });
    const elsewhere = await other.newPage();
    await openPage(elsewhere, server, { hash: "#/contribute", model: null });
    await elsewhere.getByLabel("Choose files").setInputFiles(path);
    await elsewhere.getByRole("button", { name: "Add 4" }).click();
    await expect(elsewhere.locator("pair-row")).toHaveCount(4);
    const uids = ({ records }: Stored) => records.map(({ uid, group_uid: group }) => [uid, group]).sort();
    expect(uids(await stored(elsewhere))).toEqual(uids(await stored(page)));
    await other.close();
  }
});

test("the mode that fits the number of images is preselected, until another is chosen", async ({ page, server }) => {
  await openPage(page, server, judge);
  const checked = page.locator("plan-view .mode:has(:checked) strong");
  await layOut(page, coloured(4), "a fox", "");
  await expect(checked).toHaveText("All pairs");
  await expect(page.locator("plan-view .mode:has(:checked) .fits")).toHaveText("suits 4 images");
  await page.getByLabel("Choose images").setInputFiles(coloured(12));
  await expect(checked).toHaveText("Most informative pairs");
  await page.getByLabel("Choose images").setInputFiles(coloured(30));
  await expect(checked).toHaveText("Best of four");
  await expect(page.locator("plan-view .mode:has(:checked)")).toContainText("10 choices, about 1 min");
  // A second prompt does not change the number of images for each.
  await page.getByLabel("Prompts", { exact: true }).fill("a fox\na dog");
  await expect(page.locator("plan-view .mode:has(:checked)")).toContainText("20 choices, about 2 min");
  await page.getByRole("radio", { name: "Winner stays" }).check();
  await page.getByLabel("Choose images").setInputFiles(coloured(40));
  await expect(page.locator("judge-setup .pictures").getByText(/^\s*40 images/)).toBeVisible();
  await expect(checked).toHaveText("Winner stays");
  await page.waitForTimeout(300);
  await page.reload();
  await expect(checked).toHaveText("Winner stays");
  await expect(page.locator("plan-view .fits")).toHaveText("suits 40 images");
});

test("pace and remaining time are shown after three answers, also after a reload", async ({ page, server }) => {
  await openPage(page, server, judge);
  await begin(page, coloured(30));
  const pace = page.locator("judge-round .pace");
  await pick(page, "1", "2");
  await expect(pace).toHaveText("");
  await groupShown(page);
  await page.waitForTimeout(1500);
  await pick(page, "3");
  await expect(pace).toHaveText(/^\d+\.\d s each, about \d+ sec left$/);
  const each = (await stored(page)).records.map(({ seconds }) => seconds as number).filter((_, index) => index % 3 === 0).sort((a, b) => a - b)[1] as number;
  await expect(pace).toContainText(`${each.toFixed(1)} s each`);
  await page.reload();
  await groupShown(page);
  await expect(pace).toContainText(`${each.toFixed(1)} s each`);
  // An undone answer no longer counts.
  await pick(page, "u");
  await expect(pace).toHaveText("");
});

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(`the theme ${colorScheme}`, () => {
    test.use({ colorScheme, contextOptions: { reducedMotion: "reduce" } });

    test("axe finds no violations in the setup and in a group, with and without facts", async ({ page, server }) => {
      await openPage(page, server, judge);
      await layOut(page, coloured(20), "a fox", "");
      expect(await violations(page)).toEqual([]);
      await page.getByRole("checkbox", { name: /^Show models and scores/ }).check();
      await page.getByRole("button", { name: /^Begin: / }).click();
      await pick(page, "1", "2", "3");
      await groupShown(page);
      expect(await violations(page)).toEqual([]);
    });
  });
}

for (const [width, height] of [[320, 640], [360, 740], [1280, 800], [2560, 1440]] as const) {
  test(`at ${width} × ${height}, four images are on the screen at once, as large as they can be`, async ({ page, server }) => {
    await page.setViewportSize({ width, height });
    await openPage(page, server, judge);
    await begin(page, coloured(8));
    const boxes = await page.locator("judge-round .picture").evaluateAll((all) => all.map((one) => one.getBoundingClientRect().toJSON()));
    expect(boxes).toHaveLength(4);
    for (const { left, right, top, bottom } of boxes) {
      expect(left).toBeGreaterThanOrEqual(0);
      expect(right).toBeLessThanOrEqual(width);
      expect(top).toBeGreaterThanOrEqual(0);
      expect(bottom).toBeLessThanOrEqual(height);
    }
    // Square images in a wide window stand in one row or in two; in a narrow one, in two.
    expect(new Set(boxes.map(({ top }) => top)).size).toBeLessThanOrEqual(2);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBeLessThanOrEqual(0);
  });
}

test.describe("with a finger", () => {
  test.use({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });

  /** Moves a finger over the first image. */
  async function swipe(page: Page, dx: number, dy: number, beforeLifting?: () => Promise<void>): Promise<void> {
    const box = (await page.locator("judge-round .pair").boundingBox()) as { x: number; y: number; width: number; height: number };
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [{ x, y }] });
    for (let step = 1; step <= 6; step++) await devtools.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: [{ x: x + (dx * step) / 6, y: y + (dy * step) / 6 }] });
    await beforeLifting?.();
    await devtools.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  }

  test("a swipe towards an image chooses it, once; a short or sideways one does not", async ({ page, server }) => {
    await openPage(page, server, judge);
    await beginRound(page, { files: PICTURES.map((file) => given(file)) });
    await expect(page.locator("judge-round figure .hint")).toHaveText(["↑", "↓"]);
    await swipe(page, 0, -120);
    await expect.poll(() => answered(page)).toBe(1);
    await pairShown(page);
    await swipe(page, 0, 120);
    await expect.poll(() => answered(page)).toBe(2);
    await pairShown(page);
    expect((await stored(page)).records.map(({ label }) => label)).toEqual(["left", "right"]);
    await swipe(page, 0, 40);
    await swipe(page, 150, 10);
    await page.waitForTimeout(400);
    expect(await answered(page)).toBe(2);
    // The image that would be chosen is marked while the finger is down.
    await swipe(page, 0, -120, () => expect(page.locator("judge-round figure.marked")).toHaveCount(1));
    await expect.poll(() => answered(page)).toBe(3);
    await pairShown(page);
    // A tap still works after a swipe. For half a second or more after a swipe whose finger rested,
    // headless Chromium reports a touch but no click.
    await page.waitForTimeout(1000);
    await page.getByRole("button", { name: "Prefer the lower image" }).tap();
    await expect.poll(() => answered(page)).toBe(4);
    expect((await stored(page)).records.map(({ label }) => label)).toEqual(["left", "right", "left", "right"]);
  });

  test("on a phone held sideways, swipes go left and right", async ({ page, server }) => {
    await page.setViewportSize({ width: 740, height: 360 });
    await openPage(page, server, judge);
    await beginRound(page, { files: PICTURES.map((file) => given(file)) });
    await expect(page.locator("judge-round figure .hint")).toHaveText(["←", "→"]);
    await swipe(page, 120, 0);
    await expect.poll(() => answered(page)).toBe(1);
    expect((await stored(page)).records.map(({ label }) => label)).toEqual(["right"]);
  });

  test("four images are tapped", async ({ page, server }) => {
    await openPage(page, server, judge);
    await begin(page);
    await page.getByRole("button", { name: "Image 3 is the best" }).tap();
    await expect.poll(() => answered(page)).toBe(1);
  });
});
