/**
 * The collection: nothing is lost when the browser is killed, when storage is full or refused, or
 * when two tabs are open.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PORT } from "../browsers.ts";
import { answered, beginRound, expectWhole, given, layOut, pairShown, PICTURES, png, press, stored } from "./judging.ts";
import { Mortal } from "./mortal.ts";
import { openPage } from "./page.ts";
import { expect, openBlank, setQuota, test } from "./setup.ts";
import type * as Library from "../../../web/records/js/records";

const round = { hash: "#/judge", model: null };

/** Number of times the browser is killed; the README's result is with `PICKSCORE_KILLS=50`. */
const KILLS = Number(process.env["PICKSCORE_KILLS"] ?? 4);

test(`the browser is killed ${KILLS} times at random moments, and no choice that was made is lost`, async () => {
  test.setTimeout(60_000 + KILLS * 30_000);
  const folder = mkdtempSync(join(tmpdir(), "pickscore-killed-"));
  try {
    let mortal = await Mortal.start(folder, "#/judge");
    // 40 images have 780 pairs, more than the keys pressed here.
    const files = Array.from({ length: 40 }, (_, index) => ({ name: `${index}.png`, mimeType: "image/png", buffer: png([(index * 53) % 256, (index * 97) % 256, (index * 31) % 256]) }));
    await beginRound(mortal.page, { files, mode: "All pairs" });
    await mortal.page.waitForTimeout(300);
    let known = 0;
    let undone = 0;
    let landed = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const { page } = mortal;
      let running = true;
      let seen = known;
      let undoing = false;
      // Presses keys as fast as a person could; one in six is undo. A choice counts as made once
      // the screen shows it.
      const keys = (async () => {
        while (running) {
          const before = await answered(page).catch(() => undefined);
          if (before === undefined) return;
          const back = before > 3 && Math.random() < 1 / 6;
          undoing = back;
          const key = back ? "u" : (["ArrowLeft", "ArrowRight", "ArrowDown", "s"][Math.floor(Math.random() * 4)] as string);
          await page.keyboard.press(key).catch(() => undefined);
          for (let wait = 0; wait < 40 && running; wait++) {
            const now = await answered(page).catch(() => undefined);
            if (now === undefined) return;
            if (now !== before) {
              seen = now;
              undoing = false;
              if (back) undone += 1;
              break;
            }
            await page.waitForTimeout(5).catch(() => undefined);
          }
        }
      })();
      await new Promise((resolve) => setTimeout(resolve, 200 + Math.random() * 2500));
      await mortal.kill();
      running = false;
      await keys;
      mortal = await Mortal.start(folder, "#/judge");
      await pairShown(mortal.page);
      const now = await answered(mortal.page);
      // One step may have been stored but not yet shown when the browser died. There must never be
      // fewer steps than shown.
      expect(now).toBeGreaterThanOrEqual(seen - (undoing ? 1 : 0));
      expect(now).toBeLessThanOrEqual(seen + 1);
      if (now !== seen) landed += 1;
      const held = await stored(mortal.page);
      expect(held.records).toHaveLength(now);
      expectWhole(held);
      known = now;
    }
    // Every choice can still be undone, back to the first.
    for (let back = 0; back < Math.min(known, 10); back++) await press(mortal.page, "u");
    expect((await stored(mortal.page)).records).toHaveLength(known - Math.min(known, 10));
    test.info().annotations.push({ type: "kills", description: `${KILLS} kills, ${known} choices left of the round, ${undone} taken back, ${landed} times a step was stored that the screen had not shown yet` });
    console.log(test.info().annotations.at(-1)?.description);
    await mortal.kill();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("the data written per choice does not grow with the number of choices", async ({ page, server }) => {
  await page.addInitScript(() => {
    const put = IDBObjectStore.prototype.put;
    const written: { table: string; bytes: number }[] = [];
    Object.assign(window, { written });
    IDBObjectStore.prototype.put = function (this: IDBObjectStore, ...given: [unknown]) {
      written.push({ table: this.name, bytes: JSON.stringify(given[0]).length });
      return put.apply(this, given);
    };
  });
  const taken = () => page.evaluate(() => (window as unknown as { written: { table: string; bytes: number }[] }).written.splice(0));
  await openPage(page, server, round);
  const files = Array.from({ length: 12 }, (_, index) => ({ name: `${index}.png`, mimeType: "image/png", buffer: png([index * 20, 255 - index * 20, 80]) }));
  await beginRound(page, { mode: "All pairs", files });
  await taken();
  const sizes: number[] = [];
  for (let choice = 0; choice < 30; choice += 1) {
    await press(page, "ArrowLeft");
    const written = await taken();
    expect(written.map(({ table }) => table).sort()).toEqual(["answers", "places", "records"]);
    sizes.push(written.reduce((sum, { bytes }) => sum + bytes, 0));
  }
  // Numbers vary in their digits; one more answer in a list would add ninety bytes.
  expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThan(50);
  // Undo writes only the position.
  await press(page, "u");
  expect((await taken()).map(({ table }) => table)).toEqual(["places"]);
});

test("a round stored by version 1 continues in the same place", async ({ page, server }) => {
  await openBlank(page);
  const pictures = PICTURES.map((file) => given(file).buffer.toString("base64"));
  await page.evaluate(async (pictures) => {
    const library = (await import(new URL("lib/records.js", document.baseURI).href)) as typeof Library;
    await library.ready();
    const files = pictures.map((base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)));
    const images = files.map((bytes) => library.imageUid(bytes));
    const judging = library.Round.start({ mode: "all-pairs", seed: 5, images });
    const records = (["left", "right", "tie"] as const).map((label, index) => {
      const { left, right } = judging.pair as Library.Pair;
      const shown = (image_uid: string) => ({ image_uid, model: null, score: null });
      const record = library.checkRecord({
        record_version: 1, uid: `record-${index}`, prompt: "a fox", left: shown(left), right: shown(right), has_label: true, label, created_at: 1000 + index,
        session_uid: "session", rater_uid: "rater", mode: "all-pairs", scores_visible: false, app_version: "0.1.0",
      });
      judging.choose(label, record.uid);
      return { uid: record.uid, session: "session", images: [left, right], record };
    });
    const plan = { mode: "all-pairs", open: false, controls: false, limit: 0, seed: 5 };
    const items = images.map((uid) => ({ uid, path: uid, model: null, written: null }));
    const rows: Record<string, object[]> = {
      records,
      bin: [],
      images: files.map((bytes, index) => ({ uid: images[index], bytes: bytes.length })),
      files: files.map((bytes, index) => ({ uid: images[index], file: new Blob([bytes]) })),
      rounds: [{ uid: "round-old", kind: "round", session: "session", created: 1000, images, items, sets: [{ prompt: "a fox", images }], plan }],
      places: [{ uid: "round-old", revision: 3, states: [judging.state()], at: 0, finished: false, updated: 1003 }],
    };
    const indexes: Record<string, string[]> = { records: ["session", "images"], bin: ["batch", "images"], rounds: ["images"] };
    await new Promise<void>((resolve, reject) => {
      const request = indexedDB.open("pickscore-collection", 1);
      request.onerror = () => reject(request.error);
      request.onupgradeneeded = () => {
        for (const [name, list] of Object.entries(rows)) {
          const store = request.result.createObjectStore(name, { keyPath: "uid" });
          for (const index of indexes[name] ?? []) store.createIndex(index, index, { multiEntry: index === "images" });
          for (const row of list) store.put(row);
        }
      };
      request.onsuccess = () => {
        request.result.close();
        resolve();
      };
    });
  }, pictures);
  await openPage(page, server, round);
  await pairShown(page);
  await expect(page.locator("judge-round .far")).toContainText("Pair 4 of 15");
  await press(page, "ArrowLeft", "u", "u");
  expect((await stored(page)).records.map(({ label }) => label)).toEqual(["left", "right"]);
  await page.reload();
  await pairShown(page);
  await expect(page.locator("judge-round .far")).toContainText("Pair 3 of 15");
  await press(page, "u", "u", "ArrowRight");
  expect((await stored(page)).records.map(({ label }) => label)).toEqual(["right"]);
  expectWhole(await stored(page));
});

test("without storage, the page says so, and judging and exporting work until the tab closes", async ({ page, server }) => {
  await page.addInitScript(() => {
    Object.defineProperty(IDBFactory.prototype, "open", {
      value: () => {
        throw new DOMException("The user denied permission to access the database.", "SecurityError");
      },
    });
  });
  await openPage(page, server, round);
  await expect(page.getByText(/does not let the page store anything/)).toBeVisible();
  await beginRound(page, { files: PICTURES.slice(0, 3).map((file) => given(file)) });
  await press(page, "ArrowLeft", "ArrowRight");
  await expect(page.locator("ranking-view")).toBeVisible();
  await page.getByRole("link", { name: "Contribute" }).click();
  await expect(page.locator("pair-row")).toHaveCount(2);
  await expect(page.locator("contribute-screen").getByText(/does not let the page store anything/)).toBeVisible();
  await page.getByRole("radio", { name: /^For me/ }).check();
  await page.evaluate(() => Reflect.deleteProperty(window, "showSaveFilePicker"));
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save 2 choices as a zip" }).click();
  expect((await download).suggestedFilename()).toMatch(/\.zip$/);
});

test("when storage is full, the page says so, and stores the choice once there is space", async ({ page, server }) => {
  // Chromium enforces a quota to the byte only for images (see the next test); for a choice, its
  // error is simulated.
  await page.addInitScript(() => {
    const put = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = function (this: IDBObjectStore, ...given: [unknown]) {
      if ((window as unknown as { full?: boolean }).full) throw new DOMException("Encountered full disk.", "QuotaExceededError");
      return put.apply(this, given);
    };
  });
  const full = (full: boolean) => page.evaluate((full) => Object.assign(window, { full }), full);
  await openPage(page, server, round);
  await beginRound(page);
  await press(page, "ArrowLeft");
  await full(true);
  await pairShown(page);
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("alert").filter({ hasText: "The browser’s storage for this page is full" })).toBeVisible();
  await expect(page.getByText("This choice has not been stored yet, so the next pair cannot be shown.")).toBeVisible();
  expect(await answered(page)).toBe(1);
  await full(false);
  await page.getByRole("button", { name: "Try again" }).click();
  await expect.poll(() => answered(page)).toBe(2);
  expect((await stored(page)).records.map(({ label }) => label)).toEqual(["left", "right"]);
  // Without space, the round continues in memory with a warning; what is stored stays.
  await full(true);
  await pairShown(page);
  await page.keyboard.press("ArrowDown");
  await page.getByRole("button", { name: "Continue without storing" }).click();
  await expect.poll(() => answered(page)).toBe(3);
  await expect(page.getByText("so nothing more is stored")).toBeVisible();
  await page.getByRole("link", { name: "Contribute" }).click();
  await expect(page.locator("pair-row")).toHaveCount(3);
  expect((await stored(page)).records).toHaveLength(2);
});

test("images that do not fit into storage are reported before judging begins", async ({ profiled: page }) => {
  await page.route("**/config.json", (route) => route.fulfill({ json: { demonstration: null, samples: null } }));
  await page.goto(`http://127.0.0.1:${PORT}/#/judge`);
  await expect(page.getByText("Or drop images")).toBeVisible();
  await setQuota(page, 1);
  await page.getByLabel("Choose images").setInputFiles(PICTURES.map((file) => given(file)));
  await expect(page.getByText(/The browser’s storage for this page is full/)).toBeVisible();
  await setQuota(page);
  await layOut(page, PICTURES.map((file) => given(file)), "a fox");
  expectWhole(await stored(page));
});

test("a second tab gets the round only by taking it over, which stops the first one", async ({ page, context, server }) => {
  await openPage(page, server, round);
  await beginRound(page, { mode: "All pairs" });
  await press(page, "ArrowLeft", "ArrowLeft");
  const second = await context.newPage();
  await openPage(second, server, round);
  await expect(second.getByText("A round is open in another tab or window.")).toBeVisible();
  await press(page, "ArrowRight");
  await second.getByRole("button", { name: "Continue it here" }).click();
  await pairShown(second);
  await expect(second.locator("judge-round .far")).toContainText("Pair 4 of 15");
  await expect(page.getByText("Your round was continued in another tab or window.")).toBeVisible();
  await press(second, "ArrowRight", "u", "u");
  expect((await stored(second)).records.map(({ label }) => label)).toEqual(["left", "left"]);
  await page.getByRole("button", { name: "Continue it here" }).click();
  await pairShown(page);
  await press(page, "ArrowDown");
  expect((await stored(page)).records.map(({ label }) => label)).toEqual(["left", "left", "tie"]);
  expectWhole(await stored(page));
});

test("without locks, an outdated tab cannot overwrite another one's changes", async ({ page, context, server }) => {
  await context.addInitScript(() => Object.defineProperty(Navigator.prototype, "locks", { value: undefined }));
  await openPage(page, server, round);
  await beginRound(page, { mode: "All pairs" });
  await press(page, "ArrowLeft");
  const second = await context.newPage();
  await openPage(second, server, round);
  await pairShown(second);
  await press(second, "ArrowRight");
  await pairShown(page);
  await page.keyboard.press("ArrowDown");
  await expect(page.getByText("Your round was continued in another tab or window.")).toBeVisible();
  const { records, places } = await stored(page);
  expect(records.map(({ label }) => label)).toEqual(["left", "right"]);
  expect(places).toMatchObject([{ revision: 2 }]);
});

test("choices made in one tab appear in another", async ({ page, context, server }) => {
  await openPage(page, server, round);
  await beginRound(page, { mode: "All pairs" });
  const second = await context.newPage();
  await openPage(second, server, { hash: "#/contribute", model: null });
  await expect(second.getByText("No choices yet.")).toBeVisible();
  await press(page, "ArrowLeft", "ArrowLeft");
  await expect(second.locator("pair-row")).toHaveCount(2);
});

test("persistent storage is requested after the first choice, and not before", async ({ page, server }) => {
  await page.addInitScript(() => {
    Object.assign(window, { asked: 0 });
    StorageManager.prototype.persist = async () => {
      (window as unknown as { asked: number }).asked += 1;
      return true;
    };
  });
  const asked = () => page.evaluate(() => (window as unknown as { asked: number }).asked);
  await openPage(page, server, round);
  await beginRound(page);
  expect(await asked()).toBe(0);
  await press(page, "ArrowLeft");
  await expect.poll(asked).toBe(1);
  await press(page, "ArrowLeft");
  expect(await asked()).toBe(1);
});
