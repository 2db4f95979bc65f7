/**
 * Own prompts: images are scored against the prompt in their file, ranked among those that say the
 * same one, and sorted and filtered by what files say.
 */

import { readFileSync } from "node:fs";
import type { Locator, Page } from "@playwright/test";
import { golden, imageFile, native } from "../fixtures.ts";
import { violations } from "./axe.ts";
import { png } from "./judging.ts";
import { addPictures, numberOf, openPage, scored } from "./page.ts";
import { parameters, withParameters } from "./real-files.ts";
import { expect, test } from "./setup.ts";

const reference = golden();
/** Fixture images that are PNG files, by the index of their scores. */
const PNGS = reference.images.flatMap((name, index) => (name.endsWith(".png") ? [{ name, index }] : [])).slice(0, 5);
const [FIRST = "", SECOND = ""] = reference.prompts;

/** The prompt of each image: two of one, two of another, and one without. */
const OWN = [FIRST, SECOND, FIRST, SECOND, undefined];

/** The fixture images with prompts in their files; the same pixels have the same scores. */
const files = () =>
  PNGS.map(({ name }, at) => {
    const prompt = OWN[at];
    const buffer = prompt === undefined ? imageFile(name) : withParameters(imageFile(name), parameters({ prompt, seed: 40 - at, model: at < 2 ? "sdxl" : "flux", steps: 10 + at }));
    return { name: name.split("/").pop() as string, mimeType: "image/png", buffer };
  });

const nameOf = (at: number) => PNGS[at]?.name.split("/").pop() as string;
const expected = (at: number) => native("f32")[reference.prompts.indexOf(OWN[at] as string)]?.[PNGS[at]?.index as number] as number;

// Only images near the window are in the document.
test.use({ viewport: { width: 1280, height: 1800 } });

async function switchTo(page: Page, words: "this prompt" | "their own prompts"): Promise<void> {
  await page.getByText(words, { exact: true }).click();
  await expect(page.getByRole("radio", { name: words })).toBeChecked();
}

/** The tiles of a group, in order. */
async function tilesOf(group: Locator): Promise<{ name: string; rank: string; score: number; share: string }[]> {
  const found = await group.locator(".tile").evaluateAll((all) =>
    all.map((tile) => ({
      at: Number(tile.getAttribute("aria-posinset")),
      name: tile.querySelector(".name")?.getAttribute("title") ?? "",
      words: [...tile.querySelectorAll(".figures > *")].map((part) => part.textContent?.trim() ?? ""),
    })),
  );
  return found.sort((a, b) => a.at - b.at).map(({ name, words }) => ({ name, rank: words[0] ?? "", score: words[1] ? numberOf(words[1]) : 0, share: words[2] ?? "" }));
}

test("images are scored against their own prompts, and ranked within each", async ({ page, server }) => {
  const problems = await openPage(page, server);
  await addPictures(page, files());
  await page.getByLabel("Prompt", { exact: true }).fill(FIRST);
  await scored(page, PNGS.length);
  await switchTo(page, "their own prompts");
  await expect(page.locator("score-progress .said")).toHaveText("4 images scored against 2 prompts from the files.");
  await expect(page.getByLabel("Prompt", { exact: true })).toBeHidden();
  await expect(page.locator("score-prompting")).toContainText("4 images contain their prompt, 2 different prompts in all.");
  await expect(page.locator("score-prompting")).toContainText("1 file contains no prompt and is not scored.");
  for (const [prompt, members] of [[FIRST, [0, 2]], [SECOND, [1, 3]]] as const) {
    const found = await tilesOf(page.getByRole("list", { name: prompt }));
    const best = [...members].sort((a, b) => expected(b) - expected(a));
    expect(found.map(({ name }) => name)).toEqual(best.map(nameOf));
    expect(found.map(({ rank }) => rank)).toEqual(["1", "2"]);
    for (const [index, { score }] of found.entries()) expect(Math.abs(score - expected(best[index] as number))).toBeLessThan(0.02);
    // The probabilities are those among the group.
    const shares = found.map(({ share }) => Number.parseFloat(share));
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(100, 0);
  }
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
  await expect.poll(() => tilesOf(page.getByRole("list", { name: "No prompt in the file" }))).toEqual([{ name: nameOf(4), rank: "·", score: 0, share: "" }]);
  expect(await violations(page)).toEqual([]);
  // Back to one prompt for all.
  await switchTo(page, "this prompt");
  await scored(page, PNGS.length);
  await expect(page.getByLabel("Prompt", { exact: true })).toHaveValue(FIRST);
  await expect(page.locator("picture-sheet .heading")).toHaveCount(0);
  expect(problems).toEqual([]);
});

test("the switch is shown only when a file says its prompt; the list of files without one is one click away", async ({ page, server }) => {
  await openPage(page, server);
  const [, , , , none] = files();
  await addPictures(page, [none as NonNullable<typeof none>]);
  await page.getByLabel("Prompt", { exact: true }).fill("a fox");
  await scored(page, 1);
  await expect(page.getByRole("radio", { name: "their own prompts" })).toHaveCount(0);
  await addPictures(page, files().slice(0, 4));
  await switchTo(page, "their own prompts");
  await page.getByRole("button", { name: "Show these" }).click();
  await expect(page.locator(".tile .name")).toHaveText([nameOf(4)]);
});

test("an image that is alone with its prompt has a score, but no rank", async ({ page, server }) => {
  await openPage(page, server);
  await addPictures(page, files().slice(0, 2));
  await switchTo(page, "their own prompts");
  const group = page.getByRole("list", { name: "Only one image for the prompt" });
  await expect(group.locator(".tile")).toHaveCount(2);
  await expect.poll(async () => (await tilesOf(group)).every(({ score }) => score !== 0)).toBe(true);
  for (const { name, rank, score, share } of await tilesOf(group)) {
    expect([rank, share]).toEqual(["·", ""]);
    expect(Math.abs(score - expected(name === nameOf(0) ? 0 : 1))).toBeLessThan(0.02);
  }
});

test("seeds, models and settings in files sort and filter", async ({ page, server }) => {
  await openPage(page, server);
  await addPictures(page, files());
  await page.getByLabel("Prompt", { exact: true }).fill("a fox");
  await scored(page, PNGS.length);
  const names = () => tilesOf(page.locator("picture-sheet")).then((all) => all.map(({ name }) => name));
  await page.getByLabel("Sort by").selectOption("seed");
  // Seeds fall from the first file to the fourth; the fifth says none and comes last.
  await expect.poll(names).toEqual([3, 2, 1, 0, 4].map(nameOf));
  // Tiles say what they are sorted by.
  const said = () => page.locator(".tile").evaluateAll((all) => all.sort((a, b) => Number(a.ariaPosInSet) - Number(b.ariaPosInSet)).map((tile) => tile.querySelector(".said")?.textContent?.trim()));
  expect(await said()).toEqual(["seed 37", "seed 38", "seed 39", "seed 40", "not stated"]);
  await expect(page.getByRole("button", { name: new RegExp(`^${nameOf(3)}, .*seed 37: enlarge$`) })).toBeVisible();
  const [caption, below] = await page.locator(".tile").evaluateAll((all) => [Math.max(...all.map((tile) => tile.getBoundingClientRect().bottom)), Math.max(...all.map((tile) => (tile.querySelector(".name") as Element).getBoundingClientRect().bottom))]);
  expect(below as number).toBeLessThanOrEqual(caption as number);
  await page.getByLabel("Sort by").selectOption("model");
  await expect.poll(said).toEqual(["flux", "flux", "sdxl", "sdxl", "not stated"]);
  await page.getByLabel("Sort by").selectOption("score");
  await expect(page.locator(".tile .said")).toHaveCount(0);
  await page.getByLabel("Sort by").selectOption("steps");
  await expect.poll(names).toEqual([0, 1, 2, 3, 4].map(nameOf));
  await page.getByRole("button", { name: "Metadata" }).click();
  await page.locator("generation-filter").getByLabel("model").selectOption({ label: "flux (2)" });
  await expect.poll(names).toEqual([2, 3].map(nameOf));
  expect(await violations(page)).toEqual([]);
  await page.locator("generation-filter").getByLabel("model").selectOption({ label: "not stated (1)" });
  await expect.poll(names).toEqual([4].map(nameOf));
  await page.getByRole("button", { name: "Clear these filters" }).click();
  await expect.poll(async () => (await names()).length).toBe(5);
  await page.keyboard.press("Escape");
  await page.getByLabel("Find by name, prompt or seed").fill("38");
  await expect.poll(names).toEqual([2].map(nameOf));
});

test("the best of each prompt are selected, and exports say each image's prompt", async ({ page, server }) => {
  await openPage(page, server);
  await addPictures(page, files());
  await switchTo(page, "their own prompts");
  await expect(page.locator("score-progress .said")).toHaveText(/^4 images scored against 2 prompts/);
  await page.getByRole("button", { name: "Select", exact: true }).click();
  await expect(page.getByText("The best of each prompt")).toBeVisible();
  await page.getByRole("spinbutton", { name: "How many" }).fill("1");
  await expect(page.locator(".tile.selected")).toHaveCount(2);
  const best = [[0, 2], [1, 3]].map((members) => [...members].sort((a, b) => expected(b) - expected(a))[0] as number);
  const selected = await page.locator(".tile.selected .name").evaluateAll((all) => all.map((name) => name.getAttribute("title")));
  expect(selected.sort()).toEqual(best.map(nameOf).sort());
  await page.getByRole("button", { name: "Done", exact: true }).click();
  const save = async (item: string) => {
    await page.getByRole("button", { name: "Export", exact: true }).click();
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: item }).click()]);
    return readFileSync(await download.path(), "utf8");
  };
  const json = JSON.parse(await save("Download JSON")) as { prompts: { prompt: string; images: { path: string; rank: number }[] }[] };
  expect(json.prompts.map(({ prompt }) => prompt).sort()).toEqual([FIRST, SECOND].sort());
  for (const { images } of json.prompts) expect(images.map(({ rank }) => rank).sort()).toEqual([1, 2]);
  const csv = await save("Download CSV");
  expect(csv.split("\r\n").filter((line) => line.includes(`,${nameOf(4)},`))).toEqual([`,${nameOf(4)},,,,0`]);
});

test("many prompts can be paused, and what is written in another encoding does no harm", async ({ page, server }) => {
  await openPage(page, server);
  const many = Array.from({ length: 60 }, (_, index) => ({ name: `${index}.png`, mimeType: "image/png", buffer: png([index * 4, 255 - index * 4, 90], { parameters: parameters({ prompt: `prompt number ${index >> 1}`, seed: index }) }) }));
  many.push({ name: "odd.png", mimeType: "image/png", buffer: png([1, 2, 3], { parameters: "\u00ff\u0000 Steps: x, Seed: ," }) });
  await addPictures(page, many);
  await switchTo(page, "their own prompts");
  await expect(page.locator("score-progress .said")).toHaveText(/^60 images scored against 30 prompts/, { timeout: 120_000 });
  await expect(page.locator("picture-sheet .heading").first()).toBeVisible();
});
