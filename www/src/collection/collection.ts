/**
 * Everything collected in this browser: choices, images, rounds. The page has one collection;
 * elements watch {@link collection}.
 *
 * Every change is one transaction that leaves the tables consistent. An image exists exactly as
 * long as a choice, a deleted choice or a round needs it, counted by index in the same transaction.
 * So the browser may be killed at any moment, and no other tab can interfere.
 */

import { Store } from "../state/store";
import type { PreferenceRecord } from "./library";
import { Database } from "./database";
import { MemoryTables } from "./memory";
import { DatabaseError, type Obstacle } from "./open";
import type { AnswerRow, BinRow, PlaceRow, RecordRow, RoundRow, TableName } from "./rows";
import type { Access, Tables } from "./tables";

export interface CollectionState {
  /** Where it is stored. Memory lasts until the tab closes. */
  place: "opening" | "browser" | "memory";
  /** Why it is stored in memory only. */
  obstacle?: { code: Obstacle | "full" | "failed" | "closed"; detail: string };
  /** Increases with every change, in any tab. */
  version: number;
}

export const collection = new Store<CollectionState>({ place: "opening", version: 0 });

/** Another tab changed what this one was about to change. */
export class Conflict extends Error {
  override readonly name = "Conflict";
}

let opening: Promise<Tables> | undefined;
const channel = typeof BroadcastChannel === "undefined" ? undefined : new BroadcastChannel("pickscore-collection");
channel?.addEventListener("message", () => tell());

/**
 * Opens the collection, once. Never rejects: if the browser stores nothing, memory is used and the
 * state says why.
 */
export function openCollection(): Promise<Tables> {
  opening ??= open();
  return opening;
}

async function open(): Promise<Tables> {
  try {
    const database = await Database.open(() => {
      collection.patch({ obstacle: { code: "closed", detail: "" } });
    });
    collection.patch({ place: "browser" });
    return database;
  } catch (error) {
    const { code, detail } = error instanceof DatabaseError ? error : { code: "refused" as const, detail: String(error) };
    collection.patch({ place: "memory", obstacle: { code, detail } });
    return new MemoryTables();
  }
}

/**
 * Continues in memory with everything stored so far, for a visitor whose disk is full and who wants
 * to export.
 */
export async function goOnInMemory(): Promise<void> {
  const memory = new MemoryTables();
  await memory.fill(await openCollection());
  opening = Promise.resolve(memory);
  collection.patch({ place: "memory", obstacle: { code: "full", detail: "" }, version: collection.value.version + 1 });
}

function tell(): void {
  collection.patch({ version: collection.value.version + 1 });
}

async function write<R>(tables: readonly TableName[], work: (access: Access) => Promise<R>): Promise<R> {
  const store = await openCollection();
  const result = await store.write(tables, work);
  tell();
  if (collection.value.place === "browser") channel?.postMessage("changed");
  return result;
}

async function read<R>(tables: readonly TableName[], work: (access: Access) => Promise<R>): Promise<R> {
  return (await openCollection()).read(tables, work);
}

// Images

/** An image with its file, to be stored. */
export interface NewImage {
  uid: string;
  file: Blob;
}

const HOLDERS = ["records", "bin", "rounds"] as const;
const WITH_IMAGES = ["records", "bin", "rounds", "images", "files"] as const;

async function keep(access: Access, images: readonly NewImage[]): Promise<void> {
  for (const { uid, file } of images) {
    if (await access.get("images", uid)) continue;
    // A plain `Blob`: a `File` from the visitor's disk would be stored with its name and date.
    await access.put("files", { uid, file: file instanceof File ? file.slice(0, file.size, file.type) : file });
    await access.put("images", { uid, bytes: file.size });
  }
}

/** Deletes images that nothing refers to any more. */
async function release(access: Access, images: Iterable<string>): Promise<void> {
  for (const uid of new Set(images)) {
    let held = false;
    for (const table of HOLDERS) held ||= (await access.count(table, "images", uid)) > 0;
    if (held) continue;
    await access.delete("files", uid);
    await access.delete("images", uid);
  }
}

/** The file of an image; `undefined` if it is gone. */
export async function imageFile(uid: string): Promise<Blob | undefined> {
  return (await read(["files"], (access) => access.get("files", uid)))?.file;
}

/** The number of images and their bytes. */
export async function imageSizes(): Promise<Map<string, number>> {
  const rows = await read(["images"], (access) => access.all("images"));
  return new Map(rows.map(({ uid, bytes }) => [uid, bytes]));
}

// Choices

function rowOf(record: PreferenceRecord): RecordRow {
  return { uid: record.uid, session: record.session_uid, images: [record.left.image_uid, record.right.image_uid], record };
}

/** All choices, oldest first. */
export async function listRecords(): Promise<PreferenceRecord[]> {
  const rows = await read(["records"], (access) => access.all("records"));
  return rows.map(({ record }) => record).sort((a, b) => a.created_at - b.created_at || (a.uid < b.uid ? -1 : 1));
}

/** The choices of a session, oldest first. */
export async function recordsOf(session: string): Promise<PreferenceRecord[]> {
  const rows = await read(["records"], (access) => access.find("records", "session", session));
  return rows.map(({ record }) => record).sort((a, b) => a.created_at - b.created_at);
}

/** Adds imported choices with their images; existing ones stay as they are. */
export function addRecords(records: readonly PreferenceRecord[], images: readonly NewImage[]): Promise<void> {
  return write(WITH_IMAGES, async (access) => {
    await keep(access, images);
    for (const record of records) if (!(await access.get("records", record.uid))) await access.put("records", rowOf(record));
    // Images of choices that already existed.
    await release(access, images.map(({ uid }) => uid));
  });
}

/** Replaces choices by the result of `change`. Choices that no longer exist are skipped. */
export function changeRecords(uids: readonly string[], change: (record: PreferenceRecord) => PreferenceRecord): Promise<void> {
  return write(["records"], async (access) => {
    for (const uid of uids) {
      const row = await access.get("records", uid);
      if (row) await access.put("records", rowOf(change(row.record)));
    }
  });
}

/** Deletes choices. {@link restoreRecords} restores them until {@link emptyBin}. */
export function deleteRecords(uids: readonly string[], batch: string, now: number): Promise<void> {
  return write(["records", "bin"], async (access) => {
    for (const uid of uids) {
      const row = await access.get("records", uid);
      if (!row) continue;
      await access.put("bin", { ...row, batch, deleted: now });
      await access.delete("records", uid);
    }
  });
}

/** Deleted choices that can still be restored. */
export function listBin(): Promise<BinRow[]> {
  return read(["bin"], (access) => access.all("bin"));
}

/** Restores choices that were deleted together. */
export function restoreRecords(batch: string): Promise<void> {
  return write(["records", "bin"], async (access) => {
    for (const { record } of await access.find("bin", "batch", batch)) {
      if (!(await access.get("records", record.uid))) await access.put("records", rowOf(record));
      await access.delete("bin", record.uid);
    }
  });
}

/** Permanently deletes choices that were deleted before a point in time. */
export function emptyBin(before = Infinity): Promise<void> {
  return write(WITH_IMAGES, async (access) => {
    const rows = (await access.all("bin")).filter(({ deleted }) => deleted < before);
    for (const { uid } of rows) await access.delete("bin", uid);
    await release(access, rows.flatMap(({ images }) => images));
  });
}

// Rounds

/** All rounds and drafts, latest first. */
export async function listRounds(): Promise<{ round: RoundRow; place: PlaceRow | undefined }[]> {
  const found = await read(["rounds", "places"], async (access) => {
    const rounds = await access.all("rounds");
    const places = new Map((await access.all("places")).map((place) => [place.uid, place]));
    return rounds.map((round) => ({ round, place: places.get(round.uid) }));
  });
  const when = ({ round, place }: (typeof found)[number]) => place?.updated ?? round.created;
  return found.sort((a, b) => when(b) - when(a));
}

/** Stores a round or draft with its new images; images that nothing needs any more are deleted. */
export function saveRound(round: RoundRow, images: readonly NewImage[] = [], place?: PlaceRow): Promise<void> {
  return write([...WITH_IMAGES, "places"], async (access) => {
    const before = await access.get("rounds", round.uid);
    await keep(access, images);
    await access.put("rounds", round);
    if (place) await access.put("places", place);
    const needed = new Set(round.images);
    if (before) await release(access, before.images.filter((uid) => !needed.has(uid)));
  });
}

/** Removes a round or draft. Choices that were made in it stay, with their images. */
export function removeRound(uid: string): Promise<void> {
  return write([...WITH_IMAGES, "places", "answers"], async (access) => {
    const before = await access.get("rounds", uid);
    await access.delete("rounds", uid);
    await access.delete("places", uid);
    for (const answer of await access.find("answers", "round", uid)) await access.delete("answers", answer.uid);
    if (before) await release(access, before.images);
  });
}

/** The position in a round and its answers in their order. */
export async function stepsOf(uid: string): Promise<{ place: PlaceRow; answers: AnswerRow[] } | undefined> {
  const { place, answers } = await read(["places", "answers"], async (access) => ({
    place: await access.get("places", uid),
    answers: await access.find("answers", "round", uid),
  }));
  return place && { place, answers: answers.sort((a, b) => a.set - b.set || a.number - b.number) };
}

/**
 * What one step changes: choices are added with the answer that gave them (several if it was the
 * best of a group), or the latest are removed, by their uids.
 */
export interface Step {
  add?: { records: readonly PreferenceRecord[]; answer: AnswerRow };
  remove?: { records: readonly string[]; answer: string };
}

/** Writes one step of a round with the new position: all of it, or nothing. */
export function advance(place: PlaceRow, { add, remove }: Step): Promise<void> {
  return write(["records", "answers", "places"], async (access) => {
    const before = await access.get("places", place.uid);
    if (!before || before.revision !== place.revision - 1) throw new Conflict("the round went on in another tab");
    if (remove) {
      for (const record of remove.records) await access.delete("records", record);
      await access.delete("answers", remove.answer);
    }
    if (add) {
      for (const record of add.records) await access.put("records", rowOf(record));
      await access.put("answers", add.answer);
    }
    await access.put("places", place);
  });
}
