/**
 * Thumbnails: made once in a worker, stored for the next visit, and held in memory only near the
 * window. Those on the screen come first; all others are made when there is nothing else to do.
 */

import { Store } from "../state/store";
import { board, changed } from "./board";
import type { Picture } from "./picture";
import { change, table } from "./table/database";
import { fileOf } from "./file";
import { touch } from "./table/keeper";
import type { PreviewRow } from "./table/rows";
import type { Thumbnail, ThumbnailRequest } from "./thumbnail.worker";

/**
 * Concurrent decoders: more would hold more whole images in memory and slow the page on few cores.
 */
const AT_ONCE = navigator.hardwareConcurrency > 2 ? 2 : 1;
/**
 * Pixels of the longer edges of an image's thumbnails. Browsers keep hundreds of images decoded,
 * also after they have left the document, so a tile shows the smallest one that has its pixels: the
 * small one takes a quarter of the large one's memory, the middle one 61 %. In windows of at
 * least six columns, tiles of the default size are at most 198 CSS pixels wide: the middle one has
 * two pixels for each of them. It is made only on screens with more than one.
 */
const [SMALL, MIDDLE, LARGE] = [256, 400, 512];
/** Thumbnails in memory: several screens of the smallest tiles. About 15 MB. */
const MOST = 400;
/** How often arriving thumbnails are shown, in milliseconds. */
const OFTEN = 60;
/** How often properties of images that thumbnails reveal change the view, in milliseconds. */
const SELDOM = 1000;

/** Increases when thumbnails have come or gone. */
export const thumbnailsChanged = new Store(0);

/** The pixels of thumbnails in memory, the one used longest ago first. */
const held = new Map<Picture, number>();
/** The images near the window in their order, and the pixels that their longer edges take. */
let wanted: ReadonlyMap<Picture, number> = new Map();
/** The images in the close-up, which shows the thumbnail of a file that it cannot read. */
let enlarged: ReadonlySet<Picture> = new Set();
let waiting: Picture[] = [];
const running = new Map<number, Picture>();
const loading = new Set<Picture>();
const idle: Worker[] = [];
let workers = 0;
let listed: readonly Picture[] = [];
let present: ReadonlySet<Picture> = new Set();

board.subscribe(({ pictures }) => {
  if (pictures === listed) return;
  const before = present;
  listed = pictures;
  present = new Set(pictures);
  for (const picture of pictures) if (!before.has(picture) && !picture.hasPreview) waiting.push(picture);
  for (const picture of before) if (!present.has(picture)) release(picture);
  next();
});

/**
 * Shows the thumbnails of images near the window, before all others. With each image come the
 * device pixels of its longer edge.
 */
export function showThumbnails(pictures: Iterable<readonly [Picture, number]>): void {
  wanted = new Map(pictures);
  for (const picture of wanted.keys()) {
    const pixels = held.get(picture);
    if (pixels === undefined) continue;
    held.delete(picture);
    held.set(picture, pixels);
  }
  find([...wanted.keys(), ...enlarged]);
  // Never those that are wanted, however many they are.
  for (const picture of held.keys()) {
    if (held.size <= MOST) break;
    if (!wanted.has(picture) && !enlarged.has(picture)) release(picture);
  }
}

/** Shows the large thumbnails of these images, and of no others. */
export function enlargeThumbnails(pictures: Iterable<Picture>): void {
  enlarged = new Set(pictures);
  find([...enlarged]);
}

/** Whether the thumbnail in memory is as large as it is needed. */
function isHeld(picture: Picture): boolean {
  const pixels = picture.thumbnail === undefined ? undefined : held.get(picture);
  return pixels !== undefined && pixels >= neededFor(picture);
}

/** The size of the smallest thumbnail that is large enough. */
function neededFor(picture: Picture): number {
  const pixels = wanted.get(picture) ?? 0;
  return enlarged.has(picture) || pixels > MIDDLE ? LARGE : pixels > SMALL ? MIDDLE : SMALL;
}

/** Reads or makes the thumbnails that are not in memory. */
function find(pictures: readonly Picture[]): void {
  const stored: Picture[] = [];
  const unmade: Picture[] = [];
  for (const picture of pictures) {
    if (isHeld(picture)) continue;
    if (picture.hasPreview && table()) {
      if (!loading.has(picture)) stored.push(picture);
    } else if (picture.undecodable === undefined) {
      unmade.push(picture);
    }
  }
  if (stored.length > 0) void load(stored);
  if (unmade.length > 0) {
    const first = new Set(unmade);
    waiting = [...unmade, ...waiting.filter((picture) => !first.has(picture))];
    next();
  }
}

/** Requests a thumbnail again, from the copy if there is one. */
export function requestThumbnail(picture: Picture): void {
  waiting = [picture, ...waiting.filter((other) => other !== picture)];
  next();
}

async function load(pictures: readonly Picture[]): Promise<void> {
  for (const picture of pictures) loading.add(picture);
  const store = table()?.transaction("previews").store;
  const rows = await Promise.all(pictures.map(({ id }) => store?.get(id).catch(() => undefined)));
  for (const [index, picture] of pictures.entries()) {
    loading.delete(picture);
    const row = rows[index];
    if (row) holdOne(picture, imagesOf(row));
    else {
      // The browser has removed it: it is made again.
      delete picture.hasPreview;
      requestThumbnail(picture);
    }
  }
}

/** The thumbnails of a row, the largest first. */
function imagesOf({ image, middle, small }: PreviewRow): Thumbnail["images"] {
  const images = new Map<number, Blob>();
  for (const [side, bytes] of [[LARGE, image], [MIDDLE, middle], [SMALL, small]] as const) {
    if (bytes) images.set(side, new Blob([bytes], { type: "image/webp" }));
  }
  return images;
}

/** Holds the smallest thumbnail that is large enough, of these from the largest to the smallest. */
function holdOne(picture: Picture, images: Thumbnail["images"]): void {
  const needed = neededFor(picture);
  const [side, image] = [...images].findLast(([side]) => side >= needed) ?? [];
  if (side === undefined || image === undefined) return;
  if (picture.thumbnail !== undefined) URL.revokeObjectURL(picture.thumbnail);
  picture.thumbnail = URL.createObjectURL(image);
  held.delete(picture);
  held.set(picture, side);
  show();
}

function release(picture: Picture): void {
  held.delete(picture);
  if (picture.thumbnail !== undefined) URL.revokeObjectURL(picture.thumbnail);
  delete picture.thumbnail;
}

let showing = false;
function show(): void {
  if (showing) return;
  showing = true;
  setTimeout(() => {
    requestAnimationFrame(() => {
      showing = false;
      thumbnailsChanged.value += 1;
    });
  }, OFTEN);
}

let revealing = false;
/** Size and flatness are known of some more images. */
function reveal(): void {
  if (revealing) return;
  revealing = true;
  setTimeout(() => {
    revealing = false;
    changed();
  }, SELDOM);
}

function next(): void {
  while (waiting.length > 0 && (idle.length > 0 || workers < AT_ONCE)) {
    const picture = waiting.shift() as Picture;
    const isDone = isHeld(picture) || (picture.hasPreview && table() !== undefined);
    if (!present.has(picture) || running.has(picture.id) || (isDone && picture.copy === undefined)) continue;
    running.set(picture.id, picture);
    void make(picture, idle.pop() ?? start());
  }
}

async function make(picture: Picture, worker: Worker): Promise<void> {
  const file = picture.copy ?? (await fileOf(picture).catch(() => undefined));
  const sides = devicePixelRatio > 1 ? [LARGE, MIDDLE, SMALL] : [LARGE, SMALL];
  if (file) return worker.postMessage({ id: picture.id, file, sides } satisfies ThumbnailRequest);
  // Its file cannot be read now.
  running.delete(picture.id);
  idle.push(worker);
  next();
}

function start(): Worker {
  workers += 1;
  const worker = new Worker(new URL("./thumbnail.worker.ts", import.meta.url), { type: "module" });
  worker.addEventListener("message", ({ data }: MessageEvent<Thumbnail>) => {
    const picture = running.get(data.id);
    running.delete(data.id);
    if (picture && present.has(picture)) take(picture, data);
    idle.push(worker);
    next();
  });
  return worker;
}

function take(picture: Picture, { images, width, height, flatness }: Thumbnail): void {
  if (images.size === 0) {
    picture.undecodable = true;
    return changed();
  }
  Object.assign(picture, { width, height, flatness });
  void store(picture, images);
  if (wanted.has(picture) || enlarged.has(picture) || (!table() && held.size < MOST)) holdOne(picture, images);
  touch(picture, "later");
  reveal();
}

async function store(picture: Picture, images: Thumbnail["images"]): Promise<void> {
  const [image, middle, small] = await Promise.all([LARGE, MIDDLE, SMALL].map((side) => images.get(side)?.arrayBuffer()));
  if (!image) return;
  const row = { id: picture.id, image, ...(middle && { middle }), ...(small && { small }) };
  try {
    await change(["previews"], "relaxed", (transaction) => void transaction.objectStore("previews").put(row).catch(() => undefined));
    if (table()) picture.hasPreview = true;
  } catch {
    // Storage is full or gone: the thumbnail is made again when it is needed.
  }
}
