/**
 * Chooses the pairs of a round that the visitor's taste is least sure of. The taste is refitted in
 * the worker after each choice. As long as it is not ready, the round's own pairs are shown.
 */

import { recordsOf } from "../collection/collection";
import type { PreferenceRecord } from "../collection/library";
import type { RoundRow } from "../collection/rows";
import { keptEmbeddings, keptScores } from "../engine/kept";
import type { PickScore } from "../engine/library";
import { session } from "../engine/session";
import { Store } from "../state/store";
import { ask } from "./client";
import { keepSuggested, listTastes } from "./kept";
import { embeddingsOf, scoresFor } from "./known";
import { byPrompt, canLearn, ownRecords } from "./learn";
import type { ScoredRecord } from "./protocol";

/** How long a choice waits for the next pair, in milliseconds. */
const PATIENCE = 400;

export class Adviser {
  /** Whether it is ready. */
  readonly ready = new Store(false);
  readonly #row: RoundRow;
  /** The base scores of the round's images, by prompt. */
  #scores: ReadonlyMap<string, ReadonlyMap<string, number>> = new Map();
  /** The records of the round, and whether the worker was told of each. */
  #told: { record: PreferenceRecord; isTold: boolean }[] = [];
  /** Every pair that was suggested. */
  readonly #suggested = new Set<string>();
  /** What happens in the worker is in the order of what happened here. */
  #queue: Promise<unknown> = Promise.resolve();
  #scorer: PickScore | undefined;
  #abort = new AbortController();
  readonly #stop: () => void;

  constructor(row: RoundRow) {
    this.#row = row;
    this.#stop = session.subscribe(() => this.#follow());
    this.#follow();
  }

  stop(): void {
    this.#stop();
    this.#abort.abort();
    this.ready.value = false;
  }

  /** Begins again whenever another model is loaded. */
  #follow(): void {
    const { scorer } = session.value;
    if (scorer === this.#scorer) return;
    this.#scorer = scorer;
    this.#abort.abort();
    this.#abort = new AbortController();
    this.ready.value = false;
    if (canLearn(scorer)) void this.#begin(scorer, this.#abort.signal).catch(() => undefined);
  }

  async #begin(scorer: PickScore, signal: AbortSignal): Promise<void> {
    const fingerprint = scorer.info.fingerprint as string;
    const uids = [...new Set(this.#row.sets.flatMap(({ images }) => images))];
    const embedded = await embeddingsOf(scorer, uids, { signal, onProgress: () => undefined });
    const scores = new Map<string, Map<string, number>>();
    for (const { prompt, images } of this.#row.sets) scores.set(prompt, await scoresFor(scorer, prompt, images, embedded));
    // Earlier choices, as far as their images are known.
    const earlier = (await ownRecords()).filter(({ session_uid }) => session_uid !== this.#row.session);
    const others = [...new Set(earlier.flatMap(({ left, right }) => [left.image_uid, right.image_uid]))].filter((uid) => !embedded.has(uid));
    const kept = await keptEmbeddings(fingerprint, others);
    const embeddings = new Map([...embedded, ...kept].map(([uid, { vector }]) => [uid, vector]));
    const before = new Map<string, ReadonlyMap<string, number>>();
    for (const [prompt, images] of byPrompt(earlier)) before.set(prompt, await keptScores(fingerprint, scorer.info.readsPrompt ? prompt : "", images));
    const taste = (await listTastes().catch(() => [])).find(({ base }) => base === fingerprint);
    const all = [...scores.values()].flatMap((of) => [...of.values()]).filter(Number.isFinite);
    const choices = earlier.flatMap((record) => scored(record, before, embeddings) ?? []);
    await ask("learn", { scorer: scorer.info.scorer, embeddings, choices, deviation: taste?.report?.deviation, scores: all }, { signal });
    if (signal.aborted) return;
    this.#scores = scores;
    this.#told = [];
    this.#add(await recordsOf(this.#row.session));
    this.ready.value = true;
  }

  /** Tells the worker of choices of this round. */
  #add(records: readonly PreferenceRecord[]): void {
    const known = records.map((record) => ({ record, scored: scored(record, this.#scores) }));
    this.#told.push(...known.map(({ record, scored }) => ({ record, isTold: scored !== undefined })));
    const choices = known.flatMap(({ scored }) => scored ?? []);
    if (choices.length > 0) this.#later(() => ask("add", { choices }));
  }

  #later(work: () => Promise<unknown>): void {
    this.#queue = this.#queue.then(work).catch(() => undefined);
  }

  /** The visitor answered. */
  answered(records: readonly PreferenceRecord[]): void {
    const suggested = records.filter(({ prompt, left, right }) => this.#suggested.has(keyOf(prompt, left.image_uid, right.image_uid)));
    if (suggested.length > 0) void keepSuggested(suggested.map(({ uid }) => uid)).catch(() => undefined);
    if (this.ready.value) this.#add(records);
  }

  /** The visitor took the last answer back. */
  undone(records: readonly string[]): void {
    let count = 0;
    for (let last = this.#told.at(-1); last && records.includes(last.record.uid); last = this.#told.at(-1)) {
      this.#told.pop();
      count += Number(last.isTold);
    }
    if (count > 0) this.#later(() => ask("undo", { count }));
  }

  /** The pair that the taste would learn most from; undefined if it is not ready in time. */
  async next(prompt: string, images: readonly string[]): Promise<[string, string] | undefined> {
    const scores = this.#scores.get(prompt);
    if (!this.ready.value || !scores) return undefined;
    const pool = images.flatMap((uid) => {
      const score = scores.get(uid);
      return score === undefined || Number.isNaN(score) ? [] : [{ uid, score }];
    });
    const ofPrompt = this.#told.filter(({ record }) => record.prompt === prompt);
    const asked = ofPrompt.map(({ record }): [string, string] => [record.left.image_uid, record.right.image_uid]);
    let late: ReturnType<typeof setTimeout> | undefined;
    const patience = new Promise<undefined>((resolve) => {
      late = setTimeout(() => resolve(undefined), PATIENCE);
    });
    const found = this.#queue.then(() => ask("next", { images: pool, asked })).then((pair) => pair?.images, () => undefined);
    const pair = await Promise.race([found, patience]);
    clearTimeout(late);
    if (pair) this.#suggested.add(keyOf(prompt, ...pair));
    return pair;
  }
}

/** A pair of a prompt, whichever side its images are on. */
function keyOf(prompt: string, ...images: [string, string]): string {
  return JSON.stringify([prompt, ...images.sort()]);
}

/** A record with its scores, if both images have one, and an embedding. */
function scored(record: PreferenceRecord, scores: ReadonlyMap<string, ReadonlyMap<string, number>>, embeddings?: ReadonlyMap<string, Float32Array>): ScoredRecord | undefined {
  const uids = [record.left.image_uid, record.right.image_uid] as const;
  const [left, right] = uids.map((uid) => scores.get(record.prompt)?.get(uid));
  if (left === undefined || right === undefined || Number.isNaN(left) || Number.isNaN(right)) return undefined;
  return embeddings && !uids.every((uid) => embeddings.has(uid)) ? undefined : { record, left, right };
}
