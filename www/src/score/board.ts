/**
 * The images and prompts of the screen Score, and how they are shown. The page has one board;
 * elements watch it. `table/` keeps it for the next visit.
 */

import { Store } from "../state/store";
import type { Filter } from "./generation";
import type { Given } from "./handles";
import { isPicture, isPictureName } from "./intake";
import type { Show, Sort } from "./order";
import { makePicture, type Picture, type Source } from "./picture";
import { selection } from "./selected";

/** What is kept of the board besides its images and the selection. */
export interface BoardState {
  /** The contents of the prompt box. */
  text: string;
  /** Whether images are scored against the prompts of the box, or against their own. */
  prompting: "this" | "own";
  /** The index of the prompt that the images are ranked by. */
  active: number;
  /** The key of the scorer that the images are ranked by; `""` for the first one. */
  column: string;
  sort: Sort;
  show: Show;
  find: string;
  /** By what the files say. */
  filter: Filter;
  /** Minimum width of a tile, in CSS pixels. */
  tile: number;
}

export interface Board extends BoardState {
  pictures: readonly Picture[];
  /** Of the box, without empty lines and duplicates. */
  prompts: readonly string[];
  /** Increases whenever an image changes. */
  version: number;
  /** Increases whenever a score or an own prompt changes, which may change the order. */
  scored: number;
}

export const EMPTY: BoardState = {
  text: "",
  prompting: "this",
  active: 0,
  column: "",
  sort: "score",
  show: "all",
  find: "",
  filter: {},
  tile: 168,
};

export const board = new Store<Board>({ ...EMPTY, pictures: [], prompts: [], version: 0, scored: 0 });

selection.subscribe(() => tell());

/** How long removed images can be restored: slightly longer than the message is shown. */
export const FORGET = 60_000;
/** Images change by the dozen, so watchers are notified at most this often, in milliseconds. */
const OFTEN = 100;
/** The same with so many images that sorting them takes a frame. */
const SELDOM = { images: 1500, milliseconds: 500 };
let waiting = false;
let last = 0;
let rescored = false;

/** Notifies watchers that an image changed. */
export function changed(): void {
  if (waiting) return;
  waiting = true;
  const pause = board.value.pictures.length > SELDOM.images ? SELDOM.milliseconds : OFTEN;
  setTimeout(() => requestAnimationFrame(tell), Math.max(0, last + pause - performance.now()));
}

/** Notifies watchers that scores or own prompts changed. */
export function scoresChanged(): void {
  rescored = true;
  changed();
}

/** Notifies at once. */
export function tell(): void {
  waiting = false;
  last = performance.now();
  const { version, scored } = board.value;
  board.patch({ version: version + 1, scored: scored + Number(rescored) });
  rescored = false;
}

/** What became of files: images that were added, images that were there already, other files. */
export interface Added {
  added: number;
  known: { picture: Picture; handle: FileSystemFileHandle | undefined }[];
  left: number;
}

/** Adds images that are not on the board yet, and skips other files. */
export function addFiles(given: readonly Given[]): Added {
  const here = new Map(board.value.pictures.flatMap((picture) => placeOf(picture).map((place) => [place, picture] as const)));
  const pictures: Picture[] = [];
  const known: Added["known"] = [];
  let left = 0;
  for (const one of given) {
    const { path } = one;
    const isImage = "file" in one ? isPicture(one.file) : isPictureName(one.handle.name);
    if (!isImage) {
      left += 1;
      continue;
    }
    const source: Source = "file" in one ? { kind: "file", file: one.file } : { kind: "handle", handle: one.handle, ...(one.root !== undefined && { root: one.root }) };
    const [place] = placeOf({ source, path });
    const picture = place === undefined ? undefined : here.get(place);
    if (picture) {
      known.push({ picture, handle: "handle" in one ? one.handle : undefined });
      continue;
    }
    const made = makePicture(source, { path });
    if (place !== undefined) here.set(place, made);
    pictures.push(made);
  }
  addPictures(pictures);
  return { added: pictures.length, known, left };
}

/**
 * What is the same if the same file is added again, as far as that is known before it is read; at
 * most one.
 */
function placeOf({ source, path, bytes, modified }: Pick<Picture, "source" | "path" | "bytes" | "modified">): string[] {
  if (source.kind === "handle") return source.root === undefined ? [] : [`folder ${source.root} ${path}`];
  if (source.kind === "file") return [`file ${source.file.size} ${source.file.lastModified} ${path}`];
  return source.kind === "copy" && bytes !== undefined && modified !== undefined ? [`file ${bytes} ${modified} ${path}`] : [];
}

export function addPictures(pictures: readonly Picture[]): void {
  if (pictures.length > 0) board.patch({ pictures: [...board.value.pictures, ...pictures] });
}

/** Removes images. {@link restore} puts them back until the page closes. */
export function remove(pictures: ReadonlySet<Picture>): readonly Picture[] {
  const before = board.value.pictures;
  board.patch({ pictures: before.filter((picture) => !pictures.has(picture)) });
  return before;
}

/** Puts back what {@link remove} removed. */
export function restore(before: readonly Picture[]): void {
  const known = new Set(before);
  board.patch({ pictures: [...before, ...board.value.pictures.filter((picture) => !known.has(picture))] });
}

/** Releases what removed images hold, once they can no longer be restored. */
export function discard(pictures: Iterable<Picture>): void {
  const kept = new Set(board.value.pictures);
  for (const picture of pictures) {
    if (kept.has(picture)) continue;
    delete picture.copy;
    delete picture.embedding;
  }
}

export function setPrompts(text: string): void {
  const prompts = promptsOfText(text);
  const { prompts: before, active } = board.value;
  const same = prompts.length === before.length && prompts.every((prompt, index) => prompt === before[index]);
  if (!same) board.patch({ text, prompts, active: Math.min(active, Math.max(0, prompts.length - 1)) });
  else if (text !== board.value.text) board.patch({ text });
}

/** Lines without empty ones and duplicates. */
export function promptsOfText(text: string): string[] {
  return [...new Set(text.split("\n").map((line) => line.trim()).filter(Boolean))];
}
