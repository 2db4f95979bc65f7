/** The contact sheet and its toolbar: where images, marks and texts are. */

import { resolve } from "node:path";
import { violations } from "./axe.ts";
import { png } from "./judging.ts";
import { addPictures, openPage, picture, previews, scored } from "./page.ts";
import { kept } from "./real-files.ts";
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

/** A PNG that is unlike emoji. */
function noise(width: number, height: number): Buffer {
  let state = 1;
  const next = () => (state = (state * 48271) % 2147483647) % 256;
  return png(() => [next(), next(), next()], {}, [width, height]);
}

for (const language of ["en", "ja"] as const) {
  test(`the mark of images unlike emoji is within their tiles (${language})`, async ({ page, server }, info) => {
    await page.addInitScript((language) => localStorage.setItem("pickscore.settings", JSON.stringify({ language })), language);
    await page.setViewportSize({ width: 1280, height: 800 });
    await openPage(page, server);
    const shapes = [[240, 240], [300, 60], [40, 240], [240, 120]] as const;
    await page.locator("input[type=file]").first().setInputFiles(shapes.map(([width, height], at) => ({ name: `${at}.png`, mimeType: "image/png", buffer: noise(width, height) })));
    await expect(page.locator(".tile .unlike")).toHaveCount(shapes.length);
    await page.locator("score-toolbar .size").fill("96");
    await expect.poll(() => page.locator(".tile").first().evaluate((tile) => tile.getBoundingClientRect().width)).toBeLessThan(120);
    await drawn(page);
    for (const tile of await page.locator(".tile").all()) {
      const [place, mark] = await Promise.all([tile.locator(".frame").boundingBox(), tile.locator(".unlike").boundingBox()]);
      if (!place || !mark) throw new Error("not drawn");
      expect(mark.x).toBeGreaterThanOrEqual(place.x - 0.5);
      expect(mark.x + mark.width).toBeLessThanOrEqual(place.x + place.width + 0.5);
      expect(mark.y + mark.height).toBeLessThanOrEqual(place.y + place.height + 0.5);
      expect(mark.y).toBeGreaterThanOrEqual(place.y);
    }
    await page.screenshot({ path: info.outputPath(`unlike-${language}.png`) });
  });

  test(`on phones, the bar of the selection is one row (${language})`, async ({ page, server }, info) => {
    await page.addInitScript((language) => localStorage.setItem("pickscore.settings", JSON.stringify({ language })), language);
    await page.setViewportSize({ width: 1280, height: 1000 });
    await openPage(page, server);
    await addPicturesIn(page, ["edges.png", "noise.png", "photo-95.jpg"]);
    await expect(page.locator(".tile img")).toHaveCount(3);
    await expect(page.locator("unlike-notice")).toBeVisible();
    for (const box of await page.locator(".tile .select").all()) await box.click();
    await page.setViewportSize({ width: 360, height: 740 });
    const buttons = page.locator("score-selection button:visible");
    await expect(buttons).toHaveCount(4);
    const rects = await buttons.evaluateAll((all) => all.map((button) => button.getBoundingClientRect().toJSON() as DOMRect));
    for (const { top, bottom, left, right } of rects) {
      expect([top, bottom]).toEqual([rects[0]?.top, rects[0]?.bottom]);
      expect(left).toBeGreaterThanOrEqual(0);
      expect(right).toBeLessThanOrEqual(360);
    }
    expect(await violations(page)).toEqual([]);
    await page.screenshot({ path: info.outputPath(`selection-${language}.png`) });
    const clear = page.getByRole("button", { name: language === "en" ? "Clear selection" : "選択を解除" });
    await expect(clear).toContainText("3");
    await clear.click();
    await expect(buttons).toHaveCount(0);
  });
}

for (const [density, pixels] of [[1, 256], [2, 400]] as const) {
  test.describe(`with ${density} pixels for each CSS pixel`, () => {
    test.use({ deviceScaleFactor: density, viewport: { width: 1280, height: 800 } });

    test("tiles of the default size show the smallest thumbnail that has their pixels", async ({ page, server }) => {
      await openPage(page, server);
      await addPictures(page, [900, 800].map((width, at) => ({ name: `${at}.png`, mimeType: "image/png", buffer: noise(width, 600) })));
      const images = page.locator(".tile img");
      const shown = () => images.evaluateAll((all) => all.map((image) => [(image as HTMLImageElement).naturalWidth, image.getBoundingClientRect().width]));
      await expect(images).toHaveCount(2);
      await expect.poll(async () => (await shown()).map(([natural]) => natural)).toEqual([pixels, pixels]);
      for (const [natural = 0, drawn = 0] of await shown()) expect(natural).toBeGreaterThanOrEqual(drawn * density);
      // Larger tiles get the large one.
      await page.locator("score-toolbar .size").fill("360");
      await expect.poll(async () => (await shown()).map(([natural]) => natural)).toEqual([512, 512]);
      // Stored thumbnails are chosen from in the same way.
      await page.locator("score-toolbar .size").fill("168");
      await expect.poll(() => previews(page)).toBe(2);
      await kept(page);
      await page.reload();
      await expect.poll(async () => (await shown()).map(([natural]) => natural)).toEqual([pixels, pixels]);
    });
  });
}

test("the large image stands on the base of the row beside it", async ({ page, server }) => {
  await openPage(page, server, { samples: true });
  await scored(page, 12);
  const all = await drawn(page);
  const [large, small] = [all[0], all[5]] as [Drawn, Drawn];
  expect(large.height).toBeGreaterThan(1.8 * small.height);
  expect(Math.abs(large.base - small.base)).toBeLessThan(1);
});

for (const [shape, width, height] of [["wide", 320, 180], ["photograph", 300, 200], ["panorama", 360, 120], ["tall", 120, 240], ["portrait", 200, 300], ["square", 200, 200]] as const) {
  test(`the best image is larger and fills its place (${shape})`, async ({ page, server }) => {
    await page.setViewportSize({ width: 1280, height: 800 });
    await openPage(page, server);
    await page.getByLabel("Prompt", { exact: true }).fill("a fox");
    const files = Array.from({ length: 12 }, (_, at) => ({ name: `${at}.png`, mimeType: "image/png", buffer: png([at * 20, 255 - at * 20, 90], {}, [width, height]) }));
    await addPictures(page, files);
    await scored(page, 12);
    await expect(page.locator(".tile img")).toHaveCount(12);
    const all = await drawn(page);
    const [best, other] = [all[0], all[1]] as [Drawn, Drawn];
    expect(best.height).toBeGreaterThan(1.45 * other.height);
    // No tile covers another one, and the place is mostly image.
    const rects = await page.locator(".tile").evaluateAll((tiles) =>
      tiles.map((tile) => [tile.querySelector(".frame"), tile.querySelector("img")].map((part) => (part as Element).getBoundingClientRect().toJSON() as DOMRect) as [DOMRect, DOMRect]),
    );
    for (const [index, [a]] of rects.entries()) {
      for (const [b] of rects.slice(index + 1)) expect(a.right <= b.left + 1 || b.right <= a.left + 1 || a.bottom <= b.top + 1 || b.bottom <= a.top + 1).toBe(true);
    }
    const [place, image] = rects.reduce((one, other) => (other[1].width > one[1].width ? other : one));
    expect((image.width * image.height) / (place.width * place.height)).toBeGreaterThan(0.7);
    // Arrow keys lead down from it and back up.
    await page.locator(".tile[aria-posinset='1'] .frame").focus();
    const at = () => page.evaluate(() => Number(document.activeElement?.shadowRoot?.activeElement?.shadowRoot?.activeElement?.shadowRoot?.activeElement?.closest(".tile")?.ariaPosInSet));
    await page.keyboard.press("ArrowDown");
    expect(await at()).toBeGreaterThan(1);
    await page.keyboard.press("ArrowUp");
    expect(await at()).toBe(1);
    await page.keyboard.press("ArrowRight");
    expect(await at()).toBe(2);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowUp");
    expect(await at()).toBe(2);
  });
}

test("a press outside, Escape or another focus closes each menu of the toolbar", async ({ page, server }) => {
  await openPage(page, server);
  await page.getByLabel("Prompt", { exact: true }).fill("a fox");
  // With two files, there is something to filter.
  await page.locator("input[type=file]").first().setInputFiles([picture("edges.png"), resolve(import.meta.dirname, "../../metadata/fixtures/automatic1111.png")]);
  await scored(page, 2);
  await expect(page.locator("generation-filter button")).toBeVisible();
  for (const name of ["Export", "Metadata"]) {
    const button = page.locator("score-toolbar").getByRole("button", { name, exact: true });
    const isOpen = () => button.getAttribute("aria-expanded");
    await button.click();
    expect(await isOpen()).toBe("true");
    // A place where nothing takes the focus.
    await page.locator(".meaning h2").click();
    await expect.poll(isOpen).toBe("false");
    await button.click();
    await page.keyboard.press("Tab");
    expect(await isOpen()).toBe("true");
    await page.keyboard.press("Escape");
    expect(await isOpen()).toBe("false");
    await expect(button).toBeFocused();
    await button.click();
    await page.getByLabel("Prompt", { exact: true }).focus();
    await expect.poll(isOpen).toBe("false");
    await button.click();
    await button.click();
    expect(await isOpen()).toBe("false");
  }
});

test("on phones, the rows of the table show file names", async ({ page, server }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await openPage(page, server);
  await page.getByLabel("Prompt", { exact: true }).fill("a fox\na dog");
  await addPictures(page, ["photo-95.jpg", "edges.png", "size-300x7.png"].map(picture));
  const names = page.locator("picture-matrix .file");
  await expect(names).toHaveCount(3);
  for (const name of await names.all()) {
    await expect(name).toBeVisible();
    // The whole name is there.
    expect(await name.evaluate(({ scrollWidth, clientWidth, scrollHeight, clientHeight }) => scrollWidth <= clientWidth && scrollHeight <= clientHeight + 1)).toBe(true);
  }
  const heights = await page.locator("picture-matrix tbody tr:not(.space)").evaluateAll((rows) => rows.map((row) => row.getBoundingClientRect().height));
  for (const height of heights) expect(Math.abs(height - 108)).toBeLessThan(1);
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
