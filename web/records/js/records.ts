/**
 * Preference records without a model: rounds of pairs, records, contributions in Pick-a-Pic's schema, and what generators wrote into images.
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
export type * from "./types";
export { ready } from "./wasm";

/** The uid of an image: SHA-256 of its file's bytes. */
export function imageUid(bytes: Uint8Array): string {
  const { imageUid: uid } = functions();
  if (!(bytes instanceof Uint8Array)) throw new RecordsError("bad-argument", "the bytes of an image are not a Uint8Array");
  return guarded(() => uid(bytes));
}

/**
 * Reads a record of any version, as it was stored or came from elsewhere, and checks it. `now` is `Date.now()` unless it is given.
 *
 * @throws RecordsError with code `"record"`, naming the field
 */
export function checkRecord(record: unknown, now = Date.now()): PreferenceRecord {
  const { checkRecord: check } = functions();
  return guarded(() => check(JSON.stringify(record) ?? "null", now));
}

/** Which of some records are new beside those that are known, by their content. */
export function compareRecords(known: PreferenceRecord[], incoming: PreferenceRecord[], now = Date.now()): Comparison {
  const { compareRecords: compare } = functions();
  return guarded(() => compare(JSON.stringify(known), JSON.stringify(incoming), now));
}

/** How far raters agree with themselves. Conflicting repeats are kept: this reports them. */
export function selfAgreement(records: PreferenceRecord[], now = Date.now()): Agreement {
  const { selfAgreement: agreement } = functions();
  return guarded(() => agreement(JSON.stringify(records), now));
}

/** How far the scores in records agree with their labels; null where no record has both. */
export function scorerAgreement(records: PreferenceRecord[], now = Date.now()): ScorerAgreement | null {
  const { scorerAgreement: agreement } = functions();
  return guarded(() => agreement(JSON.stringify(records), now)) ?? null;
}
