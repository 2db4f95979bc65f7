/** The close-up: walking through the ranking, selecting, side by side, what it says of an image. */

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Locator, Page } from "@playwright/test";
import { golden, native } from "../fixtures.ts";
import { violations } from "./axe.ts";
import { addPictures, dropMany, modelInUse, openPage, picture, scored, tiles } from "./page.ts";
import { expect, test } from "./setup.ts";

const reference = golden();
const metadata = (name: string) => resolve(import.meta.dirname, "../../metadata/fixtures", name);

function closeUp(page: Page): Locator {
  return page.getByRole("dialog", { name: "Close-up" });
}

/** The name in the side panel. */
function shown(page: Page): Locator {
  return closeUp(page).getByRole("heading", { level: 2 });
}

/** Where the image is in the ranking. */
function place(page: Page): Locator {
  return closeUp(page).locator(".place");
}

/** Only tiles near the window are in the document, and on a phone the introduction fills it. */
async function showSheet(page: Page): Promise<void> {
  await page.locator("picture-sheet").evaluate((sheet) => sheet.scrollIntoView());
}

async function openTile(page: Page, place: number): Promise<void> {
  await showSheet(page);
  await page.locator(`.tile[aria-posinset='${place}'] .frame`).click();
  await expect(closeUp(page)).toBeVisible();
}

const base = (path: string) => path.split("/").pop() as string;

test("arrow keys walk through the ranking, and closing returns to the image looked at last", async ({ page, server }) => {
  const problems = await openPage(page, server, { samples: true });
  await scored(page, 12);
  const names = (await tiles(page)).map(({ name }) => base(name));
  await openTile(page, 5);
  await expect(shown(page)).toHaveText(names[4] as string);
  await expect(place(page)).toHaveText("5 of 12");
  expect(await violations(page)).toEqual([]);
  for (let step = 0; step < 3; step++) await page.keyboard.press("ArrowRight");
  await expect(shown(page)).toHaveText(names[7] as string);
  await page.keyboard.press("ArrowLeft");
  await expect(place(page)).toHaveText("7 of 12");
  await page.keyboard.press("Escape");
  await expect(page.locator(".tile[aria-posinset='7'] .frame")).toBeFocused();
  // At either end there is nothing more.
  await page.keyboard.press("Enter");
  await expect(closeUp(page)).toBeVisible();
  await page.keyboard.press("Home");
  await expect(closeUp(page).getByRole("button", { name: "Previous image" })).toBeDisabled();
  await page.keyboard.press("ArrowLeft");
  await expect(shown(page)).toHaveText(names[0] as string);
  // The browser's back button closes it and stays on the page.
  await page.goBack();
  await expect(closeUp(page)).toBeHidden();
  await expect(page.locator(".tile[aria-posinset='1'] .frame")).toBeFocused();
  expect(new URL(page.url()).hash).toMatch(/^(#\/score)?$/);
  expect(problems).toEqual([]);
});

test("far down among many images, the place is kept", async ({ page, server }) => {
  test.setTimeout(300_000);
  await openPage(page, server);
  await page.getByLabel("Prompt", { exact: true }).fill("a fox");
  await expect(modelInUse(page)).toHaveText(/narrow, on the CPU/);
  await dropMany(page, 200);
  await scored(page, 200);
  await page.locator(".tile[aria-posinset='1'] .frame").focus();
  await page.keyboard.press("End");
  await expect(page.locator(".tile[aria-posinset='200'] .frame")).toBeFocused();
  const before = await page.evaluate(() => scrollY);
  expect(before).toBeGreaterThan(1000);
  await page.keyboard.press("Enter");
  await expect(closeUp(page)).toBeVisible();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Escape");
  const last = page.locator(".tile[aria-posinset='199'] .frame");
  await expect(last).toBeFocused();
  await expect(last).toBeInViewport();
  expect(Math.abs((await page.evaluate(() => scrollY)) - before)).toBeLessThan(400);
  // Going to the other end scrolls there.
  await page.keyboard.press("Enter");
  await expect(closeUp(page)).toBeVisible();
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Escape");
  const second = page.locator(".tile[aria-posinset='2'] .frame");
  await expect(second).toBeFocused();
  await expect(second).toBeInViewport();
  // Neither does the browser scroll later.
  await page.waitForTimeout(300);
  await expect(second).toBeInViewport();
});

test("the space bar selects, and letters mark an image and go on", async ({ page, server }) => {
  await openPage(page, server, { samples: true });
  await scored(page, 12);
  const names = (await tiles(page)).map(({ name }) => base(name));
  await openTile(page, 1);
  await page.keyboard.press("Space");
  await expect(closeUp(page).getByRole("button", { name: "Select", exact: true })).toHaveAttribute("aria-pressed", "true");
  await page.keyboard.press("Space");
  await expect(closeUp(page).getByRole("button", { name: "Select", exact: true })).toHaveAttribute("aria-pressed", "false");
  await page.keyboard.press("Space");
  await page.keyboard.press("k");
  await expect(shown(page)).toHaveText(names[1] as string);
  await expect(closeUp(page).locator("div[role=status]")).toHaveText(`${names[0]}: Keep`);
  await page.keyboard.press("d");
  await page.keyboard.press("m");
  await page.keyboard.press("ArrowLeft");
  await expect(closeUp(page).getByRole("button", { name: "Maybe" })).toHaveAttribute("aria-pressed", "true");
  await page.keyboard.press("0");
  await expect(closeUp(page).getByRole("button", { name: "Maybe" })).toHaveAttribute("aria-pressed", "false");
  // A button reached with the Tab key keeps the space bar to itself.
  await closeUp(page).getByRole("button", { name: "Zoom in" }).focus();
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Space");
  await expect(closeUp(page).getByText("150%")).toBeVisible();
  await expect(closeUp(page).getByRole("button", { name: "Select", exact: true })).toHaveAttribute("aria-pressed", "false");
  await page.keyboard.press("Escape");
  await expect(page.locator(".tile[aria-posinset='1']")).toHaveClass(/selected/);
  await expect(page.locator(".tile[aria-posinset='1'] .bucket")).toHaveText("Keep");
  await expect(page.locator(".tile[aria-posinset='2'] .bucket")).toHaveText("Drop");
  await expect(page.locator(".bucket")).toHaveCount(2);
});

test("two to four images are compared with the same zoom and position", async ({ page, server }) => {
  const problems = await openPage(page, server, { samples: true });
  await scored(page, 12);
  const names = (await tiles(page)).map(({ name }) => base(name));
  await openTile(page, 2);
  const images = closeUp(page).getByRole("img");
  const transforms = () => images.evaluateAll((all) => all.map((image) => getComputedStyle(image).transform));
  for (const count of [2, 3, 4]) {
    await page.keyboard.press(String(count));
    await expect(images).toHaveCount(count);
    // They do not overlap, and share the window.
    const boxes = await closeUp(page).locator(".pane").evaluateAll((all) => all.map((pane) => pane.getBoundingClientRect().toJSON() as DOMRect));
    for (const [index, one] of boxes.entries()) {
      expect(one.width * one.height).toBeGreaterThan(30_000);
      for (const other of boxes.slice(index + 1)) {
        const apart = one.right <= other.left + 1 || other.right <= one.left + 1 || one.bottom <= other.top + 1 || other.bottom <= one.top + 1;
        expect(apart).toBe(true);
      }
    }
    expect(await violations(page)).toEqual([]);
  }
  await expect(closeUp(page).locator("figcaption button")).toHaveText(names.slice(1, 5));
  await page.keyboard.press("+");
  await page.keyboard.press("+");
  await page.keyboard.press("Shift+ArrowRight");
  await page.keyboard.press("ArrowDown");
  const moved = await transforms();
  expect(new Set(moved).size).toBe(1);
  expect(moved[0]).toMatch(/^matrix\(2\.25, 0, 0, 2\.25, -\d+(\.\d+)?, -\d+(\.\d+)?\)$/);
  // Dragging one moves all; the wheel zooms all around the pointer.
  const pane = closeUp(page).locator(".pane").nth(3);
  const box = (await pane.boundingBox()) as { x: number; y: number; width: number; height: number };
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2 + 40, box.y + box.height / 2 + 30, { steps: 4 });
  await page.mouse.up();
  await page.mouse.wheel(0, -200);
  const dragged = await transforms();
  expect(new Set(dragged).size).toBe(1);
  expect(dragged[0]).not.toBe(moved[0]);

  // Arrow keys replace the active one, by images that are not shown yet.
  await closeUp(page).locator("figcaption button").nth(3).click();
  await page.keyboard.press("ArrowRight");
  await expect(closeUp(page).locator("figcaption button")).toHaveText([...names.slice(1, 4), names[5] as string]);
  await page.keyboard.press("Space");
  await page.keyboard.press(",");
  await expect(shown(page)).toHaveText(names[1] as string);
  await page.keyboard.press("1");
  await expect(images).toHaveCount(1);
  await page.keyboard.press("Escape");
  await expect(page.locator(".tile.selected .name")).toHaveText([names[5] as string]);
  expect(problems).toEqual([]);
});

test("the difference to the neighbours is said in words, from the scores", async ({ page, server }) => {
  await openPage(page, server);
  const files = [4, 7, 11, 6].map((index) => reference.images[index] as string);
  const score = (name: string) => native("f32")[0]?.[reference.images.indexOf(name)] as number;
  const prompt = reference.prompts[0] as string;
  await page.getByLabel("Prompt", { exact: true }).fill(prompt);
  await page.getByLabel("Prompt", { exact: true }).blur();
  await addPictures(page, files.map(picture));
  await scored(page, files.length);
  const [first, second, third] = [...files].sort((a, b) => score(b) - score(a)) as [string, string, string];
  const times = (one: string, other: string) => Math.min(99, Math.round(100 / (1 + Math.exp(score(other) - score(one)))));
  expect(times(second, third)).toBeLessThan(99);
  await openTile(page, 2);
  const compared = closeUp(page).getByRole("listitem");
  await expect(compared).toHaveText([
    `${first} is preferred over this image ${times(first, second)} times out of 100.`,
    `Preferred over ${third} ${times(second, third)} times out of 100.`,
  ]);
  await expect(place(page)).toHaveText("2 of 4");
  const facts = await closeUp(page).locator(".numbers dd").allTextContents();
  expect(Number(facts[1]?.replace("−", "-"))).toBeCloseTo(score(second), 1);
  expect(facts[2]).toMatch(/^\d+\.\d%$/);
  // Side by side, it is compared with those beside it.
  await page.keyboard.press("2");
  await expect(compared).toHaveText([`Preferred over ${third} ${times(second, third)} times out of 100.`]);
});

test("a scorer without probabilities says nothing of preferences", async ({ page, server }) => {
  await openPage(page, server, { model: "scorers/HPS_v2_compressed.pt" });
  await page.getByLabel("Prompt", { exact: true }).fill("a fox");
  await addPictures(page, ["photo.png", "edges.png"].map(picture));
  await scored(page, 2);
  await openTile(page, 1);
  await expect(closeUp(page).locator(".numbers dd")).toHaveCount(2);
  await expect(closeUp(page).getByText("The file contains no generation data.")).toBeVisible();
  await expect(closeUp(page).getByText("out of 100")).toHaveCount(0);
});

test("what the generator wrote into the file is shown", async ({ page, server }) => {
  const problems = await openPage(page, server);
  await page.getByLabel("Prompt", { exact: true }).fill("a fox");
  await addPictures(page, metadata("automatic1111.png"));
  await scored(page, 1);
  await openTile(page, 1);
  const said = (name: string) => closeUp(page).locator(".settings div").filter({ has: page.locator("dt", { hasText: new RegExp(`^${name}$`) }) }).locator("dd");
  await expect(said("Prompt")).toHaveText('a fox in the snow, (detailed:1.2), "quoted", naïve 日本\nsecond line');
  await expect(said("Negative prompt")).toHaveText("blurry, low quality: yes, no");
  await expect(said("Seed")).toHaveText("12345678901234567890");
  await expect(said("Model")).toHaveText("v1-5-pruned");
  await expect(said("Steps")).toHaveText("20");
  await expect(said("Guidance")).toHaveText("7.5");
  await expect(said("Sampler")).toHaveText("DPM++ 2M");
  await expect(said("Scheduler")).toHaveText("Karras");
  await expect(said("Generator")).toHaveText("automatic1111");
  expect(await violations(page)).toEqual([]);
  expect(problems).toEqual([]);
});

test("a file that was deleted is still shown, with what was read from it before", async ({ page, server }) => {
  await openPage(page, server);
  await page.getByLabel("Prompt", { exact: true }).fill("a fox");
  await page.evaluate(
    async (base64) => {
      const root = await navigator.storage.getDirectory();
      const handle = await root.getFileHandle("gone.png", { create: true });
      const stream = await handle.createWritable();
      await stream.write(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)));
      await stream.close();
      const transfer = new DataTransfer();
      transfer.items.add(await handle.getFile());
      document.body.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: transfer }));
    },
    readFileSync(picture("edges.png")).toString("base64"),
  );
  await scored(page, 1);
  await page.evaluate(async () => (await navigator.storage.getDirectory()).removeEntry("gone.png"));
  await openTile(page, 1);
  await expect(closeUp(page).getByText("The browser cannot display this image.").or(closeUp(page).getByRole("img"))).toBeVisible();
  await expect(closeUp(page).getByText("The file contains no generation data.")).toBeVisible();
});

for (const [width, height] of [[360, 740], [1280, 800], [2560, 1440]] as const) {
  test(`nothing is cut off at ${width} pixels, in both themes and languages`, async ({ page, server }) => {
    await page.setViewportSize({ width, height });
    await openPage(page, server, { samples: true });
    await scored(page, 12);
    await openTile(page, 2);
    for (const theme of ["light", "dark"] as const) {
      // Without motion, colours change at once.
      await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
      for (const count of ["1", "4"]) {
        await page.keyboard.press(count);
        expect(await violations(page)).toEqual([]);
        const overflow = await closeUp(page).evaluate((dialog) => [dialog.scrollWidth - dialog.clientWidth, dialog.scrollHeight - dialog.clientHeight]);
        expect(overflow).toEqual([0, 0]);
        await expect(closeUp(page).getByRole("button", { name: "Close", exact: true })).toBeInViewport();
      }
    }
  });
}

test.describe("with a finger", () => {
  test.use({ hasTouch: true, viewport: { width: 390, height: 780 }, isMobile: true });

  test("swiping walks, and tapping twice zooms", async ({ page, server }) => {
    await openPage(page, server, { samples: true });
    await scored(page, 12);
    await showSheet(page);
    await page.locator(".tile[aria-posinset='2'] .frame").tap();
    await expect(place(page)).toHaveText("2 of 12");
    const swipe = (from: number, to: number) =>
      closeUp(page).locator(".pane").evaluate(
        (pane, [from, to]) => {
          const { x, y, width, height } = pane.getBoundingClientRect();
          const at = (share: number) => ({ bubbles: true, pointerId: 1, pointerType: "touch", button: 0, clientX: x + width * share, clientY: y + height / 2 });
          pane.setPointerCapture = () => {};
          pane.dispatchEvent(new PointerEvent("pointerdown", at(from as number)));
          pane.dispatchEvent(new PointerEvent("pointermove", at(((from as number) + (to as number)) / 2)));
          pane.dispatchEvent(new PointerEvent("pointerup", at(to as number)));
        },
        [from, to],
      );
    await swipe(0.8, 0.2);
    await expect(place(page)).toHaveText("3 of 12");
    await swipe(0.2, 0.8);
    await expect(place(page)).toHaveText("2 of 12");
    const image = closeUp(page).getByRole("img");
    await image.tap();
    await image.tap();
    await expect.poll(() => image.evaluate((one) => getComputedStyle(one).transform)).toMatch(/^matrix\(4, 0, 0, 4/);
    // A zoomed image is moved instead.
    await swipe(0.8, 0.2);
    await expect(place(page)).toHaveText("2 of 12");
  });
});
