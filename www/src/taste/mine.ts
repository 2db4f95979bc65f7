/** The visitor's tastes: what the section on the screen Models shows and does. */

import { collection } from "../collection/collection";
import { session } from "../engine/session";
import { Store } from "../state/store";
import { number } from "../text/format";
import { tasteText } from "../text/taste";
import { ask, TasteError } from "./client";
import { type Changed, changeTaste, elsewhere, type KeptTaste, listTastes, readTaste } from "./kept";
import { canLearn, type Learning, learn, ownRecords } from "./learn";
import { use } from "./used";

export interface Mine {
  /** Absent until they have been read. */
  tastes: readonly KeptTaste[] | undefined;
  /** Number of the visitor's choices that can be learned from; absent until they have been read. */
  choices: number | undefined;
  /** Number of those that were made while scores were visible. */
  visible: number;
  learning: Learning | undefined;
  error: unknown;
}

export const mine = new Store<Mine>({ tastes: undefined, choices: undefined, visible: 0, learning: undefined, error: undefined });

/** What taking a change back came to: not done if the taste is another one by now, or gone. */
export type Undone = "done" | "newer" | "gone" | "failed";
export type Undo = () => Promise<Undone>;

/** Largest file that is read; `crate/taste` refuses what is larger. */
const MOST_BYTES = 64 << 10;

let abort: AbortController | undefined;

elsewhere.subscribe(() => void refresh());

/** Reads what is kept. Without the tastes the choices are still known, and the reverse. */
export async function refresh(): Promise<void> {
  const [tastes, records] = await Promise.allSettled([listTastes(), ownRecords()]);
  if (records.status === "fulfilled") {
    const choices = records.value.filter(({ has_label, control }) => has_label && control === null);
    mine.patch({ choices: choices.length, visible: choices.filter(({ scores_visible }) => scores_visible).length });
  }
  if (tastes.status === "fulfilled") {
    mine.patch({ tastes: tastes.value });
    if (use(tastes.value)) void import("./scores").then(({ renew }) => renew());
  } else {
    mine.patch({ tastes: mine.value.tastes ?? [] });
  }
  for (const read of [tastes, records]) if (read.status === "rejected") mine.patch({ error: read.reason });
}

let followers = 0;
let leave: (() => void) | undefined;

/** Keeps {@link mine} up to date until the returned function is called. */
export function follow(): () => void {
  followers += 1;
  if (followers === 1) {
    void refresh();
    let version = collection.value.version;
    leave = collection.subscribe((value) => {
      if (value.version !== version) void refresh();
      version = value.version;
    });
  }
  return () => {
    followers -= 1;
    if (followers === 0) leave?.();
  };
}

/** Does something, shows its error, and reads what is kept then. */
async function attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    const result = await work();
    mine.patch({ error: undefined });
    return result;
  } catch (error) {
    mine.patch({ error });
    return undefined;
  } finally {
    await refresh();
  }
}

/** A time after that of the taste that is replaced, so that the two can be told apart. */
function timeAfter(before: KeptTaste | undefined): number {
  return Math.max(Date.now(), (before?.updated ?? 0) + 1);
}

/** Brings back what a change replaced, as long as what it left is what is kept now. */
function undoOf(base: string, { before, after }: Changed): Undo {
  const undo = async (): Promise<Undone> => {
    const undone = await changeTaste(base, (now) => (now?.updated === after?.updated ? (before ?? null) : undefined));
    return undone.after !== undefined ? "done" : undone.before ? "newer" : "gone";
  };
  return async () => (await attempt(undo)) ?? "failed";
}

/**
 * Learns, or learns again, on top of the loaded model. Returns what brings the previous taste back,
 * if there was one.
 */
export async function learnAgain(): Promise<{ taste: KeptTaste; undo: Undo | undefined } | undefined> {
  const { scorer, choice } = session.value;
  if (!canLearn(scorer) || abort) return undefined;
  const { signal } = (abort = new AbortController());
  mine.patch({ error: undefined, learning: { stage: "images", loaded: 0, total: 0 } });
  try {
    const before = await readTaste(scorer.info.fingerprint as string);
    const made = await learn(scorer, choice, before?.info.name ?? tasteText.firstName, { signal, onProgress: (learning) => mine.patch({ learning }) });
    const changed = await keepLearned(made, before?.info.name);
    return changed.after ? { taste: changed.after, undo: changed.before && undoOf(made.base, changed) } : undefined;
  } catch (error) {
    if (!signal.aborted) mine.patch({ error });
    return undefined;
  } finally {
    abort = undefined;
    mine.patch({ learning: undefined });
    await refresh();
  }
}

/**
 * Keeps what was learned, with the name and the pause that the visitor has given meanwhile. `name`
 * is that of the taste that there was before learning; one that was deleted meanwhile stays so.
 */
async function keepLearned(made: KeptTaste, name: string | undefined): Promise<Changed> {
  for (;;) {
    const now = await readTaste(made.base);
    if (!now && name !== undefined) throw new TasteError("taste-gone", "the taste was deleted", [name]);
    const isNamed = !now || now.info.name === made.info.name;
    const named = isNamed ? made : { ...made, ...(await ask("rename", { text: made.text, name: now.info.name })) };
    const changed = await changeTaste(made.base, (stored) =>
      stored?.text === now?.text ? { ...named, paused: stored?.paused ?? false, updated: timeAfter(stored) } : undefined,
    );
    // Otherwise it was changed since it was read.
    if (changed.after) return changed;
  }
}

export function stopLearning(): void {
  abort?.abort();
}

/** Pauses the taste that is kept, which may be a newer one than that on the screen. */
export async function pause({ base, info }: KeptTaste, paused: boolean): Promise<void> {
  await attempt(async () => {
    const { after } = await changeTaste(base, (now) => now && { ...now, paused });
    if (!after) throw new TasteError("taste-gone", "the taste was deleted", [info.name]);
  });
}

/** Renames the taste that is kept, as {@link pause}. */
export async function rename({ base, info }: KeptTaste, name: string): Promise<void> {
  await attempt(async () => {
    for (;;) {
      const now = await readTaste(base);
      if (!now) throw new TasteError("taste-gone", "the taste was deleted", [info.name]);
      const made = await ask("rename", { text: now.text, name });
      const { after } = await changeTaste(base, (stored) => (stored?.text === now.text ? { ...stored, ...made } : undefined));
      if (after) return;
    }
  });
}

/** Deletes a taste, unless there is a newer one. Returns what puts it back. */
export function remove({ base, info, updated }: KeptTaste): Promise<Undo | undefined> {
  return attempt(async () => {
    const changed = await changeTaste(base, (now) => (now?.updated === updated ? null : undefined));
    if (changed.after === null) return undoOf(base, changed);
    const code = changed.before ? "taste-newer" : "taste-gone";
    throw new TasteError(code, "the taste was changed in another tab", [info.name]);
  });
}

/**
 * Reads a `taste.json`. It replaces the taste of the same base scorer, which `undo` brings back. A
 * taste of another scorer than the loaded one is refused.
 */
export function bringIn(file: File): Promise<{ taste: KeptTaste; undo: Undo } | undefined> {
  return attempt(async () => {
    if (file.size > MOST_BYTES) throw new TasteError("taste-file", `the file has ${file.size} bytes; a taste has at most ${MOST_BYTES}`);
    const { info, text } = await ask("read", { text: await file.text() });
    const { scorer, choice } = session.value;
    const own = said(info.scorer.name, info.scorer.fingerprint);
    if (!canLearn(scorer)) throw new TasteError("no-scorer", "no model is loaded", [own]);
    const { scorer: name, identity, fingerprint = "", readsPrompt, model, dimensions } = scorer.info;
    // Earlier versions wrote the fingerprint of the stored model.
    if (info.scorer.name !== name || ![identity, fingerprint].includes(info.scorer.fingerprint)) {
      throw new TasteError("taste-scorer", "the taste is of another model", [own, said(name, identity)]);
    }
    if (info.dimensions !== dimensions) {
      throw new TasteError("taste-dimensions", "the taste has other dimensions", [number(info.dimensions), number(dimensions ?? 0)]);
    }
    const made = { base: fingerprint, model: choice?.name ?? model, text, info, readsPrompt, paused: false };
    const changed = await changeTaste(fingerprint, (now) => ({ ...made, updated: timeAfter(now) }));
    return { taste: changed.after as KeptTaste, undo: undoOf(fingerprint, changed) };
  });
}

/** A scorer by its name and the first digits of its fingerprint. */
function said(name: string, fingerprint: string): string {
  return `${name} ${fingerprint.slice(0, 8)}`;
}
