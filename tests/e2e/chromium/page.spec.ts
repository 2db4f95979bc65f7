/** The page as a visitor uses it: a model, a prompt, real PNG and JPEG files, ranked scores. */

import { resolve } from "node:path";
import { expect, test } from "./setup.ts";

const file = (name: string) => resolve(import.meta.dirname, "../../parity/fixtures/pixels/files", name);

test("a visitor scores PNG and JPEG files", async ({ page, server }) => {
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  await page.goto("./");
  await page.getByLabel("Address of a model").fill(`${server.url}narrow`);
  await page.getByRole("button", { name: "Load" }).click();
  await expect(page.getByText(/narrow: 5 million parameters, 18 MB as f32, on .*, kept in this browser/)).toBeVisible();
  await page.getByLabel("Choose images").setInputFiles(["photo-95.jpg", "noise.png", "edges.bmp"].map(file));
  await page.getByLabel("Prompt", { exact: true }).fill("a fox in the snow");
  await page.getByRole("button", { name: "Score" }).click();
  const items = page.getByRole("listitem");
  await expect(items).toHaveCount(3);
  await expect(page.getByText("Scores for “a fox in the snow”")).toBeVisible();
  const scores = (await items.locator("strong").allTextContents()).map(Number);
  expect(scores.every(Number.isFinite)).toBe(true);
  expect(scores).toEqual([...scores].sort((a, b) => b - a));
  await page.screenshot({ path: "results/page.png", fullPage: true });
  expect(problems).toEqual([]);
});

test("a wrong address is one sentence", async ({ page, server }) => {
  await page.goto("./");
  await page.getByLabel("Address of a model").fill(`${server.url}nowhere`);
  await page.getByRole("button", { name: "Load" }).click();
  await expect(page.getByRole("alert")).toContainText("has no config.json; expected a model in Hugging Face's layout");
});
