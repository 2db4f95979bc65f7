/**
 * The types of the library: values of the wasm, whose types the build generates from the Rust code,
 * and options of the JavaScript functions.
 */

import type { Card, Exported, Format, LeftOut, PreferenceRecord, Refused, RoundSettings, RoundStep, TasteReport } from "../pkg/records";
import type { Taste } from "./taste";

export type {
  Agreement,
  Card,
  Choice,
  Comparison,
  Consent,
  ControlPair,
  EarlierPair,
  EloRating,
  Estimate,
  FoldsOf,
  Format,
  Group,
  GroupChoice,
  GroupPair,
  ImageMetadata,
  Label,
  LeftOut,
  Mode,
  OwnAgreement,
  Pair,
  PreferenceRecord,
  Ranked,
  Ranking,
  RankingMethod,
  RankingUnit,
  Refusal,
  Renamed,
  Repeat,
  RoundProgress,
  RoundSettings,
  RoundStep,
  Scorer,
  ScorerAgreement,
  Shown,
  Side,
  TasteAccuracy,
  TasteImage,
  TasteInfo,
  TasteLeftOut,
  TasteNeeded,
  TasteReport,
  TasteScorer,
  WrittenFile,
} from "../pkg/records";

/** The state of a round: the parsed JSON of `Round.state()`. */
export interface RoundState {
  /** The version of the state, as in {@link RoundStep}. */
  round_version: number;
  /** The settings of the round. */
  settings: RoundSettings;
  /** The `answer` of each step, in order. */
  answers: NonNullable<RoundStep["answer"]>[];
  /** The `pair` of the last step, which may be a group. */
  pair: object | null;
}

/** How to compute a ranking. */
export interface RankingOptions {
  /** The time, `Date.now()` by default: records from the future are refused. */
  now?: number;
  signal?: AbortSignal;
}

/**
 * Returns the bytes of an image: a file, the file of an OPFS handle, any `Blob`; `undefined` if the
 * image is gone.
 */
export type ImageSource = (imageUid: string) => Promise<Blob | undefined> | Blob | undefined;

/** Where a contribution is written to. */
export type Target =
  /**
   * A zip into a stream: `await handle.createWritable()`, a service worker's, … It is closed, or
   * aborted if the export fails.
   */
  | { zip: WritableStream<Uint8Array> }
  /** A zip as a `Blob`, whose parts the browser may keep on disk. */
  | { zip: "blob" }
  /** Files in a folder that the visitor chose (`showDirectoryPicker()`), or one in OPFS. */
  | { folder: FileSystemDirectoryHandle };

/**
 * The stage of an export or import. While `"checking"`, an export looks for images and an import
 * compares checksums.
 */
export type DataStage = "checking" | "writing" | "reading";

/** The progress of an export or import. */
export interface DataProgress {
  stage: DataStage;
  /**
   * Images (export) or bytes (import) while checking, records while writing, bytes while reading.
   */
  loaded: number;
  total?: number;
}

/** How to export. */
export interface ExportOptions {
  records: PreferenceRecord[];
  images: ImageSource;
  target: Target;
  /** Default `"parquet"`. `"csv"` has no images. */
  format?: Format;
  card: Card;
  /** The version of the page that exports. */
  appVersion: string;
  /** The time, for tests. Default `Date.now()`. */
  now?: number;
  signal?: AbortSignal;
  onProgress?: (progress: DataProgress) => void;
}

/** What was exported. */
export interface ExportResult extends Exported {
  /** The zip, if the target is `{ zip: "blob" }`. */
  blob?: Blob;
  /** Records that are not in it. */
  leftOut: LeftOut[];
}

/** How to import. */
export interface ImportOptions {
  /**
   * Called with every record, in the order of the files, and its images. A promise that it returns
   * is awaited.
   */
  onRecord: (record: PreferenceRecord, images: { left: Uint8Array | null; right: Uint8Array | null }) => void | Promise<void>;
  /** The time, for tests. Default `Date.now()`. */
  now?: number;
  signal?: AbortSignal;
  onProgress?: (progress: DataProgress) => void;
}

/** What was imported. */
export interface ImportResult extends Refused {
  /** Number of records. */
  records: number;
}

/** How to fit a taste. */
export interface FitTasteOptions {
  /** 1 to 80 characters. */
  name: string;
  /**
   * The base scorer: its name, such as `"pickscore"`, and its `identity`, 64 hexadecimal digits.
   */
  scorer: { name: string; fingerprint: string };
  /** Choices. Skipped and control pairs are left out. */
  records: PreferenceRecord[];
  /** The unit-length embeddings of images by the base scorer, by uid. */
  embeddings: ReadonlyMap<string, Float32Array>;
  /** The base scorer's score of an image for a prompt; undefined if there is none. */
  scores: (prompt: string, imageUid: string) => number | undefined;
  /** Whether choices that were made while scores were visible are left out. Default false. */
  withoutVisibleScores?: boolean;
  /** The time, for tests. Default `Date.now()`. */
  now?: number;
  signal?: AbortSignal;
  /**
   * Called with the number of fits of the cross-validation that are done, of how many at most.
   */
  onProgress?: (progress: { loaded: number; total: number }) => void;
}

/** A fitted taste, and how it was measured. */
export interface FittedTaste extends Omit<TasteReport, "text"> {
  taste: Taste;
}

/** How a taste that learns choice by choice begins. */
export interface LearnerOptions {
  /** Length of an embedding. */
  dimensions: number;
  /** The factor that makes the base scorer's scores logits, from `tasteScale`. Default 1. */
  scale?: number;
  /**
   * The standard deviation of the prior of each weight. Default 2; {@link FittedTaste.deviation} is
   * the one that cross-validation chose.
   */
  deviation?: number;
  /** Whether choices that were made while scores were visible are left out. Default false. */
  withoutVisibleScores?: boolean;
}

/** The pair whose answer a taste would learn most from. */
export interface InformativePair {
  /** The uids of the images. */
  images: [string, string];
  /** The expected information of the answer, in nats. */
  information: number;
  /** The probability that the first is preferred, among answers that are not ties. */
  probability: number;
}

/** The score of an image by a taste that is being learned. */
export interface LearnedScore {
  /** The uid of the image. */
  image: string;
  /** The score in logits. */
  score: number;
  /** The standard deviation of the score from the mean score of the pool. */
  deviation: number;
}
