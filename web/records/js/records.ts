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

import type {
  Agreement,
  Choice,
  Comparison,
  ExportOptions,
  ExportResult,
  ImageMetadata,
  ImportOptions,
  ImportResult,
  Mode,
  Pair,
  PreferenceRecord,
  RoundProgress,
  RoundSettings,
  Standing,
} from "./types";

export type * from "./types";

/** Loads the wasm, once; `await` it before anything else here. The address is for pages that keep it elsewhere. */
export declare function ready(wasm?: string | URL): Promise<void>;

/** The uid of an image: SHA-256 of its file's bytes. */
export declare function imageUid(bytes: Uint8Array): string;

/**
 * Reads a record of any version, as it was stored or came from elsewhere, and checks it. `now` is `Date.now()` unless it is given.
 *
 * @throws RecordsError with code `"record"`
 */
export declare function checkRecord(record: unknown, now?: number): PreferenceRecord;

/** Which of some records are new beside those that are known, by their content. */
export declare function compareRecords(known: PreferenceRecord[], incoming: PreferenceRecord[]): Comparison;

/** How far raters agree with themselves. Conflicting repeats are kept: this reports them. */
export declare function selfAgreement(records: PreferenceRecord[]): Agreement;

/** A round of pairs. Its {@link Round.state} goes into storage after each answer, and {@link Round.restore} goes on in the same place. */
export declare class Round {
  private constructor();
  /** @throws RecordsError with code `"round"` */
  static start(settings: RoundSettings): Round;
  /** @throws RecordsError with code `"round"` where the state is damaged or of a version to come */
  static restore(state: string): Round;
  readonly mode: Mode;
  /** The pair to show; null when the round is over. */
  readonly pair: Pair | null;
  readonly progress: RoundProgress;
  /** The image that stays when the round is over, and the best one so far before; null before anything was answered. */
  readonly best: string | null;
  /**
   * Answers the pair that is shown and gives the next. `record` is the uid of the record that was made of it; {@link Round.undo} gives it back.
   *
   * @throws RecordsError with code `"round-over"`
   */
  choose(choice: Choice, record: string): Pair | null;
  /** Takes answers back, as many as asked for or there are, and gives their records' uids, the latest first. */
  undo(count?: number): string[];
  /** The order of the images that the answers suggest, the best first. */
  standings(): Standing[];
  /** The whole round as JSON. */
  state(): string;
}

/** Writes records and images as a contribution: a zip or folder that trainers of Pick-a-Pic read. Holds a few images in memory at a time. */
export declare function exportContribution(options: ExportOptions): Promise<ExportResult>;

/**
 * Reads contributions back: zips, Parquet and JSON Lines files, or all files of a folder. What is not as it should be is refused by file, row
 * and column, and everything else is kept. A `File` of a folder is known by its `webkitRelativePath`; `[path, blob]` names one otherwise.
 */
export declare function importContribution(files: (File | [string, Blob])[], options: ImportOptions): Promise<ImportResult>;

/** What a generator wrote into a PNG, JPEG or WebP file about how it made it; null where there is nothing of the kind. */
export declare function readMetadata(image: Blob | Uint8Array): Promise<ImageMetadata | null>;

/** Every error of this library: one sentence, and a code that does not change between versions. */
export declare class RecordsError extends Error {
  readonly code: RecordsErrorCode;
}

/**
 * | code | what happened |
 * |---|---|
 * | `not-ready` | {@link ready} was not awaited |
 * | `wasm` | the wasm could not be loaded |
 * | `bad-argument` | an argument is not what the types say |
 * | `record` | a record is not what it may be |
 * | `round` | settings or state of a round are not what they may be |
 * | `round-over` | the round has no pair to answer |
 * | `card` | something on the card is not what it may be |
 * | `nothing-to-export` | no record is left to export |
 * | `image` | an image has other bytes than its uid says, or went missing during the export |
 * | `storage-full` | there is no more space where the export goes |
 * | `write` | the target cannot be written |
 * | `read` | a file cannot be read |
 * | `aborted` | the call's signal was aborted |
 * | `internal` | anything that should not happen |
 */
export type RecordsErrorCode =
  | "not-ready"
  | "wasm"
  | "bad-argument"
  | "record"
  | "round"
  | "round-over"
  | "card"
  | "nothing-to-export"
  | "image"
  | "storage-full"
  | "write"
  | "read"
  | "aborted"
  | "internal";
