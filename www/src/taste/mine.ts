/** The visitor's tastes: what the section on the screen Models shows and does. */

import { session } from "../engine/session";
import { settings } from "../state/settings";
import { Store } from "../state/store";
import { tasteText } from "../text/taste";
import { ask, TasteError } from "./client";
import { deleteTaste, keepTaste, type KeptTaste, listTastes } from "./kept";
import { canLearn, type Learning, learn, ownRecords } from "./learn";

export interface Mine {
  /** Absent until they have been read. */
  tastes: readonly KeptTaste[] | undefined;
  /** Number of the visitor's choices that can be learned from. */
  choices: number;
  /** Number of those that were made while scores were visible. */
  visible: number;
  learning: Learning | undefined;
  error: unknown;
}

export const mine = new Store<Mine>({ tastes: undefined, choices: 0, visible: 0, learning: undefined, error: undefined });

/** Largest file that is read; `crate/taste` refuses what is larger. */
const MOST_BYTES = 64 << 10;

let abort: AbortController | undefined;

/** Reads what is kept. */
export async function refresh(): Promise<void> {
  try {
    const [tastes, records] = await Promise.all([listTastes(), ownRecords()]);
    const choices = records.filter(({ has_label, control }) => has_label && control === null);
    mine.patch({ tastes, choices: choices.length, visible: choices.filter(({ scores_visible }) => scores_visible).length });
    use(tastes);
  } catch (error) {
    mine.patch({ tastes: mine.value.tastes ?? [], error });
  }
}

/** Whether a taste is measurably better than its base scorer. */
export function isOffered({ info }: KeptTaste): boolean {
  return info.offered;
}

/** The tastes that Score shows: those that are offered and not paused. */
function use(tastes: readonly KeptTaste[]): void {
  const used = tastes.filter((taste) => isOffered(taste) && !taste.paused);
  const columns = used.map(({ base, info, readsPrompt }) => ({ base, title: info.name, readsPrompt }));
  if (JSON.stringify(columns) !== JSON.stringify(settings.value.tastes)) settings.patch({ tastes: columns });
  if (columns.length > 0) void import("./scores").then(({ renew }) => renew());
}

/** Learns, or learns again, on top of the loaded model. */
export async function learnAgain(): Promise<void> {
  const { scorer, choice } = session.value;
  if (!canLearn(scorer) || abort) return;
  abort = new AbortController();
  mine.patch({ error: undefined, learning: { stage: "images", loaded: 0, total: 0 } });
  try {
    const before = mine.value.tastes?.find(({ base }) => base === scorer.info.fingerprint);
    const name = before?.info.name ?? tasteText.firstName;
    const made = await learn(scorer, choice, name, { signal: abort.signal, onProgress: (learning) => mine.patch({ learning }) });
    await keepTaste({ ...made, paused: before?.paused ?? false });
  } catch (error) {
    if (!abort.signal.aborted) mine.patch({ error });
  } finally {
    abort = undefined;
    mine.patch({ learning: undefined });
    await refresh();
  }
}

export function stopLearning(): void {
  abort?.abort();
}

/** Changes a kept taste. */
async function change(taste: KeptTaste, made: Partial<KeptTaste>): Promise<void> {
  try {
    await keepTaste({ ...taste, ...made });
    mine.patch({ error: undefined });
  } catch (error) {
    mine.patch({ error });
  }
  await refresh();
}

export function pause(taste: KeptTaste, paused: boolean): Promise<void> {
  return change(taste, { paused });
}

export async function rename(taste: KeptTaste, name: string): Promise<void> {
  try {
    await change(taste, await ask("rename", { text: taste.text, name }));
  } catch (error) {
    mine.patch({ error });
  }
}

/** Deletes a taste. Returns what puts it back. */
export async function remove(taste: KeptTaste): Promise<() => void> {
  await deleteTaste(taste.base);
  await refresh();
  return () => void change(taste, {});
}

/**
 * Reads a `taste.json`. It replaces the taste of the same base scorer, which the returned function
 * brings back. A taste of another scorer than the loaded one is refused.
 */
export async function bringIn(file: File): Promise<{ taste: KeptTaste; undo: () => void } | undefined> {
  try {
    if (file.size > MOST_BYTES) throw new TasteError("taste-file", `the file has ${file.size} bytes; a taste has at most ${MOST_BYTES}`);
    const { info, text } = await ask("read", { text: await file.text() });
    const { scorer, choice } = session.value;
    if (!canLearn(scorer)) throw new TasteError("no-scorer", info.scorer.name);
    const { scorer: name, identity, fingerprint = "", readsPrompt, model } = scorer.info;
    // Earlier versions wrote the fingerprint of the stored model.
    if (info.scorer.name !== name || ![identity, fingerprint].includes(info.scorer.fingerprint)) throw new TasteError("taste-scorer", info.scorer.name);
    const before = mine.value.tastes?.find(({ base }) => base === fingerprint);
    const taste: KeptTaste = { base: fingerprint, model: choice?.name ?? model, text, info, readsPrompt, paused: false, updated: Date.now() };
    await keepTaste(taste);
    mine.patch({ error: undefined });
    await refresh();
    return { taste, undo: () => void (before ? change(before, {}) : deleteTaste(fingerprint).then(refresh)) };
  } catch (error) {
    mine.patch({ error });
    return undefined;
  }
}
