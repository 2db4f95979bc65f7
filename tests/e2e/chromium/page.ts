/** What the tests of the page share: opening it with a generated model in the demonstration's place, pictures of the fixtures, reading its scores. */

import { resolve } from "node:path";
import type { Locator, Page } from "@playwright/test";
import { PORT } from "../browsers.ts";
import { expect } from "./setup.ts";
import type { ModelServer } from "../model-server.ts";

export const picture = (name: string) => resolve(import.meta.dirname, "../../parity/fixtures/pixels/files", name);

export interface Opening {
  /** The folder of the model server that the page opens with; `null` for no model. */
  model?: string | null;
  /** Whether the sample set is there. */
  samples?: boolean;
  /** What else `config.json` says. */
  config?: Record<string, unknown>;
  hash?: string;
}

/** Opens the page, configured as a host would. Collects what goes wrong in it. */
export async function openPage(page: Page, server: ModelServer, { model = "narrow", samples = false, config = {}, hash = "" }: Opening = {}): Promise<string[]> {
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" && /Content.Security.Policy/i.test(message.text())) problems.push(message.text());
  });
  const demonstration = model === null ? null : { name: model, address: `${server.url}${model}` };
  const json = { demonstration, hosts: [server.url.slice(0, -1)], ...(samples ? {} : { samples: null }), ...config };
  await page.route(`http://127.0.0.1:${PORT}/config.json`, (route) => route.fulfill({ json }));
  // From the page itself, another hash or the same would load nothing anew.
  await page.goto("about:blank");
  await page.goto(`./${hash}`);
  return problems;
}

/** The words of the model in use, in the corner. */
export function modelInUse(page: Page): Locator {
  return page.locator("header .model");
}

export async function addPictures(page: Page, files: Parameters<Locator["setInputFiles"]>[0]): Promise<void> {
  await page.getByLabel("Add pictures").setInputFiles(files);
}

/** Pictures as they lie on the table, the first first. */
export async function tiles(page: Page): Promise<{ name: string; rank: number; score: number }[]> {
  const found = await page.locator("picture-sheet .tile").evaluateAll((all) =>
    all.map((tile) => ({
      at: Number(tile.getAttribute("aria-posinset")),
      name: tile.querySelector(".name")?.getAttribute("title") ?? "",
      words: [...tile.querySelectorAll(".figures > *")].map((part) => part.textContent?.trim() ?? ""),
    })),
  );
  return found.sort((a, b) => a.at - b.at).map(({ name, words }) => ({ name, rank: Number(words[0]), score: Number.parseFloat(words[1] ?? "") }));
}

/** Waits until everything on the table has its score, and says how many pictures there are. */
export async function scored(page: Page, pictures: number): Promise<void> {
  await expect(page.locator("score-progress .said")).toHaveText(new RegExp(`^${pictures === 1 ? "1 picture" : `${pictures} pictures`} scored`));
}

/** Drops pictures that are made in the page: so many through the test's own channel would be its work, not the page's. */
export async function dropMany(page: Page, count: number): Promise<void> {
  await page.evaluate(async (count) => {
    const transfer = new DataTransfer();
    const canvas = new OffscreenCanvas(256, 256);
    const context = canvas.getContext("2d") as OffscreenCanvasRenderingContext2D;
    for (let index = 0; index < count; index++) {
      context.fillStyle = `hsl(${index} 70% 50%)`;
      context.fillRect(0, 0, 256, 256);
      context.fillStyle = "white";
      context.font = "96px sans-serif";
      context.fillText(String(index), 10, 160);
      transfer.items.add(new File([await canvas.convertToBlob()], `${index}.png`, { type: "image/png" }));
    }
    (window as { long?: number[] }).long?.splice(0);
    document.body.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: transfer }));
  }, count);
}
