/**
 * Scores a round's images with the loaded model while the visitor judges. Judging never waits: a
 * choice made before its scores are there gets them later.
 */

import { changeRecords, imageFile, recordsOf } from "../collection/collection";
import type { PreferenceRecord } from "../collection/library";
import type { RoundRow } from "../collection/rows";
import { keepScores, keptScores } from "../engine/kept";
import type { PickScore } from "../engine/library";
import { session } from "../engine/session";
import { Store } from "../state/store";
import { codeOf } from "../text/errors";

/** Target time of a batch, so that other screens get the engine soon. */
const BATCH_SECONDS = 0.5;
const LARGEST = 16;

export interface PairScores {
  left: number;
  right: number;
  scorer: { name: string; version: string };
}

export class RoundScores {
  /** Increases with every batch. */
  readonly version = new Store(0);
  readonly #row: RoundRow;
  /** By prompt, then image. NaN if the engine cannot read the image. */
  readonly #scores = new Map<string, Map<string, number>>();
  #scorer: PickScore | undefined;
  #name: PairScores["scorer"] | undefined;
  #first: { prompt: string; images: string[] } | undefined;
  #running = false;
  readonly #stop: () => void;
  #stopped = false;

  constructor(row: RoundRow) {
    this.#row = row;
    this.#stop = session.subscribe(() => void this.#work());
    void this.#work();
  }

  /** Ends the scoring. */
  stop(): void {
    this.#stopped = true;
    this.#stop();
  }

  /** Scores the images on the screen first. */
  prefer(prompt: string, images: string[]): void {
    this.#first = { prompt, images };
    void this.#work();
  }

  ofPair(prompt: string, left: string, right: string): PairScores | undefined {
    const scores = this.#scores.get(prompt);
    const [a, b] = [scores?.get(left), scores?.get(right)];
    if (!this.#name || a === undefined || b === undefined || Number.isNaN(a) || Number.isNaN(b)) return undefined;
    return { left: a, right: b, scorer: this.#name };
  }

  /** The score of an image; `undefined` until there is one. */
  ofImage(prompt: string, uid: string): number | undefined {
    const score = this.#scores.get(prompt)?.get(uid);
    return score === undefined || Number.isNaN(score) ? undefined : score;
  }

  /** The largest score so far, without its sign. */
  get largest(): number {
    let most = 0;
    for (const scores of this.#scores.values()) {
      for (const score of scores.values()) if (Math.abs(score) > most) most = Math.abs(score);
    }
    return most;
  }

  async #work(): Promise<void> {
    if (this.#running || this.#stopped) return;
    const { scorer, info } = session.value;
    if (!scorer || !info) return;
    this.#running = true;
    if (scorer !== this.#scorer) {
      this.#scores.clear();
      this.#scorer = scorer;
      // Scores depend on the model and on the precision of its weights.
      // Several heads may belong to one model.
      const name = info.needsHead ? `${info.model} (${info.scorer})` : info.model;
      this.#name = { name, version: info.precision };
    }
    try {
      let batch = 2;
      let left = 0;
      for (;;) {
        const next = this.#next(batch);
        if (this.#stopped || session.value.scorer !== scorer || !next) break;
        const started = performance.now();
        await this.#score(scorer, next.prompt, next.images);
        const seconds = (performance.now() - started) / 1000;
        batch = Math.max(1, Math.min(LARGEST, 2 * batch, Math.round((BATCH_SECONDS * next.images.length) / Math.max(seconds, 0.001))));
        this.version.value += 1;
        if (++left % 4 === 0) await this.fillIn();
      }
      await this.fillIn();
    } catch (error) {
      // The model was replaced or failed, which the session reports. Judging continues without it.
      if (!["aborted", "disposed"].includes(codeOf(error))) console.warn("Scores stopped:", error);
      if (session.value.scorer === scorer) return;
    } finally {
      this.#running = false;
    }
    if (session.value.scorer !== scorer || (!this.#stopped && this.#next(1))) queueMicrotask(() => void this.#work());
  }

  #next(count: number): { prompt: string; images: string[] } | undefined {
    const first = this.#first && this.#missing(this.#first.prompt, this.#first.images);
    if (first && first.length > 0) return { prompt: (this.#first as { prompt: string }).prompt, images: first };
    for (const { prompt, images, controls = [] } of this.#row.sets) {
      const missing = this.#missing(prompt, [...images, ...controls.map(({ weak }) => weak)]);
      if (missing.length > 0) return { prompt, images: missing.slice(0, count) };
    }
    return undefined;
  }

  #missing(prompt: string, images: readonly string[]): string[] {
    const scores = this.#scores.get(prompt);
    return scores ? images.filter((uid) => !scores.has(uid)) : [...images];
  }

  async #score(scorer: PickScore, prompt: string, images: string[]): Promise<void> {
    const files = await Promise.all(images.map(imageFile));
    const scores = this.#scores.get(prompt) ?? new Map<string, number>();
    this.#scores.set(prompt, scores);
    const there = images.flatMap((uid, index) => (files[index] ? [{ uid, file: files[index] as Blob }] : []));
    for (const uid of images) scores.set(uid, Number.NaN);
    if (there.length === 0) return;
    try {
      for (const [uid, score] of await scoresOf(scorer, prompt, there)) scores.set(uid, score);
    } catch (error) {
      for (const uid of images) scores.delete(uid);
      throw error;
    }
  }

  /** Adds scores to choices that were made before the scores were there. */
  async fillIn(): Promise<void> {
    const bare = (record: PreferenceRecord) => record.scorer === null && this.ofPair(record.prompt, record.left.image_uid, record.right.image_uid);
    const waiting = (await recordsOf(this.#row.session)).filter(bare);
    if (waiting.length === 0) return;
    await changeRecords(
      waiting.map(({ uid }) => uid),
      (record) => {
        const found = bare(record);
        if (!found) return record;
        return { ...record, left: { ...record.left, score: found.left }, right: { ...record.right, score: found.right }, scorer: found.scorer };
      },
    );
  }
}

/** Scores images for a prompt, as far as their scores are not kept from earlier. */
export async function scoresOf(scorer: PickScore, prompt: string, images: readonly { uid: string; file: Blob }[]): Promise<Map<string, number>> {
  const { fingerprint, readsPrompt } = scorer.info;
  const key = readsPrompt ? prompt : "";
  const found = fingerprint === undefined ? new Map<string, number>() : await keptScores(fingerprint, key, images.map(({ uid }) => uid));
  const unseen = images.filter(({ uid }) => !found.has(uid));
  if (unseen.length === 0) return found;
  const { scores } = await scorer.score(prompt, unseen.map(({ file }) => file), { unreadable: "skip" });
  const made = new Map(unseen.map(({ uid }, index) => [uid, scores[index] as number]));
  const readable = new Map([...made].filter(([, score]) => !Number.isNaN(score)));
  if (fingerprint !== undefined) void keepScores(fingerprint, key, readable);
  return new Map([...found, ...made]);
}
