/** What lies on the table: pictures, prompts, and how they are looked at. One for the page; elements watch it. */

import { Store } from "../state/store";
import type { Show, Sort } from "./order";
import { makePicture, type Picture } from "./picture";
import { isPicture, type Found } from "./intake";
import { Thumbnails } from "./thumbnails";

export interface Board {
  pictures: readonly Picture[];
  /** Without empty ones, each once. */
  prompts: readonly string[];
  /** Which prompt ranks. */
  active: number;
  sort: Sort;
  show: Show;
  find: string;
  /** Least width of a tile, in CSS pixels. */
  tile: number;
  /** Grows with every change inside a picture. */
  version: number;
}

export const board = new Store<Board>({ pictures: [], prompts: [], active: 0, sort: "score", show: "all", find: "", tile: 168, version: 0 });

const thumbnails = new Thumbnails();
/** Pictures change by the dozen: what watches them is told ten times a second, in milliseconds. */
const OFTEN = 100;
let waiting = false;
let last = 0;

/** Tells that something in a picture changed. */
export function changed(): void {
  if (waiting) return;
  waiting = true;
  setTimeout(() => requestAnimationFrame(tell), Math.max(0, last + OFTEN - performance.now()));
}

/** Tells it at once. */
export function tell(): void {
  waiting = false;
  last = performance.now();
  board.patch({ version: board.value.version + 1 });
}

/** Adds pictures; what is none is left out. Returns how many were added and how many were not. */
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

/** Takes pictures off the table. They can be put back with {@link restore} until the page closes. */
export function remove(pictures: ReadonlySet<Picture>): readonly Picture[] {
  const before = board.value.pictures;
  board.patch({ pictures: before.filter((picture) => !pictures.has(picture)) });
  for (const { id } of pictures) thumbnails.cancel(id);
  return before;
}

/** Puts back what {@link remove} took. */
export function restore(before: readonly Picture[]): void {
  const now = new Set(board.value.pictures);
  const added = board.value.pictures.filter((picture) => !before.includes(picture));
  board.patch({ pictures: [...before, ...added] });
  // Those whose copies were not made before they were removed.
  const bare = before.filter((picture) => !now.has(picture) && picture.thumbnail === undefined && picture.width === undefined);
  for (const picture of bare) requestThumbnail(picture);
}

/** Lets go of what removed pictures hold, once nobody can bring them back. */
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

/** Pictures that are on the screen get their copies first. */
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

export function select(pictures: Iterable<Picture>, selected: boolean): void {
  for (const picture of pictures) picture.selected = selected;
  tell();
}

/** Asks for a thumbnail: of the copy where there is one, else of the file. */
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
