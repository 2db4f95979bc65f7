/** Several scorers side by side: the table, their agreement, and what is kept of their scores. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Page } from "@playwright/test";
import type { ModelServer } from "../model-server.ts";
import type { ScorerName } from "../../../web/engine/js/pickscore";
import { imageReward, type Reference, reference } from "../scorers.ts";
import { violations } from "./axe.ts";
import { beginRound, given, press, stored } from "./judging.ts";
import { addPictures, modelInUse, openPage, picture } from "./page.ts";
import { expect, test } from "./setup.ts";

const IMAGES = ["photo.png", "noise-75.webp", "edges.png"];
const PUBLISHED = {
  "https://huggingface.co/xswu/HPSv2/resolve/main/": "scorers/",
  "https://huggingface.co/THUDM/ImageReward/resolve/main/": "scorers/",
  "https://huggingface.co/openai/clip-vit-large-patch14/resolve/main/": "wide/",
  "https://raw.githubusercontent.com/LAION-AI/aesthetic-predictor/main/": "wide/",
};

/** Opens the page with a demonstration; the published addresses lead to generated models. */
async function open(page: Page, server: ModelServer): Promise<string[]> {
  for (const [address, folder] of Object.entries(PUBLISHED)) {
    await page.context().route(`${address}**`, async (route) => {
      const name = (new URL(route.request().url()).pathname.split("/").pop() as string).replace("l_14", "b_32");
      await route.fulfill({ response: await route.fetch({ url: `${server.url}${folder}${name}` }) });
    });
  }
  const hosts = [server.url.slice(0, -1), "https://huggingface.co", "https://raw.githubusercontent.com"];
  return openPage(page, server, { config: { hosts } });
}

/** The authors' scores for the first prompt, by image. */
function expected({ prompts, images, cases }: Reference, name: ScorerName): { prompt: string; scores: Map<string, number> } {
  const scores = cases.find(({ scorer }) => scorer === name)?.scores[0] as number[];
  return { prompt: prompts[0] as string, scores: new Map(images.map((name, at) => [name, scores[at] as number])) };
}

/** The table's cells by image, without ranks. */
async function table(page: Page): Promise<Map<string, string[]>> {
  const rows = await page.locator("picture-matrix tbody tr:not(.space)").evaluateAll((all) =>
    all.map((row) => ({
      name: row.querySelector("th .words")?.getAttribute("title") ?? "",
      cells: [...row.querySelectorAll("td")].map((cell) => (cell.querySelector(".value") ?? cell).textContent?.trim().replace("−", "-") ?? ""),
    })),
  );
  return new Map(rows.map(({ name, cells }) => [name, cells]));
}

test("scorers run one after the other, and nothing is computed twice", async ({ page, server }) => {
  const { prompt, scores } = expected(reference(), "hps-v2");
  const rewards = expected(imageReward(), "image-reward");
  expect(rewards.prompt).toBe(prompt);
  const problems = await open(page, server);
  await expect(modelInUse(page)).toHaveText("narrow, on the CPU");
  await page.getByRole("textbox", { name: "Prompt" }).fill(prompt);
  await addPictures(page, IMAGES.map(picture));
  await page.goto("./#/models");
  await page.getByLabel("Use HPS v2 beside others on Score").check();
  await page.getByLabel("Use ImageReward beside others on Score").check();
  await page.getByLabel("Use LAION aesthetics v1 beside others on Score").check();
  await page.goto("./#/score");
  await expect(page.locator("picture-matrix thead button")).toHaveText(["narrow", "HPS v2", "ImageReward", "LAION aesthetics v1", "Mean rank"]);
  await expect(page.locator("picture-matrix td", { hasText: "–" })).toHaveCount(0);
  const found = await table(page);
  for (const name of IMAGES) {
    const [own, hps, reward, aesthetics, mean] = found.get(name) as [string, string, string, string, string];
    expect(own).toMatch(/^-?\d+\.\d\d$/);
    expect(Number(hps)).toBeCloseTo(scores.get(name) as number, 3);
    expect(Number(reward)).toBeCloseTo(rewards.scores.get(name) as number, 1);
    expect(aesthetics).toMatch(/^-?\d+\.\d+$/);
    expect(Number(mean)).toBeGreaterThanOrEqual(1);
  }
  // The scores of a scorer have the same number of digits, a real minus sign, and one common end.
  const shown = page.locator("picture-matrix td .value");
  expect((await shown.allTextContents()).join()).not.toMatch(/-\d/);
  for (const column of [0, 1, 2, 3]) expect(new Set([...found.values()].map((cells) => cells[column]?.split(".")[1]?.length)).size).toBe(1);
  const ends = await page.locator("picture-matrix td:nth-of-type(3) .value").evaluateAll((all) => all.map((value) => Math.round(value.getBoundingClientRect().right)));
  expect(new Set(ends).size).toBe(1);
  await expect(page.locator("scorer-agreement td.figures")).toHaveCount(6);
  expect(await violations(page)).toEqual([]);

  // Every scorer is in the exports, as in those of `pickscore score` with several models.
  const save = async (item: string) => {
    await page.getByRole("button", { name: "Export", exact: true }).click();
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: item }).click()]);
    return readFileSync(await download.path(), "utf8");
  };
  const names = ["narrow", "HPS v2", "ImageReward", "LAION aesthetics v1"];
  const [header, ...lines] = (await save("Download CSV")).trimEnd().split("\r\n").map((line) => line.split(","));
  expect(header).toEqual(["prompt", "path", ...names.flatMap((name) => [`${name}.score`, `${name}.probability`, `${name}.rank`]), "mean_z", "rank", "selected"]);
  const json = JSON.parse(await save("Download JSON"));
  expect(json.prompt).toBe(prompt);
  expect(json.scorers.map(({ model, scorer, device }: Record<string, unknown>) => [model, scorer, device])).toEqual([
    ["narrow", "clip", undefined],
    ["HPS v2", "hps-v2", undefined],
    ["ImageReward", "image-reward", undefined],
    ["LAION aesthetics v1", "aesthetic-v1", "cpu"],
  ]);
  const z = new Map<string, number>();
  for (const [at, { images }] of json.scorers.entries()) {
    const values = images.map(({ score }: { score: number }) => score) as number[];
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
    for (const { path, score, probability, rank } of images) {
      const line = lines.find((cells) => cells[1] === path) as string[];
      expect(line.slice(2 + 3 * at, 5 + 3 * at)).toEqual([String(score), String(probability ?? ""), String(rank)]);
      const shown = found.get(path)?.[at] as string;
      expect(Math.abs(Number(shown) - score)).toBeLessThanOrEqual(0.501 * 10 ** -(shown.split(".")[1]?.length ?? 0));
      z.set(path, (z.get(path) ?? 0) + (score - mean) / deviation / names.length);
    }
  }
  expect(json.mean).toHaveLength(IMAGES.length);
  for (const { path, mean_z, rank } of json.mean) {
    expect(mean_z).toBeCloseTo(z.get(path) as number, 6);
    expect(rank).toBe([...z.values()].filter((other) => other > mean_z + 1e-9).length + 1);
    expect(lines.find((cells) => cells[1] === path)?.slice(14)).toEqual([String(mean_z), String(rank), "0"]);
  }

  // Sorting by the mean of the ranks.
  await page.getByRole("button", { name: "Mean rank" }).click();
  const means = [...(await table(page)).values()].map((cells) => Number(cells.at(-1)));
  expect(means).toEqual([...means].sort((a, b) => a - b));

  // After a reload the kept scores are shown, and no other model is loaded.
  await page.reload();
  await expect(modelInUse(page)).toHaveText("LAION aesthetics v1, on the CPU");
  server.requests.length = 0;
  await page.getByRole("textbox", { name: "Prompt" }).fill(prompt);
  await addPictures(page, IMAGES.map(picture));
  await expect(page.locator("picture-matrix td", { hasText: "–" })).toHaveCount(0);
  const again = await table(page);
  expect(new Map([...again].map(([name, cells]) => [name, cells.slice(1, 4)]))).toEqual(new Map([...found].map(([name, cells]) => [name, cells.slice(1, 4)])));
  await expect(modelInUse(page)).toHaveText("LAION aesthetics v1, on the CPU");
  expect(server.requests).toEqual([]);

  // They can be deleted.
  await page.goto("./#/models");
  await expect(page.getByText(/^6 image embeddings and|^9 image embeddings and/)).toBeVisible();
  await page.getByRole("button", { name: "Clear: Stored scores" }).click();
  await expect(page.getByText("Stored scores were deleted.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Clear: Stored scores" })).toHaveCount(0);

  // One scorer is removed from the table.
  await page.goto("./#/score");
  await page.getByRole("button", { name: "Stop using HPS v2" }).click();
  await expect(page.locator("picture-matrix thead button")).toHaveText(["narrow", "ImageReward", "LAION aesthetics v1", "Mean rank"]);
  expect(problems).toEqual([]);
});

/** A taste on top of the loaded model, which is hardly uncertain. */
async function tasteOf(page: Page, alpha: number, weights: (at: number) => number): Promise<string> {
  const { name, fingerprint, dimensions } = await page.evaluate(async () => {
    const engine = (await import(new URL("lib/pickscore.js", document.baseURI).href)) as typeof import("../../../web/engine/js/pickscore");
    const [model] = await engine.listCached();
    const scorer = await engine.Scorer.load({ model: model?.address as string, device: "cpu" });
    const { scorer: name, identity: fingerprint, dimensions } = scorer.info;
    await scorer.dispose();
    return { name, fingerprint, dimensions: dimensions as number };
  });
  const stored = JSON.parse(readFileSync(new URL("../../taste/fixtures/tastes/two-dimensions.json", import.meta.url), "utf8")) as Record<string, unknown>;
  const bytes = Buffer.from(Float32Array.from({ length: dimensions }, (_, at) => weights(at)).buffer);
  const around = (value: number) => ({ value, low: value - 0.02, high: value + 0.02 });
  const accuracy = { tested: 80, base: around(0.7), taste: around(0.9), gain: around(0.2) };
  const uncertainty = { weights: 1e-6, alpha: 1e-6, reductions: [], directions: "" };
  return JSON.stringify({ ...stored, accuracy, name: "Theirs", scorer: { name, fingerprint, scale: 1 }, dimensions, alpha, weights: bytes.toString("base64"), uncertainty });
}

async function bringIn(page: Page, text: string): Promise<void> {
  await page.goto("./#/models");
  await page.locator("my-tastes").getByLabel("Import a taste").setInputFiles({ name: "taste.json", mimeType: "application/json", buffer: Buffer.from(text) });
  await expect(page.locator("my-tastes").getByRole("heading", { name: "Theirs" })).toBeVisible();
  await page.goto("./#/score");
}

/** Ranks of numbers, 1 for the largest. */
function ranked(values: readonly number[]): number[] {
  return values.map((value) => values.filter((other) => other > value).length + 1);
}

test("means leave a taste out, which contains one of the scorers", async ({ page, server }) => {
  const problems = await open(page, server);
  await expect(modelInUse(page)).toHaveText("narrow, on the CPU");
  await page.getByRole("textbox", { name: "Prompt" }).fill(reference().prompts[0] as string);
  await addPictures(page, [...IMAGES, "noise.png", "photo-95.jpg"].map(picture));
  // Somebody who contradicts the scorer.
  await bringIn(page, await tasteOf(page, -0.5, () => 0));
  const heads = page.locator("picture-matrix thead button");
  await expect(heads).toHaveText(["narrow", "Theirs"]);
  await page.goto("./#/models");
  await page.getByLabel("Use HPS v2 beside others on Score").check();
  await page.goto("./#/score");
  await expect(heads).toHaveText(["narrow", "HPS v2", "Theirs", "Mean rank"]);
  await expect(page.locator("picture-matrix td", { hasText: "–" })).toHaveCount(0);
  const found = await table(page);
  const column = (at: number) => [...found.values()].map((cells) => Number(cells[at]));
  const [own, hps, theirs] = [0, 1, 2].map((at) => ranked(column(at))) as [number[], number[], number[]];
  expect(theirs).toEqual(own.map((rank) => 6 - rank));
  expect(column(3)).toEqual(own.map((rank, at) => (rank + (hps[at] as number)) / 2));
  await expect(page.locator("scorer-agreement td.figures")).toHaveText([/./, "−1.00", /./]);
  await expect(page.locator("scorer-agreement")).toContainText("A taste contains the scorer that it was learned on top of");

  // The exported mean of z-scores too.
  await page.getByRole("button", { name: "Export", exact: true }).click();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download JSON" }).click()]);
  const { scorers, mean } = JSON.parse(readFileSync(await download.path(), "utf8")) as { scorers: { images: { path: string; score: number }[] }[]; mean: { path: string; mean_z: number }[] };
  const z = scorers.map(({ images }) => {
    const average = images.reduce((sum, { score }) => sum + score, 0) / images.length;
    const deviation = Math.sqrt(images.reduce((sum, { score }) => sum + (score - average) ** 2, 0) / images.length);
    return new Map(images.map(({ path, score }) => [path, (score - average) / deviation]));
  });
  expect([z.length, mean.length]).toEqual([3, 5]);
  for (const { path, mean_z } of mean) expect(mean_z).toBeCloseTo(((z[0]?.get(path) as number) + (z[1]?.get(path) as number)) / 2, 6);
  expect(problems).toEqual([]);
});

test("the close-up compares a taste with people, not how consistently they choose", async ({ page, server }) => {
  const problems = await open(page, server);
  await expect(modelInUse(page)).toHaveText("narrow, on the CPU");
  await page.getByRole("textbox", { name: "Prompt" }).fill(reference().prompts[0] as string);
  await addPictures(page, [...IMAGES, "noise.png"].map(picture));
  const heads = page.locator("picture-matrix thead button");
  const closeUp = page.getByRole("dialog", { name: "Close-up" });
  const said = closeUp.getByText(/^Among these images, this imported taste prefers this one/);
  // By the images' places among people.
  for (const [alpha, places] of [
    [0.5, ["about as much as", "about as much as", "about as much as", "about as much as"]],
    [-0.5, ["less than", "(more|less) than", "(more|less) than", "more than"]],
  ] as const) {
    await bringIn(page, await tasteOf(page, alpha, () => 0));
    await expect(heads).toHaveText(["narrow", "Theirs"]);
    await heads.filter({ hasText: "narrow" }).click();
    await expect(page.locator("picture-matrix td", { hasText: "–" })).toHaveCount(0);
    await page.locator("picture-matrix button.frame").first().click();
    for (const words of places) {
      await expect(said).toHaveText(new RegExp(` prefers this one ${words} people do\\.$`));
      await page.keyboard.press("ArrowRight");
    }
    await page.keyboard.press("Escape");
    await expect(closeUp).toHaveCount(0);
  }
  await heads.filter({ hasText: "Theirs" }).click();
  await expect(page.locator("score-progress")).toContainText("this imported taste prefers the one with the higher score about 73 times in 100.");
  await expect(page.locator("score-progress")).not.toContainText("you prefer");
  expect(problems).toEqual([]);
});

test("the summary of a round sets each scorer beside the choices", async ({ page, server }) => {
  const { prompt, scores } = expected(reference(), "hps-v2");
  const { scores: rewards } = expected(imageReward(), "image-reward");
  const problems = await open(page, server);
  await page.goto("./#/models");
  await page.getByLabel("Use HPS v2 beside others on Score").check();
  await page.getByLabel("Use ImageReward beside others on Score").check();
  await page.goto("./#/judge");
  const files = ["photo.png", "edges.png"];
  await beginRound(page, { prompt, files: files.map((name) => given(name)) });
  await press(page, "ArrowLeft");
  const rows = page.locator("judge-summary .beside tbody tr");
  await expect(rows).toHaveCount(3);
  await page.getByRole("button", { name: "Score these images with every scorer" }).click();
  await expect(page.getByRole("button", { name: "Score these images with every scorer" })).toHaveCount(0);
  // The image on the left was chosen.
  const [record] = (await stored(page)).records;
  const left = files.find((name) => createHash("sha256").update(given(name).buffer).digest("hex") === record?.left.image_uid) as string;
  const right = files.find((name) => name !== left) as string;
  const agrees = (of: Map<string, number>) => ((of.get(left) as number) > (of.get(right) as number) ? "100%" : "0%");
  await expect(rows.filter({ hasText: "HPS v2" }).locator("b")).toHaveText(agrees(scores));
  await expect(rows.filter({ hasText: "ImageReward" }).locator("b")).toHaveText(agrees(rewards));
  expect(await violations(page)).toEqual([]);
  // The accuracy in the paper.
  await expect(rows.filter({ hasText: "ImageReward" })).toContainText("61.1%");
  expect(problems).toEqual([]);
});
