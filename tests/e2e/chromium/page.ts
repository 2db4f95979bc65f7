/**
 * Helpers for the tests of the page: opening it with a generated model as the demonstration, adding
 * fixture images, reading scores.
 */

import { resolve } from "node:path";
import type { Locator, Page } from "@playwright/test";
import { PORT } from "../browsers.ts";
import { expect } from "./setup.ts";
import type { ModelServer } from "../model-server.ts";

export const picture = (name: string) => resolve(import.meta.dirname, "../../parity/fixtures/pixels/files", name);

export interface Opening {
  /** Folder of the demonstration on the model server; `null` for no model. */
  model?: string | null;
  /** Whether there is a sample set. */
  samples?: boolean;
  /** Other fields of `config.json`. */
  config?: Record<string, unknown>;
  hash?: string;
}

/** Opens the page with a host's configuration. Collects its errors. */
export async function openPage(page: Page, server: ModelServer, { model = "narrow", samples = false, config = {}, hash = "" }: Opening = {}): Promise<string[]> {
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" && /Content.Security.Policy/i.test(message.text())) problems.push(message.text());
  });
  const demonstration = model === null ? null : { name: model, address: `${server.url}${model}` };
  const json = { demonstration, hosts: [server.url.slice(0, -1)], ...(samples ? {} : { samples: null }), ...config };
  await page.route(`http://127.0.0.1:${PORT}/config.json`, (route) => route.fulfill({ json }));
  // From the page itself, another hash would not reload anything.
  await page.goto("about:blank");
  await page.goto(`./${hash}`);
  return problems;
}

/** The name of the model in use, shown in the corner. */
export function modelInUse(page: Page): Locator {
  return page.locator("header .model");
}

export async function addPictures(page: Page, files: Parameters<Locator["setInputFiles"]>[0]): Promise<void> {
  await page.getByLabel("Add images").setInputFiles(files);
}

/** A number as the page writes it. */
export function numberOf(text: string): number {
  return Number.parseFloat(text.replace("−", "-"));
}

/** The tiles in order. */
export async function tiles(page: Page): Promise<{ name: string; rank: number; score: number }[]> {
  const found = await page.locator("picture-sheet .tile").evaluateAll((all) =>
    all.map((tile) => ({
      at: Number(tile.getAttribute("aria-posinset")),
      name: tile.querySelector(".name")?.getAttribute("title") ?? "",
      words: [...tile.querySelectorAll(".figures > *")].map((part) => part.textContent?.trim() ?? ""),
    })),
  );
  return found.sort((a, b) => a.at - b.at).map(({ name, words }) => ({ name, rank: Number(words[0]), score: numberOf(words[1] ?? "") }));
}

/** Waits until all images have scores, and checks their number. */
export async function scored(page: Page, pictures: number): Promise<void> {
  await expect(page.locator("score-progress .said")).toHaveText(new RegExp(`^${pictures === 1 ? "1 image" : `${pictures} images`} scored`));
}

/** Drops images that are generated in the page; sending so many from the test would be slow. */
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

/** The number of stored thumbnails. */
export function previews(page: Page): Promise<number> {
  return page.evaluate(
    () =>
      new Promise<number>((resolve, reject) => {
        const request = indexedDB.open("pickscore-table");
        request.onerror = () => reject(request.error);
        request.onsuccess = () => {
          const count = request.result.transaction("previews").objectStore("previews").count();
          count.onsuccess = () => {
            resolve(count.result);
            request.result.close();
          };
        };
      }),
  );
}
