/**
 * Tastes in IndexedDB, one for each base scorer. Where the browser refuses the database, they are
 * kept in memory until the tab closes.
 */

import type { IDBPDatabase } from "idb";
import { DatabaseError, openDatabase } from "../collection/open";
import type { TasteInfo, TasteReport } from "../collection/library";
import { Store } from "../state/store";

/** A kept taste. */
export interface KeptTaste {
  /** The fingerprint of its base scorer as it is stored, whose embeddings are kept. */
  base: string;
  /** The name of the base scorer's model for people. */
  model: string;
  /** The `taste.json`. */
  text: string;
  info: TasteInfo;
  /** Whether the base scorer reads prompts. */
  readsPrompt: boolean;
  /** Whether the visitor paused it. */
  paused: boolean;
  /** How it was measured; absent for one that was imported. */
  report?: Omit<TasteReport, "text">;
  /** Of the choices that it learned from, those whose pair an earlier fit was least sure of. */
  hard?: number;
  /**
   * When it was learned or imported. Renaming and pausing leave it, so it also tells a taste from
   * a newer one of the same base scorer.
   */
  updated: number;
}

/** Where tastes are kept, and why not in the browser. */
export interface Place {
  isMemory: boolean;
  detail: string;
}

export const place = new Store<Place>({ isMemory: false, detail: "" });

/** Increases when another tab changes a taste. */
export const elsewhere = new Store(0);

const NAME = "pickscore-tastes";
const VERSION = 2;
const TASTES = "tastes";
/** Uids of records whose pair a taste suggested. */
const SUGGESTED = "suggested";

const channel = typeof BroadcastChannel === "undefined" ? undefined : new BroadcastChannel(NAME);
channel?.addEventListener("message", () => {
  elsewhere.value += 1;
});

let opened: Promise<IDBPDatabase<unknown> | undefined> | undefined;
const memory = { tastes: new Map<string, KeptTaste>(), suggested: new Set<string>() };

/** The database; undefined if there is only memory. */
function database(): Promise<IDBPDatabase<unknown> | undefined> {
  const again = () => {
    opened = undefined;
  };
  opened ??= openDatabase<unknown>(NAME, VERSION, create, again).catch((error: unknown) => {
    if (!(error instanceof DatabaseError)) throw error;
    place.value = { isMemory: true, detail: error.detail };
    return undefined;
  });
  opened.catch(again);
  return opened;
}

function create(made: IDBPDatabase<unknown>, from: number): void {
  if (from < 1) made.createObjectStore(TASTES, { keyPath: "base" });
  if (from < 2) made.createObjectStore(SUGGESTED);
}

/** All tastes, the latest first. */
export async function listTastes(): Promise<KeptTaste[]> {
  const stored = await database();
  const all = stored ? ((await stored.getAll(TASTES)) as KeptTaste[]) : [...memory.tastes.values()];
  return all.sort((one, other) => other.updated - one.updated);
}

export async function readTaste(base: string): Promise<KeptTaste | undefined> {
  const stored = await database();
  return stored ? ((await stored.get(TASTES, base)) as KeptTaste | undefined) : memory.tastes.get(base);
}

/** A change of one taste. */
export interface Changed {
  /** What was kept until then. */
  before: KeptTaste | undefined;
  /** What is kept now; null if it was deleted, undefined if everything stayed as it was. */
  after: KeptTaste | null | undefined;
}

/**
 * Changes the taste of a base scorer in one transaction. `change` gets the one that is kept now,
 * which another tab may have written, and returns the one to keep: null deletes it, undefined
 * leaves everything as it is.
 */
export async function changeTaste(base: string, change: (now: KeptTaste | undefined) => Changed["after"]): Promise<Changed> {
  const stored = await database();
  if (!stored) {
    const before = memory.tastes.get(base);
    const after = change(before);
    if (after) memory.tastes.set(base, after);
    else if (after === null) memory.tastes.delete(base);
    return { before, after };
  }
  const transaction = stored.transaction(TASTES, "readwrite", { durability: "strict" });
  const before = (await transaction.store.get(base)) as KeptTaste | undefined;
  const after = change(before);
  if (after) await transaction.store.put(after);
  else if (after === null) await transaction.store.delete(base);
  await transaction.done;
  if (after !== undefined) channel?.postMessage("changed");
  return { before, after };
}

/** Remembers choices whose pair a taste suggested; their records do not say so. */
export async function keepSuggested(records: readonly string[]): Promise<void> {
  const stored = await database();
  if (!stored) {
    for (const uid of records) memory.suggested.add(uid);
    return;
  }
  const transaction = stored.transaction(SUGGESTED, "readwrite");
  await Promise.all(records.map((uid) => transaction.store.put(true, uid)));
  await transaction.done;
}

/** The records whose pair a taste suggested. */
export async function listSuggested(): Promise<ReadonlySet<string>> {
  const stored = await database();
  return stored ? new Set((await stored.getAllKeys(SUGGESTED)) as string[]) : memory.suggested;
}
