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
import type { Agreement, Comparison, PreferenceRecord } from "./types";
export { RecordsError, type RecordsErrorCode } from "./error";
export { exportContribution } from "./export";
export { importContribution } from "./import";
export { readMetadata } from "./metadata";
export { Round } from "./round";
export type * from "./types";
export { ready } from "./wasm";
/** The uid of an image: SHA-256 of its file's bytes. */
export declare function imageUid(bytes: Uint8Array): string;
/**
 * Reads a record of any version, as it was stored or came from elsewhere, and checks it. `now` is `Date.now()` unless it is given.
 *
 * @throws RecordsError with code `"record"`, naming the field
 */
export declare function checkRecord(record: unknown, now?: number): PreferenceRecord;
/** Which of some records are new beside those that are known, by their content. */
export declare function compareRecords(known: PreferenceRecord[], incoming: PreferenceRecord[], now?: number): Comparison;
/** How far raters agree with themselves. Conflicting repeats are kept: this reports them. */
export declare function selfAgreement(records: PreferenceRecord[], now?: number): Agreement;
