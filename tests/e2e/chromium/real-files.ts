/**
 * Files and folders on the disk, dropped onto the page as a person would: the browser gives real
 * handles for them.
 */

import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, type Page } from "@playwright/test";
import { chunk } from "./judging.ts";

export interface OnDisk {
  /** With its folder. */
  path: string;
  buffer: Buffer;
}

/** Writes files into a new folder of this name; returns the folder's path. */
export function onDisk(name: string, files: readonly OnDisk[]): string {
  const folder = join(mkdtempSync(join(tmpdir(), "pickscore-files-")), name);
  mkdirSync(folder);
  for (const { path, buffer } of files) {
    const whole = join(folder, path);
    mkdirSync(join(whole, ".."), { recursive: true });
    writeFileSync(whole, buffer);
  }
  return folder;
}

/** Drops files or folders from the disk onto the page. */
export async function dropFromDisk(page: Page, paths: readonly string[]): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  const data = { items: [], files: [...paths], dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const) await devtools.send("Input.dispatchDragEvent", { type, x: 200, y: 300, data });
  await devtools.detach();
}

/** Waits until the page says that all changes are stored. */
export async function kept(page: Page): Promise<void> {
  await expect(page.locator("table-keeping .words")).toHaveAttribute("data-state", "kept");
}

/** Names of the files in the page's private storage. */
export function copies(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const names: string[] = [];
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle("table").catch(() => undefined);
    if (folder) for await (const name of folder.keys()) names.push(name);
    return names.sort();
  });
}

/** A PNG with a text as Automatic1111 writes it. */
export function withParameters(image: Buffer, parameters: string): Buffer {
  // After the signature and the header.
  const start = 8 + 25;
  return Buffer.concat([image.subarray(0, start), chunk("tEXt", Buffer.from(`parameters\0${parameters}`, "latin1")), image.subarray(start)]);
}

export interface Parameters {
  prompt: string;
  seed?: number;
  model?: string;
  steps?: number;
  sampler?: string;
  guidance?: number;
}

/** The text of {@link withParameters}. */
export function parameters({ prompt, seed = 1, model = "sdxl-base", steps = 20, sampler = "Euler a", guidance = 7 }: Parameters): string {
  return `${prompt}\nNegative prompt: blurry\nSteps: ${steps}, Sampler: ${sampler}, CFG scale: ${guidance}, Seed: ${seed}, Size: 512x512, Model: ${model}`;
}
