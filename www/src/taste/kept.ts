/** Tastes in IndexedDB, one for each base scorer. */

import type { IDBPDatabase } from "idb";
import { openDatabase } from "../collection/open";
import type { TasteInfo, TasteReport } from "../collection/library";

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
  updated: number;
}

const NAME = "pickscore-tastes";
const VERSION = 1;
const TABLE = "tastes";

let opened: Promise<IDBPDatabase<unknown>> | undefined;

function database(): Promise<IDBPDatabase<unknown>> {
  const again = () => {
    opened = undefined;
  };
  opened ??= openDatabase<unknown>(NAME, VERSION, (made) => void made.createObjectStore(TABLE, { keyPath: "base" }), again);
  opened.catch(again);
  return opened;
}

/** All tastes, the latest first. */
export async function listTastes(): Promise<KeptTaste[]> {
  const all = (await (await database()).getAll(TABLE)) as KeptTaste[];
  return all.sort((one, other) => other.updated - one.updated);
}

/** Stores a taste in place of the one with the same base scorer. */
export async function keepTaste(taste: KeptTaste): Promise<void> {
  const transaction = (await database()).transaction(TABLE, "readwrite", { durability: "strict" });
  await transaction.store.put(taste);
  await transaction.done;
}

export async function deleteTaste(base: string): Promise<void> {
  await (await database()).delete(TABLE, base);
}
