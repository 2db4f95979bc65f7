/**
 * Every screen in both themes and three sizes: WCAG 2.2 AA as checked by axe, no horizontal
 * scrolling, large enough targets.
 */

import { violations } from "./axe.ts";
import { addPictures, openPage, picture, scored } from "./page.ts";
import { expect, test } from "./setup.ts";

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
  await expect(page.locator(".tile").first()).toHaveCSS("transition-duration", "0s, 0s");
});

test("the page switches to Japanese and back", async ({ page, server }) => {
  await openPage(page, server, { samples: true });
  await scored(page, 12);
  await page.getByLabel("Language").selectOption("ja");
  await expect(page.getByRole("link", { name: "採点" })).toBeVisible();
  await expect(page.locator("html")).toHaveAttribute("lang", "ja");
  await page.getByLabel("言語").selectOption("en");
  await expect(page.getByRole("link", { name: "Score", exact: true })).toBeVisible();
});
