/** A taste that is fitted again after each choice. */

import type { TasteLearner as WasmLearner } from "../pkg/records";
import { guarded, RecordsError } from "./error";
import type { InformativePair, LearnedScore, LearnerOptions, PreferenceRecord } from "./types";
import { functions } from "./wasm";

/**
 * A taste that learns choice by choice. It is fitted when something is asked of it, from the last
 * fit: milliseconds for 500 choices. It is not cross-validated: {@link fitTaste} is.
 */
export class TasteLearner {
  readonly #learner: WasmLearner;
  readonly #scale: number;
  readonly #withoutVisible: boolean;
  /** The numbers of images, by uid, and back. */
  readonly #numbers = new Map<string, number>();
  readonly #uids: string[] = [];
  #pool: readonly string[] = [];

  private constructor(learner: WasmLearner, scale: number, withoutVisible: boolean) {
    this.#learner = learner;
    this.#scale = scale;
    this.#withoutVisible = withoutVisible;
  }

  /** @throws RecordsError with code `"taste"` if a setting is out of range */
  static start({ dimensions, scale = 1, deviation = 2, withoutVisibleScores = false }: LearnerOptions): TasteLearner {
    const { TasteLearner: wasm } = functions();
    return new TasteLearner(guarded(() => wasm.start(dimensions, deviation)), scale, withoutVisibleScores);
  }

  /** Whether the embedding of an image was added. */
  has(uid: string): boolean {
    return this.#numbers.has(uid);
  }

  /**
   * Adds the embedding of an image; nothing happens if there is one already.
   *
   * @throws RecordsError with code `"taste"` if it is of another model or not of unit length
   */
  addImage(uid: string, embedding: Float32Array): void {
    if (this.#numbers.has(uid)) return;
    if (!(embedding instanceof Float32Array)) throw new RecordsError("bad-argument", "an embedding is not a Float32Array");
    this.#numbers.set(uid, guarded(() => this.#learner.addImage(embedding)));
    this.#uids.push(uid);
  }

  /**
   * Adds a choice, with the base scorer's scores of both images. Returns whether it is learned
   * from: skipped and control pairs are not.
   *
   * @throws RecordsError with code `"taste"` if an image has no embedding or a score is no number
   */
  add(record: PreferenceRecord, scores: { left: number; right: number }, now = Date.now()): boolean {
    const [left, right] = [this.#number(record.left.image_uid), this.#number(record.right.image_uid)];
    const lead = this.#scale * (scores.left - scores.right);
    return guarded(() => this.#learner.add(JSON.stringify(record), left, right, lead, this.#withoutVisible, now));
  }

  /** Takes the last choice back; false if there is none. */
  undo(): boolean {
    return guarded(() => this.#learner.undo());
  }

  /**
   * Sets the images that pairs are chosen from: those of one prompt, with the base scorer's scores.
   *
   * @throws RecordsError with code `"taste"`, as {@link TasteLearner.add}
   */
  setPool(images: readonly { uid: string; score: number }[]): void {
    const numbers = new Uint32Array(images.map(({ uid }) => this.#number(uid)));
    const scores = new Float64Array(images.map(({ score }) => this.#scale * score));
    guarded(() => this.#learner.setPool(numbers, scores));
    this.#pool = images.map(({ uid }) => uid);
  }

  /** The most informative pair of the pool that was not asked; null if there is none. */
  next(asked: Iterable<readonly [string, string]> = []): InformativePair | null {
    const numbers = [...asked].map((pair) => pair.map((uid) => this.#numbers.get(uid)));
    const known = numbers.filter((pair): pair is number[] => !pair.includes(undefined));
    const found = guarded(() => this.#learner.next(new Uint32Array(known.flat())));
    if (!found) return null;
    const { images: [one, other], information, probability } = found;
    return { images: [this.#uids[one] as string, this.#uids[other] as string], information, probability };
  }

  /** The scores of the images of the pool, in their order. */
  scores(): LearnedScore[] {
    const values = guarded(() => this.#learner.scores());
    return this.#pool.map((image, at) => ({ image, score: values[2 * at] as number, deviation: values[2 * at + 1] as number }));
  }

  /** Frees the memory. The learner cannot be used afterwards. */
  free(): void {
    this.#learner.free();
  }

  #number(uid: string): number {
    const number = this.#numbers.get(uid);
    if (number === undefined) throw new RecordsError("taste", `image ${uid} has no embedding`);
    return number;
  }
}
