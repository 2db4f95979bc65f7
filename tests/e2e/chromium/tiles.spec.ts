/** The contact sheet and its toolbar: where images, marks and texts are. */

import { resolve } from "node:path";
import { violations } from "./axe.ts";
import { addPictures, openPage, picture, scored } from "./page.ts";
import { expect, test } from "./setup.ts";
import type { Page } from "@playwright/test";

interface Drawn {
  top: number;
  /** The lower edge of the image. */
  base: number;
  height: number;
}

/** Where the tiles are once they rest, in order. */
async function drawn(page: Page): Promise<Drawn[]> {
  const read = () =>
    page.locator(".tile").evaluateAll((all) =>
      all
        .sort((a, b) => Number(a.ariaPosInSet) - Number(b.ariaPosInSet))
        .map((tile) => {
          const { bottom, height } = (tile.querySelector("img") as HTMLImageElement).getBoundingClientRect();
          return { top: tile.getBoundingClientRect().top, base: bottom, height };
        }),
    );
  let before = "";
  await expect
    .poll(async () => {
      const now = JSON.stringify(await read());
      const rests = now === before;
      before = now;
      return rests;
    }, { intervals: [300] })
    .toBe(true);
  return JSON.parse(before) as Drawn[];
}

const file = (name: string) => resolve(import.meta.dirname, "../files", name);

test("images of any ratio stand on a common base, with name and percentage as text", async ({ page, server }) => {
  await openPage(page, server);
  await page.getByLabel("Prompt", { exact: true }).fill("a fox");
  await addPictures(page, [...["wide.png", "tall.png"].map(file), ...["photo-95.jpg", "edges.png", "size-300x7.png"].map(picture)]);
  await scored(page, 5);
  // The best image is twice as large; the next test compares it with the row beside its lower half.
  const [, ...others] = await drawn(page);
  for (const { top, base } of others) {
    const row = others.find((other) => Math.abs(other.top - top) < 1);
    expect(Math.abs(base - (row?.base ?? 0))).toBeLessThan(1);
  }
  const found = await page.locator(".tile").evaluateAll((all) =>
    all.map((tile) => ({ name: tile.querySelector(".name")?.textContent?.trim() ?? "", share: tile.querySelector(".share")?.textContent?.trim() ?? "" })),
  );
  expect(found.map(({ name }) => name).sort()).toEqual(["edges.png", "photo-95.jpg", "size-300x7.png", "tall.png", "wide.png"]);
  for (const { share } of found) expect(share).toMatch(/^<?\d+\.\d%$/);
});

test("marks are on their images, however narrow or flat those are", async ({ page, server }) => {
  await openPage(page, server);
  await addPictures(page, [...["wide.png", "tall.png"].map(file), picture("edges.png")]);
  await expect(page.locator(".tile img")).toHaveCount(3);
  for (const tile of await page.locator(".tile").all()) {
    await tile.locator(".frame").focus();
    await page.keyboard.press("k");
    await page.keyboard.press("x");
    for (const mark of [tile.locator(".bucket"), tile.locator(".select")]) {
      await expect(mark).toBeVisible();
      const [drawn, box] = await Promise.all([tile.locator("img").boundingBox(), mark.boundingBox()]);
      if (!drawn || !box) throw new Error("not drawn");
      const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
      expect(x).toBeGreaterThanOrEqual(drawn.x);
      expect(x).toBeLessThanOrEqual(drawn.x + drawn.width);
      expect(y).toBeLessThanOrEqual(drawn.y + drawn.height);
    }
  }
});

test("the large image stands on the base of the row beside it", async ({ page, server }) => {
  await openPage(page, server, { samples: true });
  await scored(page, 12);
  const all = await drawn(page);
  const [large, small] = [all[0], all[5]] as [Drawn, Drawn];
  expect(large.height).toBeGreaterThan(1.8 * small.height);
  expect(Math.abs(large.base - small.base)).toBeLessThan(1);
});

test("the first file input adds images", async ({ page, server }) => {
  await openPage(page, server);
  await page.getByLabel("Prompt", { exact: true }).fill("a fox");
  await page.locator("input[type=file]").first().setInputFiles(picture("edges.png"));
  await scored(page, 1);
});

for (const language of ["en", "ja"] as const) {
  test(`the toolbar is one row at 1280 pixels and folds on phones (${language})`, async ({ page, server }) => {
    await page.addInitScript((language) => localStorage.setItem("pickscore.settings", JSON.stringify({ language })), language);
    await page.setViewportSize({ width: 1280, height: 800 });
    await openPage(page, server, { samples: true });
    await expect(page.locator(".tile")).toHaveCount(12);
    // The widest state: own images with metadata, and the button for the samples.
    await addPicturesIn(page, ["edges.png", "noise.png"]);
    await page.locator("input[type=file]").first().setInputFiles(resolve(import.meta.dirname, "../../metadata/fixtures/automatic1111.png"));
    await expect(page.locator(".tile")).toHaveCount(3);
    await expect(page.locator("generation-filter button")).toBeVisible();
    const controls = page.locator("score-toolbar").locator("button:visible, select:visible, label.button:visible, input:visible:not([type=file])");
    expect(await controls.count()).toBeGreaterThanOrEqual(8);
    const middles = await controls.evaluateAll((all) => all.map((one) => one.getBoundingClientRect()).map(({ top, height }) => top + height / 2));
    for (const middle of middles) expect(Math.abs(middle - (middles[0] as number))).toBeLessThan(4);
    await page.setViewportSize({ width: 360, height: 740 });
    await expect(page.locator("score-toolbar select").first()).toBeHidden();
    const rows = await controls.evaluateAll((all) => new Set(all.map((one) => Math.round(one.getBoundingClientRect().top / 8))).size);
    expect(rows).toBeLessThanOrEqual(2);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    expect(await violations(page)).toEqual([]);
  });
}

/** In any language. */
async function addPicturesIn(page: Parameters<typeof addPictures>[0], names: string[]): Promise<void> {
  await page.locator("input[type=file]").first().setInputFiles(names.map(picture));
}
