/**
 * The images and prompts of the screen Score, and how they are shown. The page has one board;
 * elements watch it.
 */

import { Store } from "../state/store";
import type { Show, Sort } from "./order";
import { makePicture, type Picture } from "./picture";
import { isPicture, type Found } from "./intake";
import { selection } from "./selected";
import { Thumbnails } from "./thumbnails";

export interface Board {
  pictures: readonly Picture[];
  /** Without empty lines and duplicates. */
  prompts: readonly string[];
  /** The index of the prompt that the images are ranked by. */
  active: number;
  /** The key of the scorer that the images are ranked by; `""` for the first one. */
  column: string;
  sort: Sort;
  show: Show;
  find: string;
  /** Minimum width of a tile, in CSS pixels. */
  tile: number;
  /** Increases whenever an image changes. */
  version: number;
}

export const board = new Store<Board>({ pictures: [], prompts: [], active: 0, column: "", sort: "score", show: "all", find: "", tile: 168, version: 0 });

selection.subscribe(changed);

const thumbnails = new Thumbnails();
/** Images change by the dozen, so watchers are notified at most this often, in milliseconds. */
const OFTEN = 100;
let waiting = false;
let last = 0;

/** Notifies watchers that an image changed. */
export function changed(): void {
  if (waiting) return;
  waiting = true;
  setTimeout(() => requestAnimationFrame(tell), Math.max(0, last + OFTEN - performance.now()));
}

/** Notifies at once. */
export function tell(): void {
  waiting = false;
  last = performance.now();
  board.patch({ version: board.value.version + 1 });
}

/** Adds images and skips other files. Returns how many were added and skipped. */
export function addFiles(found: readonly Found[]): { added: number; left: number } {
  const pictures = found.filter(({ file }) => isPicture(file)).map(({ file, path }) => makePicture(file, { path }));
  addPictures(pictures);
  return { added: pictures.length, left: found.length - pictures.length };
}

export function addPictures(pictures: readonly Picture[]): void {
  if (pictures.length === 0) return;
  board.patch({ pictures: [...board.value.pictures, ...pictures] });
  for (const picture of pictures) requestThumbnail(picture);
}

/** Removes images. {@link restore} puts them back until the page closes. */
export function remove(pictures: ReadonlySet<Picture>): readonly Picture[] {
  const before = board.value.pictures;
  board.patch({ pictures: before.filter((picture) => !pictures.has(picture)) });
  for (const { id } of pictures) thumbnails.cancel(id);
  return before;
}

/** Puts back what {@link remove} removed. */
export function restore(before: readonly Picture[]): void {
  const now = new Set(board.value.pictures);
  const added = board.value.pictures.filter((picture) => !before.includes(picture));
  board.patch({ pictures: [...before, ...added] });
  // Images removed before their thumbnails were made.
  const bare = before.filter((picture) => !now.has(picture) && picture.thumbnail === undefined && picture.width === undefined);
  for (const picture of bare) requestThumbnail(picture);
}

/** Releases what removed images hold, once they can no longer be restored. */
export function discard(pictures: Iterable<Picture>): void {
  const kept = new Set(board.value.pictures);
  for (const picture of pictures) {
    if (kept.has(picture)) continue;
    if (picture.thumbnail !== undefined) URL.revokeObjectURL(picture.thumbnail);
    delete picture.thumbnail;
    delete picture.copy;
    delete picture.embedding;
  }
}

/** Thumbnails of images on the screen are made first. */
export function preferThumbnails(pictures: Iterable<Picture>): void {
  const ids = new Set<number>();
  for (const { id, thumbnail } of pictures) if (thumbnail === undefined) ids.add(id);
  if (ids.size > 0) thumbnails.prefer(ids);
}

export function setPrompts(text: string): void {
  const prompts = [...new Set(text.split("\n").map((line) => line.trim()).filter(Boolean))];
  const { prompts: before, active } = board.value;
  if (prompts.length === before.length && prompts.every((prompt, index) => prompt === before[index])) return;
  board.patch({ prompts, active: Math.min(active, Math.max(0, prompts.length - 1)) });
}

/** Requests a thumbnail, from the PNG copy if there is one. */
export function requestThumbnail(picture: Picture): void {
  thumbnails.request({
    id: picture.id,
    file: picture.copy ?? picture.file,
    done: ({ image, width, height, flatness }) => {
      if (image) Object.assign(picture, { thumbnail: URL.createObjectURL(image), width, height, flatness });
      else picture.undecodable = true;
      changed();
    },
  });
}
