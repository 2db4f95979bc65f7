/**
 * Scores and embeddings of images by the content of the image and the fingerprint of the model, in
 * IndexedDB. Nothing is computed twice, also after a reload. Only a cache: if the browser's storage
 * fails, everything is computed again.
 */

import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import { Store } from "../state/store";

/** An embedding as the engine returns it. */
export interface Embedded {
  vector: Float32Array;
  /** The length before normalisation. */
  length: number;
  byBrowser: boolean;
}

interface Row<Value> {
  value: Value;
  /** When it was last written or read, so that the oldest are removed first. */
  time: number;
}

interface Schema extends DBSchema {
  embeddings: { key: string; value: Row<Embedded>; indexes: { time: number } };
  scores: { key: string; value: Row<number>; indexes: { time: number } };
}

type Table = "embeddings" | "scores";

const NAME = "pickscore-scores";
const VERSION = 1;
/** Maximum number of rows: 80 MB of embeddings and 20 MB of scores. */
const MOST: Record<Table, number> = { embeddings: 20_000, scores: 100_000 };
/** Bytes of a row, approximately: an embedding has 1024 values. */
const SIZE: Record<Table, number> = { embeddings: 4400, scores: 200 };
/** Rows removed at once, so that not every write has to remove some. */
const SPARE = 0.1;

/** Number of rows of each table and their approximate size in bytes. */
export const keptSize = new Store<{ embeddings: number; scores: number; bytes: number }>({ embeddings: 0, scores: 0, bytes: 0 });

let opened: Promise<IDBPDatabase<Schema> | undefined> | undefined;

function database(): Promise<IDBPDatabase<Schema> | undefined> {
  opened ??= open().catch(() => undefined);
  return opened;
}

async function open(): Promise<IDBPDatabase<Schema>> {
  const again = () => {
    opened = undefined;
  };
  return openDB<Schema>(NAME, VERSION, {
    upgrade: (made) => {
      for (const table of ["embeddings", "scores"] as const) made.createObjectStore(table).createIndex("time", "time");
    },
    // A newer version of the page in another tab waits for this.
    blocking: (_current, _blocked, event) => {
      (event.target as IDBDatabase).close();
      again();
    },
    terminated: again,
  });
}

/** Embeddings by uid of the image, as far as they are kept. */
export async function keptEmbeddings(fingerprint: string, uids: readonly string[]): Promise<Map<string, Embedded>> {
  return read("embeddings", uids, (uid) => `${fingerprint} ${uid}`);
}

export async function keepEmbeddings(fingerprint: string, embeddings: ReadonlyMap<string, Embedded>): Promise<void> {
  await write("embeddings", embeddings, (uid) => `${fingerprint} ${uid}`);
}

/** Scores for a prompt by uid of the image, as far as they are kept. */
export async function keptScores(fingerprint: string, prompt: string, uids: readonly string[]): Promise<Map<string, number>> {
  return read("scores", uids, (uid) => `${fingerprint} ${uid} ${prompt}`);
}

export async function keepScores(fingerprint: string, prompt: string, scores: ReadonlyMap<string, number>): Promise<void> {
  await write("scores", scores, (uid) => `${fingerprint} ${uid} ${prompt}`);
}

async function read<T extends Table>(table: T, uids: readonly string[], keyOf: (uid: string) => string): Promise<Map<string, Schema[T]["value"]["value"]>> {
  const found = new Map<string, Schema[T]["value"]["value"]>();
  try {
    const store = (await database())?.transaction(table).store;
    const rows = await Promise.all(uids.map((uid) => store?.get(keyOf(uid))));
    for (const [index, row] of rows.entries()) if (row) found.set(uids[index] as string, row.value);
  } catch {
    // Computed again.
  }
  return found;
}

async function write<T extends Table>(table: T, values: ReadonlyMap<string, Schema[T]["value"]["value"]>, keyOf: (uid: string) => string): Promise<void> {
  if (values.size === 0) return;
  try {
    const transaction = (await database())?.transaction(table, "readwrite");
    if (!transaction) return;
    const time = Date.now();
    for (const [uid, value] of values) void transaction.store.put({ value, time } as Schema[T]["value"], keyOf(uid));
    const count = await transaction.store.count();
    if (count > MOST[table]) await removeOldest(transaction.store.index("time") as unknown as Oldest, count - MOST[table] * (1 - SPARE));
    await transaction.done;
    void measure();
  } catch {
    // The storage is full or was taken away.
  }
}

/** An index by time. */
interface Oldest {
  openCursor(): Promise<Cursor | null>;
}

interface Cursor {
  delete(): Promise<void>;
  continue(): Promise<Cursor | null>;
}

async function removeOldest(index: Oldest, count: number): Promise<void> {
  let cursor = await index.openCursor();
  for (let removed = 0; cursor && removed < count; removed += 1) {
    void cursor.delete();
    cursor = await cursor.continue();
  }
}

/** Counts what is kept. */
export async function measure(): Promise<void> {
  const found = await database();
  if (!found) return;
  try {
    const [embeddings, scores] = await Promise.all([found.count("embeddings"), found.count("scores")]);
    keptSize.value = { embeddings, scores, bytes: embeddings * SIZE.embeddings + scores * SIZE.scores };
  } catch {
    // Only shown.
  }
}

/** Removes everything. */
export async function clearKept(): Promise<void> {
  const found = await database();
  await found?.clear("embeddings");
  await found?.clear("scores");
  await measure();
}
