/**
 * The types of the library: values of the wasm, whose types the build generates from the Rust code,
 * and options of the JavaScript functions.
 */

import type { Card, Exported, Format, LeftOut, PreferenceRecord, Refused, RoundSettings, RoundStep } from "../pkg/records";

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
