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
import type { Thumbnail, ThumbnailRequest } from "./thumbnail.worker";

/**
 * Concurrent decoders: more would hold more whole images in memory and slow the page on few cores.
 */
const AT_ONCE = navigator.hardwareConcurrency > 2 ? 2 : 1;
/** Pixels of the longer edge: the largest tile on a high-density screen. */
const SIDE = 512;
/** Thumbnails in memory: several screens of the smallest tiles. About 15 MB. */
const MOST = 400;
/** How often arriving thumbnails are shown, in milliseconds. */
const OFTEN = 60;
/** How often properties of images that thumbnails reveal change the view, in milliseconds. */
const SELDOM = 1000;

/** Increases when thumbnails have come or gone. */
export const thumbnailsChanged = new Store(0);

/** Images with a thumbnail in memory, the one used longest ago first. */
const held = new Set<Picture>();
/** The images near the window, in their order. */
let wanted: ReadonlySet<Picture> = new Set();
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

/** Shows the thumbnails of images near the window, before all others. */
export function showThumbnails(pictures: Iterable<Picture>): void {
  wanted = new Set(pictures);
  const stored: Picture[] = [];
  const unmade: Picture[] = [];
  for (const picture of wanted) {
    if (picture.thumbnail !== undefined) {
      held.delete(picture);
      held.add(picture);
    } else if (picture.hasPreview && table()) {
      if (!loading.has(picture)) stored.push(picture);
    } else if (picture.undecodable === undefined) {
      unmade.push(picture);
    }
  }
  if (stored.length > 0) void load(stored);
  if (unmade.length > 0) {
    waiting = [...unmade, ...waiting.filter((picture) => !wanted.has(picture))];
    next();
  }
  // Never those that are wanted, however many they are.
  for (const picture of held) {
    if (held.size <= MOST) break;
    if (!wanted.has(picture)) release(picture);
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
    if (row) hold(picture, new Blob([row.image], { type: "image/webp" }));
    else {
      // The browser has removed it: it is made again.
      delete picture.hasPreview;
      requestThumbnail(picture);
    }
  }
}

function hold(picture: Picture, image: Blob): void {
  if (picture.thumbnail !== undefined) URL.revokeObjectURL(picture.thumbnail);
  picture.thumbnail = URL.createObjectURL(image);
  held.add(picture);
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
    const isDone = picture.thumbnail !== undefined || (picture.hasPreview && table() !== undefined);
    if (!present.has(picture) || running.has(picture.id) || (isDone && picture.copy === undefined)) continue;
    running.set(picture.id, picture);
    void make(picture, idle.pop() ?? start());
  }
}

async function make(picture: Picture, worker: Worker): Promise<void> {
  const file = picture.copy ?? (await fileOf(picture).catch(() => undefined));
  if (file) return worker.postMessage({ id: picture.id, file, side: SIDE } satisfies ThumbnailRequest);
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

function take(picture: Picture, { image, width, height, flatness }: Thumbnail): void {
  if (!image) {
    picture.undecodable = true;
    return changed();
  }
  Object.assign(picture, { width, height, flatness });
  void store(picture, image);
  if (wanted.has(picture) || (!table() && held.size < MOST)) hold(picture, image);
  touch(picture, "later");
  reveal();
}

async function store(picture: Picture, image: Blob): Promise<void> {
  const bytes = await image.arrayBuffer();
  try {
    await change(["previews"], "relaxed", (transaction) => void transaction.objectStore("previews").put({ id: picture.id, image: bytes }).catch(() => undefined));
    if (table()) picture.hasPreview = true;
  } catch {
    // Storage is full or gone: the thumbnail is made again when it is needed.
  }
}
