/**
 * Stores every change of the table: images as they come and go, what becomes known of them, and the
 * board. Changes of the same moment are one transaction; they are stored in their order, so that
 * the browser may be killed at any time.
 */

import { askToKeep } from "../../collection/persistence";
import { knownColumns } from "../../engine/panel";
import { board, type Board, type BoardState, EMPTY, FORGET } from "../board";
import type { Picture } from "../picture";
import { type Selection, selection } from "../selected";
import { change, table, type TableTransaction } from "./database";
import { fits, keeping } from "./keeping";
import { marks } from "./marks";
import { removeCopy } from "./private";
import { agreeOnResults, followResults, saveResults } from "./results";
import { BOARD, type BoardRow, type ImageRow } from "./rows";

/** How long changes are collected, in milliseconds: less than anyone notices. */
const COLLECT = 25;
/** The same for what could be computed again. */
const LATER = 1500;
/** Images per transaction. */
const PORTION = 100;

/** The board's fields that are kept. */
const FIELDS = Object.keys(EMPTY) as (keyof BoardState)[];

/** The images of the board, and the list that they were read from. */
let members = new Set<Picture>();
let listed: readonly Picture[] = [];
/** Images whose row differs from the stored one, and images that have no row yet. */
const changedRows = new Set<Picture>();
const removed = new Map<Picture, ReturnType<typeof setTimeout>>();
let savedMarks: Selection = selection.value;
let savedBoard: Pick<Board, keyof BoardState> | undefined;
let isBoardNew = false;
let isReplaced = false;
let waiting = false;
let later: ReturnType<typeof setTimeout> | undefined;
let saving: Promise<void> = Promise.resolve();

/** Begins to keep the board as it is now: what is on it has been read from the database. */
export function beginKeeping(): void {
  agree();
  board.subscribe(follow);
  addEventListener("pagehide", () => void save());
}

/** What is stored is what the board is now. */
function agree(): void {
  listed = board.value.pictures;
  members = new Set(listed);
  savedBoard = board.value;
  savedMarks = selection.value;
  agreeOnResults(board.value.scored);
}

/** Changes the board together with everything that is stored of it. */
export async function replaceAll(patch: () => void, store: () => Promise<void>): Promise<void> {
  for (const timer of removed.values()) clearTimeout(timer);
  removed.clear();
  changedRows.clear();
  isReplaced = true;
  patch();
  isReplaced = false;
  agree();
  changedRows.clear();
  isBoardNew = false;
  saving = saving.then(store);
  await saving;
}

function follow(now: Board): void {
  if (keeping.value.place !== "browser" || isReplaced) return;
  if (now.pictures !== listed) {
    const [before, after] = [members, new Set(now.pictures)];
    listed = now.pictures;
    members = after;
    for (const picture of after) if (!before.has(picture)) came(picture);
    for (const picture of before) if (!after.has(picture)) went(picture);
  }
  const isOther = savedBoard !== undefined && FIELDS.some((field) => now[field] !== savedBoard?.[field]);
  if (isOther || selection.value !== savedMarks) {
    savedBoard = now;
    savedMarks = selection.value;
    isBoardNew = true;
    schedule();
  }
  followResults(now.scored, () => {
    // The board's row says whose results they are.
    isBoardNew = true;
    schedule();
  });
}

function came(picture: Picture): void {
  clearTimeout(removed.get(picture));
  removed.delete(picture);
  touch(picture);
}

function went(picture: Picture): void {
  const forget = setTimeout(() => void forgetImages([picture]), FORGET);
  removed.set(picture, forget);
  touch(picture);
}

/**
 * Something that is kept of an image has changed. What could be computed again is stored `later`,
 * together with other such changes.
 */
export function touch(picture: Picture, when: "now" | "later" = "now"): void {
  if (keeping.value.place !== "browser" || !(members.has(picture) || removed.has(picture))) return;
  // Until it is copied, there is nothing to come back to.
  if (picture.source.kind === "file") return;
  changedRows.add(picture);
  if (when === "now") return schedule();
  later ??= setTimeout(() => void save(), LATER);
}

/** Whether an image may be copied to private storage. Notes on it why not. */
export function mayCopy(picture: Picture, bytes: number): boolean {
  if (keeping.value.place !== "browser") return false;
  if (fits(board.value.pictures, bytes)) return true;
  picture.unkept = "bound";
  return false;
}

/** An image has been copied. The copy takes the place of the file. */
export function noteCopy(picture: Picture): void {
  if (picture.source.kind === "file") picture.source = { kind: "copy" };
  delete picture.unkept;
  touch(picture);
}

export function noteFailure(picture: Picture, { name, message }: { name: string; message: string }): void {
  picture.unkept = name === "QuotaExceededError" ? "full" : "refused";
  keeping.patch({ problem: { name, message } });
}

function schedule(): void {
  if (!keeping.value.saving) keeping.patch({ saving: true });
  if (waiting) return;
  waiting = true;
  setTimeout(() => void save(), COLLECT);
}

/** Stores what has changed. Resolves when it is on the disk, or when it has failed. */
export function save(): Promise<void> {
  waiting = false;
  clearTimeout(later);
  later = undefined;
  saving = saving.then(saveNow);
  return saving;
}

async function saveNow(): Promise<void> {
  if (!table()) return;
  try {
    while (isBoardNew || changedRows.size > 0) {
      const pictures = [...changedRows].slice(0, PORTION);
      const withBoard = isBoardNew;
      for (const picture of pictures) changedRows.delete(picture);
      isBoardNew = false;
      try {
        await change(["images", "handles", "board"], "strict", (transaction) => {
          for (const picture of pictures) put(transaction, picture);
          if (withBoard) void transaction.objectStore("board").put(boardRow(), BOARD).catch(ignore);
        });
      } catch (error) {
        for (const picture of pictures) changedRows.add(picture);
        isBoardNew ||= withBoard;
        throw error;
      }
      for (const picture of pictures) picture.isKept = !removed.has(picture);
      if (pictures.length > 0) void askToKeep();
    }
    await saveResults(board.value.pictures, board.value.scored);
    keeping.patch({ problem: undefined });
  } catch (error) {
    const { name, message } = error as Error;
    keeping.patch({ problem: { name, message } });
  } finally {
    if (!waiting) keeping.patch({ saving: false });
  }
}

/** Errors of single requests end their transaction, which reports them. */
function ignore(): void {}

function put(transaction: TableTransaction, picture: Picture): void {
  const { source } = picture;
  void transaction.objectStore("images").put(rowOf(picture)).catch(ignore);
  if (source.kind === "handle" && source.handle && !picture.isKept) {
    void transaction.objectStore("handles").put({ id: picture.id, handle: source.handle }).catch(ignore);
  }
}

function rowOf(picture: Picture): ImageRow {
  const { id, path, source, caption, uid, bytes, modified, width, height, flatness, generation } = picture;
  const undecodable = picture.undecodable === undefined ? undefined : true;
  const row: ImageRow = { id, path, source: source.kind === "file" ? "copy" : source.kind };
  const root = source.kind === "handle" ? source.root : undefined;
  const known = { root, caption, uid, bytes, modified, width, height, flatness, undecodable, generation, removed: removed.has(picture) || undefined };
  return Object.assign(row, Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined)));
}

function boardRow(): BoardRow {
  const state = Object.fromEntries(FIELDS.map((field) => [field, board.value[field]])) as unknown as BoardState;
  return { ...state, ...marks(), version: 1, columns: knownColumns() };
}

/** Deletes everything stored of images, and copies that no other image shares. */
async function forgetImages(pictures: readonly Picture[]): Promise<void> {
  for (const picture of pictures) {
    removed.delete(picture);
    changedRows.delete(picture);
  }
  await saving;
  await deleteRows(pictures.map(({ id }) => id)).catch(ignore);
  const shared = new Set([...board.value.pictures, ...removed.keys()].map(({ uid }) => uid));
  for (const { uid, source } of pictures) if (source.kind === "copy" && uid && !shared.has(uid)) await removeCopy(uid).catch(ignore);
}

export async function deleteRows(ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  await change(["images", "handles", "previews"], "relaxed", (transaction) => {
    for (const id of ids) for (const name of ["images", "handles", "previews"] as const) void transaction.objectStore(name).delete(id).catch(ignore);
  });
}
