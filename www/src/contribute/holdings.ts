/** Counts of what has been collected: by session, by prompt, in total. */

import { collection, imageSizes, listBin, listRecords } from "../collection/collection";
import { type Agreement, type PreferenceRecord, records } from "../collection/library";
import type { BinRow } from "../collection/rows";
import { Store } from "../state/store";

export interface SessionOf {
  uid: string;
  /** Oldest first. */
  records: PreferenceRecord[];
  prompts: string[];
  began: number;
  ended: number;
}

export interface Holdings {
  records: PreferenceRecord[];
  /** Latest first. */
  sessions: SessionOf[];
  prompts: number;
  ties: number;
  skipped: number;
  self: Agreement;
  /** Uids of choices that contradict another one. */
  conflicting: ReadonlySet<string>;
  images: number;
  bytes: number;
  bin: BinRow[];
}

/** Undefined until it has been read. */
export const holdings = new Store<Holdings | undefined>(undefined);

let reading = false;
let version = -1;

/** Recounts on every change of the collection while the screen is open. */
export function watchHoldings(): () => void {
  void read();
  return collection.subscribe(() => void read());
}

async function read(): Promise<void> {
  if (reading || version === collection.value.version) return;
  reading = true;
  try {
    // Choices arrive one by one, from any tab; all that arrive during a count share the next one.
    while (version !== collection.value.version) {
      version = collection.value.version;
      holdings.value = await count();
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
  } finally {
    reading = false;
  }
}

async function count(): Promise<Holdings> {
  const [all, sizes, bin, { selfAgreement }] = await Promise.all([listRecords(), imageSizes(), listBin(), records()]);
  const self = selfAgreement(all);
  const used = new Set(all.flatMap(({ left, right }) => [left.image_uid, right.image_uid]));
  return {
    records: all,
    sessions: sessionsOf(all),
    prompts: new Set(all.map(({ prompt }) => prompt)).size,
    ties: all.filter(({ label }) => label === "tie").length,
    skipped: all.filter(({ has_label }) => !has_label).length,
    self,
    conflicting: new Set(self.repeats.filter(({ agrees }) => !agrees).flatMap(({ records }) => records)),
    images: used.size,
    bytes: [...used].reduce((sum, uid) => sum + (sizes.get(uid) ?? 0), 0),
    bin,
  };
}

export function sessionsOf(all: readonly PreferenceRecord[]): SessionOf[] {
  const sessions = new Map<string, PreferenceRecord[]>();
  for (const record of all) {
    const session = sessions.get(record.session_uid);
    if (session) session.push(record);
    else sessions.set(record.session_uid, [record]);
  }
  return [...sessions]
    .map(([uid, records]) => ({
      uid,
      records,
      prompts: [...new Set(records.map(({ prompt }) => prompt))],
      began: records[0]?.created_at ?? 0,
      ended: records.at(-1)?.created_at ?? 0,
    }))
    .sort((a, b) => b.ended - a.ended);
}

/** Whether a choice matches the filter and search. */
export type Filter = "all" | "ties" | "skipped" | "conflicts" | "controls";

export function matches(record: PreferenceRecord, { filter, words, conflicting }: { filter: Filter; words: string; conflicting: ReadonlySet<string> }): boolean {
  if (words && ![record.prompt, record.left.model ?? "", record.right.model ?? ""].some((text) => text.toLowerCase().includes(words.toLowerCase()))) return false;
  if (filter === "ties") return record.label === "tie";
  if (filter === "skipped") return !record.has_label;
  if (filter === "conflicts") return conflicting.has(record.uid);
  if (filter === "controls") return record.control !== null;
  return true;
}
