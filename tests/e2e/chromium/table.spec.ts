/**
 * The table survives: reloads, other tabs, full storage, files that are gone, folders that are
 * renamed, permission that is withdrawn. `table-kills.spec.ts` kills the browser.
 */

import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type BrowserContext, chromium, type Page } from "@playwright/test";
import { chromiumArguments, chromiumPath, environment, PORT } from "../browsers.ts";
import { golden } from "../fixtures.ts";
import { violations } from "./axe.ts";
import { given, png } from "./judging.ts";
import { addPictures, openPage, picture, scored, tiles } from "./page.ts";
import { copies, dropFromDisk, kept, onDisk } from "./real-files.ts";
import { expect, setQuota, test } from "./setup.ts";

const reference = golden();
const FILES = [4, 12, 17].map((index) => reference.images[index] as string);
const PROMPT = reference.prompts[0] as string;

/** Images of plain colours. */
const plain = (count: number) => Array.from({ length: count }, (_, index) => ({ path: `${index}.png`, buffer: png([(index * 53) % 256, (index * 97) % 256, (index * 31) % 256]) }));

const names = (page: Page) => page.locator("picture-sheet .tile .name").evaluateAll((all) => all.map((name) => name.getAttribute("title") ?? "").sort());

/** The page without any model, as configured for {@link openPage}. */
async function withoutModel(page: Page): Promise<void> {
  await page.route(`http://127.0.0.1:${PORT}/config.json`, (route) => route.fulfill({ json: { demonstration: null, samples: null } }));
}

test("copies, prompts, scores and selection come back after a reload without a click", async ({ page, server }) => {
  const problems = await openPage(page, server);
  await page.getByLabel("Prompt", { exact: true }).fill(PROMPT);
  await addPictures(page, FILES.map(picture));
  await scored(page, 3);
  await page.getByRole("checkbox", { name: `Select ${FILES[1]}` }).click();
  await page.getByLabel("Sort by").selectOption("name");
  await kept(page);
  await expect(page.locator("table-keeping")).toContainText("3 images are copied to the browser’s storage");
  const before = await tiles(page);
  // Scores are stored a moment after they are shown.
  await page.waitForTimeout(2500);
  await page.reload();
  await scored(page, 3);
  expect(await tiles(page)).toEqual(before);
  await expect(page.getByLabel("Prompt", { exact: true })).toHaveValue(PROMPT);
  await expect(page.getByLabel("Sort by")).toHaveValue("name");
  await expect(page.locator(".tile.selected .name")).toHaveText(FILES[1] as string);
  await expect(page.locator(".tile img")).toHaveCount(3);
  // Without a model, too: what is stored needs none. The copy itself is opened.
  await withoutModel(page);
  await page.reload();
  await expect(page.locator(".tile .share:not(:empty)")).toHaveCount(3);
  expect(await tiles(page)).toEqual(before);
  await page.getByRole("button", { name: new RegExp(`^${FILES[0]}, rank`) }).click();
  const image = page.getByRole("dialog").getByRole("img");
  await expect.poll(() => image.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0);
  expect(problems).toEqual([]);
});

test("files and folders from the disk are remembered, not copied", async ({ page, server }) => {
  const folder = onDisk("renders", plain(5));
  await openPage(page, server);
  await page.getByLabel("Prompt", { exact: true }).fill("a fox");
  await dropFromDisk(page, [folder]);
  await scored(page, 5);
  await kept(page);
  await expect(page.locator("table-keeping")).toContainText("5 images stay where they are");
  expect(await copies(page)).toEqual([]);
  const before = await names(page);
  expect(before[0]).toBe("renders/0.png");
  await page.reload();
  await scored(page, 5);
  expect(await names(page)).toEqual(before);
  rmSync(dirname(folder), { recursive: true });
});

test("images of a dropped folder that the browser gives no handles for are copied", async ({ page, server }) => {
  // Chromium finds these names unsafe.
  const unsafe = ["what is it?.png", "a: b.png", "star*.png", "more?/inner.png", "notes?.txt"];
  const folder = onDisk("renders", [...plain(2), ...unsafe.map((path, at) => ({ path, buffer: png([at * 40, 10, 200]) }))]);
  await openPage(page, server);
  await page.getByLabel("Prompt", { exact: true }).fill("a fox");
  await dropFromDisk(page, [folder]);
  await scored(page, 6);
  expect(await names(page)).toEqual(["0.png", "1.png", ...unsafe.slice(0, 4)].map((path) => `renders/${path}`).sort());
  await kept(page);
  await expect(page.locator("table-keeping")).toContainText("2 images stay where they are");
  await expect(page.locator("table-keeping")).toContainText("4 images are copied");
  // Once more: nothing is there twice.
  await dropFromDisk(page, [folder]);
  await expect(page.getByText("6 images were in the table already.")).toBeVisible();
  await expect(page.locator("score-toolbar .count")).toHaveText("6 images");
  rmSync(dirname(folder), { recursive: true });
});

test("a renamed folder: one sentence, nothing lost, and its images connect again", async ({ page, server }) => {
  const folder = onDisk("renders", plain(4));
  const renamed = join(dirname(folder), "best renders");
  await openPage(page, server);
  await page.getByLabel("Prompt", { exact: true }).fill("a fox");
  await dropFromDisk(page, [folder]);
  await scored(page, 4);
  await page.getByRole("checkbox", { name: "Select renders/2.png" }).click();
  await kept(page);
  const before = await tiles(page);
  await page.waitForTimeout(2500);
  renameSync(folder, renamed);
  await page.reload();
  const notice = page.getByText("4 images are no longer in “renders”, which may have been renamed, moved or deleted.");
  await expect(notice).toBeVisible();
  await expect(page.locator(".tile img")).toHaveCount(4);
  await scored(page, 4);
  expect(await tiles(page)).toEqual(before);
  expect(await violations(page)).toEqual([]);
  // New prompts are scored too: the embeddings are kept.
  await page.getByLabel("Prompt", { exact: true }).fill("a dog");
  await expect.poll(async () => JSON.stringify(await tiles(page)) !== JSON.stringify(before)).toBe(true);
  await dropFromDisk(page, [renamed]);
  await expect(page.getByText("4 images are available again.")).toBeVisible();
  await expect(notice).toBeHidden();
  await expect.poll(() => names(page)).toEqual([0, 1, 2, 3].map((index) => `best renders/${index}.png`));
  await expect(page.locator(".tile.selected .name")).toHaveText("2.png");
  await kept(page);
  await page.reload();
  await scored(page, 4);
  await expect(page.getByText(/no longer/)).toHaveCount(0);
  rmSync(dirname(folder), { recursive: true });
});

test("a file that is gone: one sentence when it is opened, its preview and score stay", async ({ page, server }) => {
  const folder = onDisk("renders", plain(3));
  await openPage(page, server);
  await page.getByLabel("Prompt", { exact: true }).fill("a fox");
  await dropFromDisk(page, [folder]);
  await scored(page, 3);
  await kept(page);
  rmSync(join(folder, "1.png"));
  await page.reload();
  await scored(page, 3);
  await page.getByRole("button", { name: /^renders\/1\.png, rank/ }).click();
  // The preview stands in for it.
  const image = page.getByRole("dialog").getByRole("img");
  await expect.poll(() => image.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0);
  await page.keyboard.press("Escape");
  await expect(page.getByText("1 image is no longer in “renders”")).toBeVisible();
  await expect(page.locator(".tile .share:not(:empty)")).toHaveCount(3);
  rmSync(dirname(folder), { recursive: true });
});

test("a file that was changed on the disk is scored again", async ({ page, server }) => {
  const folder = onDisk("renders", plain(3));
  await openPage(page, server);
  await page.getByLabel("Prompt", { exact: true }).fill("a fox");
  await dropFromDisk(page, [folder]);
  await scored(page, 3);
  await kept(page);
  const score = async () => (await tiles(page)).find(({ name }) => name === "renders/1.png")?.score;
  const before = await score();
  await page.reload();
  await scored(page, 3);
  writeFileSync(join(folder, "1.png"), given("noise.png").buffer);
  await page.getByRole("button", { name: /^renders\/1\.png, rank/ }).click();
  await page.keyboard.press("Escape");
  await expect.poll(score).not.toBe(before);
  await scored(page, 3);
  rmSync(dirname(folder), { recursive: true });
});

/** Makes the browser answer questions about handles as it does after a restart. */
function withdraw(): void {
  const state = { answer: "prompt", asked: 0, next: "granted" };
  Object.assign(window, { permission: state });
  const getFile = FileSystemFileHandle.prototype.getFile;
  if (!sessionStorage.getItem("withdrawn")) return;
  Object.assign(FileSystemHandle.prototype, {
    queryPermission: async () => state.answer,
    requestPermission: async () => {
      state.asked += 1;
      state.answer = state.next;
      return state.answer;
    },
  });
  FileSystemFileHandle.prototype.getFile = async function (this: FileSystemFileHandle) {
    if (state.answer !== "granted") throw new DOMException("The request is not allowed", "NotAllowedError");
    return getFile.call(this);
  };
}

test("withdrawn permission: one sentence and one click, and nothing is lost if it is refused", async ({ page, server }) => {
  await page.addInitScript(withdraw);
  const folder = onDisk("renders", plain(4));
  await openPage(page, server);
  await page.getByLabel("Prompt", { exact: true }).fill("a fox");
  await dropFromDisk(page, [folder]);
  await scored(page, 4);
  await kept(page);
  const before = await tiles(page);
  await page.evaluate(() => sessionStorage.setItem("withdrawn", "1"));
  await page.waitForTimeout(2500);
  await page.reload();
  const notice = page.getByText("The browser needs your permission again to read 4 images.");
  await expect(notice).toBeVisible();
  await scored(page, 4);
  expect(await tiles(page)).toEqual(before);
  await expect(page.locator(".tile img")).toHaveCount(4);
  expect(await violations(page)).toEqual([]);
  const set = (next: string) => page.evaluate((next) => Object.assign((window as unknown as { permission: object }).permission, { next, answer: "prompt" }), next);
  await set("denied");
  await page.getByRole("button", { name: "Allow reading" }).click();
  await expect(page.getByText("The browser still does not allow reading some of the images.")).toBeVisible();
  expect(await tiles(page)).toEqual(before);
  await set("granted");
  await page.getByRole("button", { name: "Allow reading" }).click();
  await expect(notice).toBeHidden();
  // One question for the folder, not one for each file.
  expect(await page.evaluate(() => (window as unknown as { permission: { asked: number } }).permission.asked)).toBe(2);
  await page.getByRole("button", { name: /^renders\/1\.png, rank/ }).click();
  await expect.poll(() => page.getByRole("dialog").getByRole("img").evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(32);
  rmSync(dirname(folder), { recursive: true });
});

/** A browser with a profile on the disk, opened again and again. */
async function visits(use: (open: () => Promise<{ context: BrowserContext; page: Page }>) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "pickscore-table-"));
  let context: BrowserContext | undefined;
  try {
    await use(async () => {
      await context?.close();
      context = await chromium.launchPersistentContext(folder, { executablePath: chromiumPath(), args: chromiumArguments(), env: environment() });
      const page = await context.newPage();
      await withoutModel(page);
      await page.goto(`http://127.0.0.1:${PORT}/`);
      await page.getByLabel("Prompt", { exact: true }).waitFor();
      return { context, page };
    });
  } finally {
    await context?.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

test("after the browser was closed, copies are there, and images on the disk need the real permission", async () => {
  const folder = onDisk("renders", plain(3));
  await visits(async (open) => {
    const { page } = await open();
    await dropFromDisk(page, [folder]);
    await expect(page.locator(".tile img")).toHaveCount(3);
    await addPictures(page, [picture("noise.png")]);
    await expect(page.locator("table-keeping")).toContainText("1 image is copied");
    await kept(page);
    await page.waitForTimeout(2500);
    const { page: later } = await open();
    await expect(later.locator(".tile img")).toHaveCount(4);
    await expect(later.getByText("The browser needs your permission again to read 3 images.")).toBeVisible();
    await later.getByRole("button", { name: /^noise\.png/ }).click();
    await expect.poll(() => later.getByRole("dialog").getByRole("img").evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0);
  });
  rmSync(dirname(folder), { recursive: true });
});

test("full storage: one sentence, the images stay until the tab closes, and are kept once there is space", async () => {
  await visits(async (open) => {
    const { page } = await open();
    await addPictures(page, [picture("noise.png")]);
    await kept(page);
    await setQuota(page, 1);
    await addPictures(page, [given("photo-95.jpg"), given("grey.png")]);
    await expect(page.getByText("The browser’s storage is full: 2 images can be used until you close this tab, but are not kept.")).toBeVisible();
    await expect(page.locator(".tile img")).toHaveCount(3);
    expect(await violations(page)).toEqual([]);
    await setQuota(page);
    await page.getByRole("button", { name: "Try again" }).click();
    await expect(page.locator("table-keeping")).toContainText("3 images are copied");
    await expect(page.getByText("storage is full")).toHaveCount(0);
    await kept(page);
    const { page: later } = await open();
    await expect(later.locator(".tile img")).toHaveCount(3);
  });
});

test("changes that do not fit into storage are reported, and stored once there is space", async ({ page, server }) => {
  // Chromium enforces a quota to the byte only for files; for rows, its error is simulated.
  await page.addInitScript(() => {
    const put = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = function (this: IDBObjectStore, ...given: [unknown]) {
      if ((window as unknown as { full?: boolean }).full) throw new DOMException("Encountered full disk.", "QuotaExceededError");
      return put.apply(this, given);
    };
  });
  const full = (full: boolean) => page.evaluate((full) => Object.assign(window, { full }), full);
  await openPage(page, server, { model: null });
  await addPictures(page, FILES.map(picture));
  await expect(page.locator("table-keeping")).toContainText("3 images are copied");
  await kept(page);
  await full(true);
  await page.getByRole("checkbox", { name: `Select ${FILES[0]}` }).click();
  await expect(page.getByText("The browser’s storage is full, so the last changes of this table are not stored yet.")).toBeVisible();
  await full(false);
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByText("storage is full")).toHaveCount(0);
  await kept(page);
  await page.reload();
  await expect(page.locator(".tile.selected .name")).toHaveText(FILES[0] as string);
});

test("removed images stay removed; what is undone stays", async ({ page, server }) => {
  await openPage(page, server, { model: null });
  await addPictures(page, FILES.map(picture));
  await expect(page.locator("table-keeping")).toContainText("3 images are copied");
  await page.getByRole("checkbox", { name: `Select ${FILES[0]}` }).click();
  await page.getByRole("button", { name: "Remove" }).click();
  await expect(page.locator(".tile")).toHaveCount(2);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.locator(".tile")).toHaveCount(3);
  await kept(page);
  await page.reload();
  await expect(page.locator(".tile")).toHaveCount(3);
  await page.getByRole("button", { name: "Remove" }).click();
  await expect(page.locator(".tile")).toHaveCount(2);
  await kept(page);
  await page.reload();
  await expect(page.locator(".tile")).toHaveCount(2);
  await expect.poll(() => copies(page)).toHaveLength(2);
});

test("what is added again is not there twice", async ({ page, server }) => {
  const folder = onDisk("renders", plain(3));
  await openPage(page, server, { model: null });
  await page.getByLabel("Prompt", { exact: true }).waitFor();
  const already = (count: string) => page.getByText(`${count} in the table already.`);
  await dropFromDisk(page, [folder]);
  await dropFromDisk(page, [folder]);
  await expect(already("3 images were")).toBeVisible();
  await expect(page.locator(".tile")).toHaveCount(3);
  await addPictures(page, FILES.map(picture));
  await kept(page);
  await addPictures(page, FILES.map(picture));
  await expect(already("6 images were").or(already("3 images were"))).toBeVisible();
  await expect(page.locator(".tile")).toHaveCount(6);
  // A single file is another one until it has been read.
  await dropFromDisk(page, [join(folder, "1.png")]);
  await expect(page.locator(".tile")).toHaveCount(7);
  await kept(page);
  await page.waitForTimeout(3500);
  await dropFromDisk(page, [join(folder, "1.png")]);
  await expect(already("1 image was")).toBeVisible();
  await expect(page.locator(".tile")).toHaveCount(7);
  // A copy under another name is another image.
  writeFileSync(join(folder, "copy.png"), plain(1)[0]?.buffer as Buffer);
  await dropFromDisk(page, [folder]);
  await expect(page.locator(".tile")).toHaveCount(8);
  rmSync(dirname(folder), { recursive: true });
});

test("one button clears everything from the device, after a question", async ({ page, server }) => {
  await openPage(page, server, { model: null });
  await page.getByLabel("Prompt", { exact: true }).fill("a fox");
  await addPictures(page, FILES.map(picture));
  await expect(page.locator("table-keeping")).toContainText("3 images are copied");
  await kept(page);
  await page.getByRole("button", { name: "Clear the table" }).click();
  await expect(page.getByText("Clear 3 images, prompts, scores and selection from this device?")).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.locator(".tile")).toHaveCount(3);
  await page.getByRole("button", { name: "Clear the table" }).click();
  await page.getByRole("button", { name: "Clear", exact: true }).click();
  await expect(page.getByText("Add images to score them.")).toBeVisible();
  await expect.poll(() => copies(page)).toEqual([]);
  const rows = () =>
    page.evaluate(async () => {
      const database = await new Promise<IDBDatabase>((resolve, reject) => {
        const request = indexedDB.open("pickscore-table");
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
      const stores = [...database.objectStoreNames];
      const counts = await Promise.all(stores.map((name) => new Promise<number>((resolve) => {
        const request = database.transaction(name).objectStore(name).count();
        request.onsuccess = () => resolve(request.result);
      })));
      database.close();
      return counts.reduce((sum, count) => sum + count, 0);
    });
  expect(await rows()).toBe(0);
  await page.reload();
  await expect(page.getByText("Add images to score them.")).toBeVisible();
  await expect(page.getByLabel("Prompt", { exact: true })).toHaveValue("");
});

test("a second tab does not touch the table until it is told to", async ({ page, context, server }) => {
  await openPage(page, server, { model: null });
  await addPictures(page, FILES.map(picture));
  await expect(page.locator("table-keeping")).toContainText("3 images are copied");
  await kept(page);
  const second = await context.newPage();
  await openPage(second, server, { model: null });
  await expect(second.getByText("Your table is open in another tab. What you do here is not kept.")).toBeVisible();
  await expect(second.locator(".tile")).toHaveCount(0);
  await second.getByRole("button", { name: "Use it here" }).click();
  await expect(second.locator(".tile")).toHaveCount(3);
  await expect(page.getByText("Your table was opened in another tab.")).toBeVisible();
  await page.getByRole("checkbox", { name: `Select ${FILES[0]}` }).click();
  await second.getByRole("checkbox", { name: `Select ${FILES[1]}` }).click();
  await kept(second);
  await second.reload();
  await expect(second.locator(".tile.selected .name")).toHaveText(FILES[1] as string);
});

test("without storage, the page says so, and everything works until the tab closes", async ({ page, server }) => {
  await page.addInitScript(() => {
    Object.defineProperty(IDBFactory.prototype, "open", {
      value: () => {
        throw new DOMException("The user denied permission to access the database.", "SecurityError");
      },
    });
  });
  const problems = await openPage(page, server);
  await page.getByLabel("Prompt", { exact: true }).fill("a fox");
  await addPictures(page, FILES.map(picture));
  await scored(page, 3);
  await expect(page.locator(".tile img")).toHaveCount(3);
  await expect(page.getByText("This browser does not let the page store anything, which is common in private windows. This table lasts only until you close this tab.")).toBeVisible();
  expect(problems).toEqual([]);
});

test("the samples come back with what was added to them, and their selection", async ({ page, server }) => {
  await openPage(page, server, { samples: true });
  await scored(page, 12);
  await page.locator(".tile .select").first().click();
  const selected = await page.locator(".tile.selected .name").getAttribute("title");
  // The selection is stored at once; with samples alone, the page says nothing about it.
  await page.waitForTimeout(1000);
  await page.reload();
  await scored(page, 12);
  await expect(page.locator(".tile.selected .name")).toHaveAttribute("title", selected as string);
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`the state of what is kept in the theme ${colorScheme}, in Japanese, on a phone`, async ({ page, server }) => {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width: 360, height: 740 });
    await page.addInitScript(() => localStorage.setItem("pickscore.settings", JSON.stringify({ language: "ja" })));
    await openPage(page, server, { model: null });
    await page.getByLabel("画像を追加").setInputFiles(FILES.map(picture));
    await expect(page.locator("table-keeping")).toContainText("3枚はブラウザのストレージにコピーされています");
    await page.getByRole("button", { name: "一覧を消去" }).click();
    expect(await violations(page)).toEqual([]);
    const { scroll, client } = await page.evaluate(() => ({ scroll: document.documentElement.scrollWidth, client: document.documentElement.clientWidth }));
    expect(scroll).toBeLessThanOrEqual(client);
  });
}
