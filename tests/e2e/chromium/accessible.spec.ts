/**
 * Every screen and state in both themes: WCAG 2.2 AA as checked by axe. In three sizes: no
 * horizontal scrolling. Visible focus, reduced motion, both languages.
 */

import { renameSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Page } from "@playwright/test";
import { violations } from "./axe.ts";
import { choosingFolders } from "./keep.ts";
import { beginRound, coloured, given, groupShown, layOut, pairShown, pick, PICTURES, png, press } from "./judging.ts";
import { addPictures, openPage, picture, scored } from "./page.ts";
import { dropFromDisk, kept, onDisk, parameters, withParameters } from "./real-files.ts";
import { expect, test } from "./setup.ts";

const metadata = resolve(import.meta.dirname, "../../metadata/fixtures/automatic1111.png");

/** Images whose files contain prompts, except the last one. */
const withPrompts = ["a fox", "a fox", "a dog", undefined].map((prompt, index) => {
  const image = png([index * 60, 80, 200 - index * 40]);
  return { name: `${index}.png`, mimeType: "image/png", buffer: prompt ? withParameters(image, parameters({ prompt, seed: index })) : image };
});

async function accessible(page: Page): Promise<void> {
  expect(await violations(page)).toEqual([]);
}

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(`the theme ${colorScheme}`, () => {
    test.use({ colorScheme, contextOptions: { reducedMotion: "reduce" } });

    test("Score: empty, with samples, as a table, enlarged, with an error", async ({ page, server }) => {
      await openPage(page, server);
      await expect(page.getByText("Add images to score them.")).toBeVisible();
      expect(await violations(page)).toEqual([]);
      await page.getByLabel("Prompt", { exact: true }).fill("a fox");
      await addPictures(page, ["photo-95.jpg", "noise.png", "edges.bmp"].map(picture));
      await addPictures(page, { name: "broken.png", mimeType: "image/png", buffer: Buffer.from("broken") });
      await scored(page, 3);
      await page.getByRole("checkbox", { name: "Select noise.png" }).click();
      await page.getByRole("button", { name: "Export", exact: true }).click();
      expect(await violations(page)).toEqual([]);
      await page.getByRole("button", { name: "Compare" }).click();
      expect(await violations(page)).toEqual([]);
      await page.keyboard.press("Escape");
      await page.getByLabel("Prompt", { exact: true }).fill("a fox\na dog");
      await expect(page.locator("picture-matrix td .value")).toHaveCount(6);
      expect(await violations(page)).toEqual([]);
    });

    test("Models: with a model, with a confirmation, with an error", async ({ page, server }) => {
      await openPage(page, server, { hash: "#/models" });
      await expect(page.locator("kept-models li")).toHaveCount(1);
      await page.getByRole("button", { name: "Delete: narrow" }).click();
      expect(await violations(page)).toEqual([]);
      await page.getByLabel("Address").fill("nonsense");
      await page.getByRole("button", { name: "Load", exact: true }).click();
      await expect(page.getByRole("alert").filter({ hasText: "neither a web address" })).toBeVisible();
      expect(await violations(page)).toEqual([]);
    });

    for (const screen of ["judge", "contribute"]) {
      test(`${screen} as it opens`, async ({ page, server }) => {
        await openPage(page, server, { hash: `#/${screen}`, samples: true });
        await expect(page.getByRole("heading").first()).toBeVisible();
        expect(await violations(page)).toEqual([]);
      });
    }

    test("Score: the first visit, and photographs with the small model", async ({ page, server }) => {
      await openPage(page, server, { samples: true });
      await scored(page, 12);
      await expect(page.getByRole("region", { name: "Welcome" })).toBeVisible();
      await accessible(page);
      await addPictures(page, picture("photo-95.jpg"));
      await page.locator("unlike-notice").getByText("How does the page detect this?").click();
      await accessible(page);
    });

    test("Score: selecting by each rule, marks, the save dialogue", async ({ page, server }) => {
      await choosingFolders(page, "best");
      await openPage(page, server, { samples: true });
      await scored(page, 12);
      await page.locator(".tile[aria-posinset='2'] .frame").focus();
      await page.keyboard.press("k");
      await page.getByRole("button", { name: "Select", exact: true }).click();
      for (const rule of ["rank", "score", "probability", "mark"]) {
        await page.getByRole("radio", { name: rule }).check();
        await accessible(page);
      }
      await page.getByRole("radio", { name: "rank" }).check();
      await page.getByRole("button", { name: "Done" }).click();
      await page.getByRole("button", { name: "Save…" }).click();
      const dialog = page.getByRole("dialog");
      await accessible(page);
      await dialog.getByLabel("Move instead of copying").check();
      await accessible(page);
      await dialog.getByLabel("Move instead of copying").uncheck();
      await dialog.getByRole("button", { name: "Choose a folder and save" }).click();
      await expect(dialog.getByText(/saved in “best”/)).toBeVisible();
      await accessible(page);
    });

    test("Score: the close-up, alone, side by side, and with generation data", async ({ page, server }) => {
      await openPage(page, server);
      await page.getByLabel("Prompt", { exact: true }).fill("a fox");
      await addPictures(page, [metadata, ...["noise.png", "edges.bmp"].map(picture)]);
      await scored(page, 3);
      await page.getByRole("button", { name: /^automatic1111\.png, rank/ }).click();
      const closeUp = page.getByRole("dialog", { name: "Close-up" });
      await expect(closeUp.getByText("12345678901234567890")).toBeVisible();
      await accessible(page);
      const marks = await Promise.all(["Keep", "Maybe", "Drop"].map((name) => closeUp.getByRole("button", { name, exact: true }).boundingBox()));
      expect(new Set(marks.map((box) => Math.round(box?.y ?? -1))).size).toBe(1);
      for (const key of ["2", "+"]) {
        await page.keyboard.press(key);
        await accessible(page);
      }
    });

    test("Score: own prompts, and filters by metadata", async ({ page, server }) => {
      await openPage(page, server);
      await page.getByLabel("Prompt", { exact: true }).fill("a fox");
      await addPictures(page, withPrompts);
      await scored(page, 4);
      await page.getByText("their own prompts", { exact: true }).click();
      await expect(page.getByRole("list", { name: "No prompt in the file" })).toBeAttached();
      await accessible(page);
      await page.getByRole("button", { name: "Metadata" }).click();
      await accessible(page);
    });

    test("Score: what is kept, a question before clearing, a renamed folder, a second tab", async ({ page, context, server }) => {
      const folder = onDisk("renders", [0, 1, 2].map((index) => ({ path: `${index}.png`, buffer: png([index * 80, 90, 120]) })));
      await openPage(page, server, { model: null });
      await expect(page.getByText("Add images to score them.")).toBeVisible();
      await dropFromDisk(page, [folder]);
      await kept(page);
      await page.getByRole("button", { name: "Clear the table" }).click();
      await accessible(page);
      const other = await context.newPage();
      await openPage(other, server, { model: null });
      await expect(other.getByText("Your table is open in another tab.")).toBeVisible();
      await accessible(other);
      await other.close();
      renameSync(folder, join(dirname(folder), "others"));
      await page.reload();
      await expect(page.getByText("3 images are no longer in “renders”")).toBeVisible();
      await accessible(page);
      rmSync(dirname(folder), { recursive: true });
    });

    test("Judge: prepared, a pair, results; Contribute with choices", async ({ page, server }) => {
      await openPage(page, server, { hash: "#/judge", model: null });
      await layOut(page, PICTURES.slice(0, 4).map((file) => given(file)), "a fox", "All pairs");
      await accessible(page);
      await page.getByRole("button", { name: /^Begin: / }).click();
      await pairShown(page);
      await press(page, "ArrowLeft");
      await accessible(page);
      await press(page, "ArrowRight", "ArrowDown", "s", "ArrowLeft", "ArrowLeft");
      await expect(page.getByRole("heading", { name: "Your results" })).toBeVisible();
      await accessible(page);
      await page.evaluate(() => (location.hash = "#/contribute"));
      await expect(page.getByRole("button", { name: /as a zip/ })).toBeVisible();
      await accessible(page);
    });

    test("Judge: four images at a time", async ({ page, server }) => {
      await openPage(page, server, { hash: "#/judge", model: null });
      await layOut(page, coloured(7), "a fox", "Best of four");
      await page.getByRole("button", { name: /^Begin: / }).click();
      await groupShown(page);
      await accessible(page);
      await pick(page, "2");
      await groupShown(page);
      await accessible(page);
    });

    test("the privacy note", async ({ page }) => {
      await page.goto("./privacy.html");
      expect(await violations(page)).toEqual([]);
    });
  });
}

for (const [width, height] of [[320, 640], [1280, 800], [3840, 2160]] as const) {
  test(`nothing scrolls horizontally at ${width} × ${height}`, async ({ page, server }) => {
    await page.setViewportSize({ width, height });
    await openPage(page, server, { samples: true });
    await scored(page, 12);
    for (const screen of ["score", "judge", "contribute", "models"]) {
      await page.evaluate((screen) => (location.hash = `#/${screen}`), screen);
      await expect(page.locator(`${screen}-screen`)).toBeVisible();
      const { scroll, client } = await page.evaluate(() => ({ scroll: document.documentElement.scrollWidth, client: document.documentElement.clientWidth }));
      expect(scroll, screen).toBeLessThanOrEqual(client);
    }
  });
}

test("nothing moves if reduced motion is preferred", async ({ page, server }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await openPage(page, server, { samples: true });
  await scored(page, 12);
  expect(await moving(page)).toEqual([]);
  await page.locator(".tile[aria-posinset='2'] .frame").click();
  await expect(page.getByRole("dialog", { name: "Close-up" })).toBeVisible();
  expect(await moving(page)).toEqual([]);
  await page.keyboard.press("Escape");
  // Closing goes back in the history, which must not undo the next navigation.
  await expect(page.getByRole("dialog", { name: "Close-up" })).toBeHidden();
  await expect.poll(() => page.evaluate(() => (history.state as { closeUp?: boolean } | null)?.closeUp ?? false)).toBe(false);
  await page.evaluate(() => (location.hash = "#/judge"));
  await beginRound(page);
  expect(await moving(page)).toEqual([]);
});

/** The elements whose transitions or animations take time. */
function moving(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    const walk = (root: Document | ShadowRoot) => {
      for (const element of root.querySelectorAll("*")) {
        const { transitionDuration, animationName, animationDuration } = getComputedStyle(element);
        const takesTime = (durations: string) => durations.split(",").some((duration) => Number.parseFloat(duration) > 0);
        if (takesTime(transitionDuration) || (animationName !== "none" && takesTime(animationDuration))) found.push(`${element.tagName}.${element.className}`);
        if (element.shadowRoot) walk(element.shadowRoot);
      }
    };
    walk(document);
    return found;
  });
}

test("the focus is visible wherever the Tab key leads", async ({ page, server }) => {
  await openPage(page, server, { samples: true });
  await scored(page, 12);
  await page.getByRole("button", { name: "Select", exact: true }).click();
  for (const screen of ["score", "judge", "contribute", "models"]) {
    await page.evaluate((screen) => (location.hash = `#/${screen}`), screen);
    await expect(page.locator(`${screen}-screen`)).toBeVisible();
    await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
    const seen = new Set<string>();
    for (let step = 0; step < 40; step++) {
      await page.keyboard.press("Tab");
      const [name, isVisible] = await focused(page);
      expect(isVisible, `${screen}: ${name}`).toBe(true);
      seen.add(name);
    }
    expect(seen.size, screen).toBeGreaterThan(8);
  }
});

/** The focused element, and whether it or its label has an outline or a line of the accent. */
function focused(page: Page): Promise<[string, boolean]> {
  return page.evaluate(() => {
    let element = document.activeElement;
    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
    if (!element || element === document.body) return ["the browser", true];
    const styles = [element, element.closest("label")].flatMap((one) => (one ? [getComputedStyle(one)] : []));
    const name = `${element.tagName} ${element.getAttribute("aria-label") ?? element.textContent?.trim().slice(0, 40)}`;
    return [name, styles.some(({ outlineStyle, outlineWidth, boxShadow }) => (outlineStyle !== "none" && outlineWidth !== "0px") || boxShadow !== "none")];
  });
}

test("the page switches to Japanese and back", async ({ page, server }) => {
  await openPage(page, server, { samples: true });
  await scored(page, 12);
  await page.getByLabel("Language").selectOption("ja");
  await expect(page.getByRole("link", { name: "採点" })).toBeVisible();
  await expect(page.locator("html")).toHaveAttribute("lang", "ja");
  // What the engine says is translated too.
  await page.evaluate(() => (location.hash = "#/models"));
  await expect(page.getByText(/^WebGPUは動作しますが、.+。$|^WebGPUが.+動作します.*。$|WebGPUに対応していません/).first()).toBeVisible();
  await expect(page.getByText("CPUが指定されました。").or(page.getByText(/^モデルが小さいため/)).first()).toBeVisible();
  await page.getByLabel("言語").selectOption("en");
  await expect(page.getByRole("link", { name: "Score", exact: true })).toBeVisible();
});
