/**
 * Preference records without a model: rounds of pairs, records, contributions in Pick-a-Pic's
 * schema, tastes learned from choices, and the metadata of generated images.
 *
 * ```js
 * import { ready, Round } from "./lib/records.js";
 *
 * await ready();
 * const round = Round.start({ mode: "winner-stays", seed: 7, images: uids });
 * ```
 *
 * Works on the main thread and in workers, without WebGPU and without any model.
 *
 * @packageDocumentation
 */

import { guarded, RecordsError } from "./error";
import type { Agreement, Comparison, PreferenceRecord, ScorerAgreement } from "./types";
import { functions } from "./wasm";

export { RecordsError, type RecordsErrorCode } from "./error";
export { exportContribution } from "./export";
export { importContribution } from "./import";
export { readMetadata } from "./metadata";
export { ranking } from "./ranking";
export { Round } from "./round";
export { fitTaste, Taste, tasteScale } from "./taste";
export { TasteLearner } from "./learner";
export type * from "./types";
export { ready } from "./wasm";

/** The uid of an image: the SHA-256 of its file. */
export function imageUid(bytes: Uint8Array): string {
  const { imageUid: uid } = functions();
  if (!(bytes instanceof Uint8Array)) throw new RecordsError("bad-argument", "the bytes of an image are not a Uint8Array");
  return guarded(() => uid(bytes));
}

/**
 * Reads a record of any version and checks it. `now` is `Date.now()` by default.
 *
 * @throws RecordsError with code `"record"`, naming the field
 */
export function checkRecord(record: unknown, now = Date.now()): PreferenceRecord {
  const { checkRecord: check } = functions();
  return guarded(() => check(JSON.stringify(record) ?? "null", now));
}

/** Compares records with known ones, by content. */
export function compareRecords(known: PreferenceRecord[], incoming: PreferenceRecord[], now = Date.now()): Comparison {
  const { compareRecords: compare } = functions();
  return guarded(() => compare(JSON.stringify(known), JSON.stringify(incoming), now));
}

/** The agreement of raters with themselves, and their repeated judgements. */
export function selfAgreement(records: PreferenceRecord[], now = Date.now()): Agreement {
  const { selfAgreement: agreement } = functions();
  return guarded(() => agreement(JSON.stringify(records), now));
}

/** The agreement of the scores in records with their labels; null if no record has both. */
export function scorerAgreement(records: PreferenceRecord[], now = Date.now()): ScorerAgreement | null {
  const { scorerAgreement: agreement } = functions();
  return guarded(() => agreement(JSON.stringify(records), now)) ?? null;
}

/**
 * Kendall's τ-b of two lists of numbers, −1 to 1: how far they put the same things in the same
 * order. Null if they differ in length, one of them has only equal numbers, or a number is not
 * finite.
 */
export function kendall(one: readonly number[], other: readonly number[]): number | null {
  const { kendall: tau } = functions();
  return guarded(() => tau(new Float64Array(one), new Float64Array(other))) ?? null;
}
