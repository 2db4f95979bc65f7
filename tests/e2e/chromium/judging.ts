/**
 * Helpers for the tests of Judge and Contribute: images, files with metadata, rounds on the screen,
 * stored rows.
 */

import { deflateSync } from "node:zlib";
import { basename } from "node:path";
import { readFileSync } from "node:fs";
import { expect, type Page } from "@playwright/test";
import { picture } from "./page.ts";

/** Fixture images that are all different. */
export const PICTURES = ["photo-95.jpg", "noise.png", "edges.bmp", "grey.png", "palette.png", "transparent.gif"];

export interface Given {
  name: string;
  mimeType: string;
  buffer: Buffer;
}

/** A fixture image under another name. */
export function given(file: string, name = basename(file)): Given {
  const types: Record<string, string> = { jpg: "image/jpeg", png: "image/png", bmp: "image/bmp", gif: "image/gif", webp: "image/webp" };
  return { name, mimeType: types[file.split(".").pop() ?? ""] ?? "", buffer: readFileSync(picture(file)) };
}

export type Colour = [number, number, number];

/**
 * A PNG of one colour, or of what `colour` returns for each pixel, with metadata as generators
 * write it.
 */
export function png(colour: Colour | (() => Colour), texts: Record<string, string> = {}, [width, height] = [32, 32]): Buffer {
  const rows = Buffer.alloc(height * (1 + 3 * width));
  const next = typeof colour === "function" ? colour : () => colour;
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) rows.set(next(), y * (1 + 3 * width) + 1 + 3 * x);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const words = Object.entries(texts).map(([key, text]) => chunk("tEXt", Buffer.from(`${key}\0${text}`, "latin1")));
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk("IHDR", header), ...words, chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))]);
}

/** A chunk of a PNG. */
export function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const whole = Buffer.alloc(body.length + 8);
  whole.writeUInt32BE(data.length, 0);
  body.copy(whole, 4);
  whole.writeUInt32BE(crc(body), body.length + 4);
  return whole;
}

function crc(bytes: Buffer): number {
  let value = 0xffffffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  }
  return (value ^ 0xffffffff) >>> 0;
}

/** Adds images on Judge. An empty mode leaves the one that fits their number. */
export async function layOut(page: Page, files: Given[], prompt: string, mode = "Winner stays"): Promise<void> {
  const sizes = page.locator("judge-setup .pictures");
  await page.getByLabel("Choose images").setInputFiles(files);
  await expect(sizes.getByText(/^\s*\d+ images?/)).toBeVisible();
  if (prompt) await page.getByLabel("Prompts", { exact: true }).fill(prompt);
  if (mode) await page.getByRole("radio", { name: mode }).check();
}

/** Adds the fixture images and begins a round. */
export async function beginRound(page: Page, { prompt = "a fox in the snow", files = PICTURES.map((file) => given(file)), mode = "Winner stays" } = {}): Promise<void> {
  await layOut(page, files, prompt, mode);
  await page.getByRole("button", { name: /^Begin: / }).click();
  await pairShown(page);
}

/** Waits until a pair can be answered. */
export async function pairShown(page: Page): Promise<void> {
  await expect(page.locator("judge-round .pair")).toHaveAttribute("aria-busy", "false");
  await expect(page.locator("judge-round img")).toHaveCount(2);
}

/** Waits until a group can be answered. */
export async function groupShown(page: Page, images = 4): Promise<void> {
  await expect(page.locator("judge-round .group")).toHaveAttribute("aria-busy", "false");
  await expect(page.locator("judge-round img")).toHaveCount(images);
}

/** Presses keys, each when a group is shown. The last may end the round. */
export async function pick(page: Page, ...keys: string[]): Promise<void> {
  for (const key of keys) {
    await expect(page.locator("judge-round .group")).toHaveAttribute("aria-busy", "false");
    const before = await answered(page);
    await page.keyboard.press(key);
    await expect.poll(() => answered(page)).not.toBe(before);
  }
}

/** PNG images of different colours. */
export function coloured(count: number): Given[] {
  return Array.from({ length: count }, (_, index) => ({ name: `${index}.png`, mimeType: "image/png", buffer: png([(index * 37) % 256, (index * 91) % 256, (index * 151) % 256]) }));
}

/** The number of answered pairs or groups on the screen; −1 if there is no round. */
export async function answered(page: Page): Promise<number> {
  const [value = -1] = await page.locator("judge-round progress").evaluateAll((all) => all.map((progress) => (progress as HTMLProgressElement).value));
  return value;
}

/** Presses keys, each when its pair is shown. The last may end the round. */
export async function press(page: Page, ...keys: string[]): Promise<void> {
  for (const key of keys) {
    await pairShown(page);
    const before = await answered(page);
    await page.keyboard.press(key);
    await expect.poll(() => answered(page)).not.toBe(before);
  }
}

/**
 * The pixels of the images on the screen, which identify them here: the policy does not let a page
 * read a `blob:` address.
 */
export async function onScreen(page: Page): Promise<string[]> {
  await pairShown(page);
  return page.locator("judge-round img").evaluateAll((images) =>
    Promise.all(
      images.map(async (element) => {
        const image = element as HTMLImageElement;
        const context = new OffscreenCanvas(image.naturalWidth, image.naturalHeight).getContext("2d") as OffscreenCanvasRenderingContext2D;
        context.drawImage(image, 0, 0);
        const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", context.getImageData(0, 0, image.naturalWidth, image.naturalHeight).data));
        return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
      }),
    ),
  );
}

export interface Stored {
  records: {
    uid: string;
    prompt: string;
    left: { image_uid: string; model: string | null; score: number | null };
    right: { image_uid: string; model: string | null; score: number | null };
    has_label: boolean;
    label: string | null;
    session_uid: string;
    rater_uid: string;
    mode: string;
    control: string | null;
    retest_of: string | null;
    group_uid: string | null;
    seconds: number | null;
    scores_visible: boolean;
    scorer: { name: string; version: string } | null;
    created_at: number;
    app_version: string;
  }[];
  images: string[];
  files: { uid: string; sha256: string; bytes: number }[];
  rounds: { uid: string; kind: string; images: string[] }[];
  places: { uid: string; revision: number; finished: boolean }[];
  answers: string[];
  bin: string[];
}

/** The database's contents, read without the page's own code. */
export async function stored(page: Page): Promise<Stored> {
  return page.evaluate(async () => {
    const wait = <R>(request: IDBRequest<R>) => new Promise<R>((resolve, reject) => Object.assign(request, { onsuccess: () => resolve(request.result), onerror: () => reject(request.error) }));
    const database = await wait(indexedDB.open("pickscore-collection"));
    const names = ["records", "images", "files", "rounds", "places", "answers", "bin"];
    const transaction = database.transaction(names);
    const [records, images, files, rounds, places, answers, bin] = (await Promise.all(names.map((name) => wait(transaction.objectStore(name).getAll())))) as any[][];
    const hashed = await Promise.all(
      (files ?? []).map(async ({ uid, file }: { uid: string; file: Blob }) => {
        const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
        return { uid, bytes: file.size, sha256: [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("") };
      }),
    );
    database.close();
    return {
      records: (records ?? []).map(({ record }) => record).sort((a, b) => a.created_at - b.created_at),
      images: (images ?? []).map(({ uid }) => uid),
      files: hashed,
      rounds: (rounds ?? []).map(({ uid, kind, images }) => ({ uid, kind, images })),
      places: (places ?? []).map(({ uid, revision, finished }) => ({ uid, revision, finished })),
      answers: (answers ?? []).map(({ round }) => round),
      bin: (bin ?? []).map(({ uid }) => uid),
    };
  });
}

/**
 * Every image that something needs is present with the bytes of its name, and no other images are;
 * every answer has its round.
 */
export function expectWhole({ records, images, files, rounds, answers, bin }: Stored): void {
  const known = new Set(rounds.map(({ uid }) => uid));
  expect(answers.filter((round) => !known.has(round))).toEqual([]);
  const needed = new Set([...records.flatMap(({ left, right }) => [left.image_uid, right.image_uid]), ...rounds.flatMap(({ images }) => images)]);
  if (bin.length === 0) expect(new Set(images)).toEqual(needed);
  expect(files.map(({ uid }) => uid).sort()).toEqual([...images].sort());
  for (const { uid, sha256 } of files) expect(sha256).toBe(uid);
}
