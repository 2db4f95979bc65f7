/** What records, rounds and contributions are to a page. */

/** Where an image is shown. */
export type Side = "left" | "right";
/** Which image is preferred. */
export type Label = "left" | "tie" | "right";
/** What a visitor answers to a pair. */
export type Choice = Label | "skip";
/** How a round chooses its pairs. */
export type Mode = "winner-stays" | "all-pairs" | "active" | "retest";

/** An image as it was shown. */
export interface Shown {
  /** SHA-256 of the file's bytes, 64 hexadecimal digits in lower case: {@link imageUid}. */
  image_uid: string;
  /** What made the image, where that is known. */
  model: string | null;
  /** What the scorer gave it for the prompt, where it was asked. */
  score: number | null;
}

/**
 * One pair that a visitor was shown, and what came of it. Plain data: it goes into IndexedDB, JSON and messages as it is.
 * {@link checkRecord} reads every version there ever was and gives this one.
 */
export interface PreferenceRecord {
  record_version: 1;
  /** Its own name: `crypto.randomUUID()`. */
  uid: string;
  /** At most 16,384 bytes in UTF-8. */
  prompt: string;
  /** What was shown on the left. */
  left: Shown;
  /** What was shown on the right: another image. */
  right: Shown;
  /** False where the pair was skipped. */
  has_label: boolean;
  /** Null where the pair was skipped. */
  label: Label | null;
  /** When it was answered: milliseconds since 1970, as `Date.now()` gives them. */
  created_at: number;
  /** Which visit it belongs to. */
  session_uid: string;
  /** Who judged, without saying who that is: a random name that one browser keeps. */
  rater_uid: string;
  mode: Mode;
  /** For a control pair, the side of the image that everybody should prefer. */
  control: Side | null;
  /** For a pair that was asked again, the uid of the first record. */
  retest_of: string | null;
  /** How long the visitor took. */
  seconds: number | null;
  /** Whether scores were shown before the answer. */
  scores_visible: boolean;
  /** What computed the scores: the model's name, and what else decides its numbers. */
  scorer: { name: string; version: string } | null;
  /** The version of the page. */
  app_version: string;
}

/** A pair that everybody should judge the same way: put among others, it tells careless raters. */
export interface ControlPair {
  /** The uid of the image that everybody should prefer. */
  strong: string;
  weak: string;
}

/** A pair to ask again. */
export interface EarlierPair {
  left: string;
  right: string;
  /** The uid of its record. */
  record: string;
}

/** What a round is made of. Images are given by their uids, each once. */
export interface RoundSettings {
  mode: Mode;
  /** Decides order and sides: a whole number from 0 to 2⁵³ − 1. */
  seed: number;
  /** The pool: 2 to 2,000 images (300 in mode `"active"`). Not in mode `"retest"`. */
  images?: string[];
  /** The image of the pool that is shown in the first pair: the winner of the round before. Mode `"winner-stays"` only. */
  first?: string;
  /** The pairs of mode `"retest"`. */
  earlier?: EarlierPair[];
  /** Ends the round after so many pairs, controls not counted. In mode `"active"` the default is `images · log₂(images)`. */
  limit?: number;
  /** Pairs to put among the others, each at most once. */
  controls?: ControlPair[];
  /** How likely a control pair comes before another pair: 0 to 0.5, default 0.1. */
  controlRate?: number;
}

/** A pair to show. */
export interface Pair {
  /** Its number within the round, from 0, controls counted. Undo gives the same pair the same number. */
  number: number;
  left: string;
  right: string;
  /** For a control pair, where the strong image is. Not to be shown. */
  control: Side | null;
  /** For a pair that is asked again, the uid of the first record. */
  retestOf: string | null;
}

/** How far a round is. */
export interface RoundProgress {
  /** Pairs answered or skipped, controls counted. */
  answered: number;
  /** Pairs the round will have in all, as far as is known: controls that were asked, or are being asked, are counted. */
  total: number;
  /** Pairs that can be taken back. */
  undoable: number;
}

/** Two records of one rater, prompt and pair of images, whatever their sides. */
export interface Repeat {
  /** The uids of the records, the earlier first. */
  records: [string, string];
  /** Whether the same image was preferred, or neither, both times. */
  agrees: boolean;
}

/** A mean, and where it would lie in 95 of 100 collections like this one. */
export interface Estimate {
  value: number;
  low: number;
  high: number;
}

/** How far raters agree with themselves where they judged a pair more than once. */
export interface Agreement {
  /** Every judgement after the first of its pair, beside the one before it. Skipped pairs and controls are left out. */
  repeats: Repeat[];
  /** How well choices are predicted by what the same rater said of the pair at other times, as `pickscore evaluate` has it; null without repeats. */
  oneself: {
    /** Choices that are predicted, the pairs they are about, the raters who made them. */
    choices: number;
    pairs: number;
    raters: number;
    /** Mean of 1 for the same answer, ½ where exactly one of the two is a tie, 0 otherwise. */
    accuracy: Estimate;
    /** How often both are the same. */
    exact: Estimate;
  } | null;
}

/** How far a scorer agrees with a person. */
export interface ScorerAgreement {
  /** Records with a label and both scores; controls are left out. */
  pairs: number;
  /** Mean of 1 where both prefer the same image, ½ where exactly one of them has a tie, 0 otherwise. The scorer has one where scores are equal. */
  score: number;
  /** Where that would lie in 95 of 100 collections like this one. */
  low: number;
  high: number;
}

/** How a ranking is made. */
export interface RankingOptions {
  /** `Date.now()` unless it is given: records of times that have not come are refused. */
  now?: number;
  signal?: AbortSignal;
}

/** What choices say of images or models: the same as `pickscore evaluate --rank --format json` of the contribution that holds them. */
export interface Ranking {
  /** Choices that count, and those of them that were ties. */
  choices: number;
  ties: number;
  /** Choices left out: between a thing and itself, or with something that has no name. */
  left_out: number;
  /** Prompts or choices that were drawn for the intervals. */
  units: number;
  /** How it was made. */
  options: { prior: number | null; unit: "prompts" | "raters" | "choices"; resamples: number; orders: number; step: number; seed: number };
  /** ν of Davidson's model: equals tie with probability ν / (2 + ν). */
  tie: number;
  /** Groups that no chain of choices connects. Ratings and ranks compare within one only. */
  groups: number;
  /** What must be known to read it right, in English. */
  notes: string[];
  /** The best first; one group after the other, the largest first. */
  items: Ranked[];
}

/** One thing's place. */
export interface Ranked {
  /** The image's uid or the model's name. */
  name: string;
  /** Its group, from 0. */
  group: number;
  /** Its place in its group, from 1, and where that lies in 95 of 100 drawn collections. */
  rank: number;
  rank_interval: [number, number];
  /** Bradley–Terry with ties on Elo's scale: 1000 is its group's mean, 400 points are ten to one. */
  rating: Estimate;
  /** Its Elo rating over random orders. */
  elo: { mean: number; deviation: number };
  /** Records that preferred it, neither, or the other one. */
  wins: number;
  ties: number;
  losses: number;
}

/** Records beside those that are known already. */
export interface Comparison {
  /** Those that are new, in their order. */
  fresh: PreferenceRecord[];
  /** The uids of those that are known, or were there twice, by their content. */
  duplicates: string[];
  /** Uids under which two different records came; both are kept, the later one under a uid made from its content. */
  renamed: { from: string; to: string }[];
}

/** What a contribution's files are. */
export type Format = "parquet" | "jsonl" | "csv";

/** Where the bytes of images are: a file, an OPFS handle's file, whatever gives a `Blob`. `undefined` where an image is gone. */
export type ImageSource = (imageUid: string) => Promise<Blob | undefined> | Blob | undefined;

/** Where a contribution goes. */
export type Target =
  /** A zip, through any stream: `await handle.createWritable()`, a service worker's, … It is closed, or aborted where the export fails. */
  | { zip: WritableStream<Uint8Array> }
  /** A zip as a `Blob`, whose parts the browser may keep on disk. */
  | { zip: "blob" }
  /** Files in a folder that the visitor chose (`showDirectoryPicker()`), or one in OPFS. */
  | { folder: FileSystemDirectoryHandle };

/** How far an export or import is. */
export interface DataProgress {
  /** `"checking"` (an export looks for images, an import compares sums), `"writing"`, `"reading"`. */
  stage: string;
  /** Images, or bytes of an import, while checking; records while writing; bytes while reading. */
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
  /** What the card says. */
  card: {
    /** Name of the data set: one line. */
    title: string;
    /** What the visitor wants to say about it. */
    description?: string;
    /** The licence that the visitor chose, as Hugging Face writes it: `"cc0-1.0"`, `"cc-by-4.0"`, … */
    license: string;
    /** What the visitor agreed to, word by word, and which version of that text it was. */
    consent: { text: string; version: string };
    /** How the pairs were collected, in a sentence or more. */
    collection?: string;
    /** Languages of the prompts, as ISO 639-1 codes. */
    languages?: string[];
  };
  /** The version of the page. */
  appVersion: string;
  /** The time, for tests. Default `Date.now()`. */
  now?: number;
  signal?: AbortSignal;
  onProgress?: (progress: DataProgress) => void;
}

/** What was exported. */
export interface ExportResult {
  /** The zip, where the target is `{ zip: "blob" }`. */
  blob?: Blob;
  /** A name for the file: `pickscore-2026-11-26-1200-pairs.zip`. */
  name: string;
  /** How many records it has. */
  records: number;
  bytes: number;
  files: { path: string; bytes: number; rows: number; sha256: string }[];
  /** Records that are not in it, each with the reason: an image that is gone, a field that is not what it may be. */
  leftOut: { uid: string; reason: string }[];
}

/** Something that was not imported, and why. */
export interface Refusal {
  /** The file, for example `contribution.zip/data/train-00000-of-00001.parquet`. */
  file: string;
  /** The row, from 0, where it is about one. Lines of JSON Lines are rows. */
  row: number | null;
  /** The column, where it is about one. */
  column: string | null;
  /** One sentence. */
  message: string;
}

/** How to import. */
export interface ImportOptions {
  /** Called with every record, in the order of the files, and its images; what it returns is waited for. */
  onRecord: (record: PreferenceRecord, images: { left: Uint8Array | null; right: Uint8Array | null }) => void | Promise<void>;
  /** The time, for tests. Default `Date.now()`. */
  now?: number;
  signal?: AbortSignal;
  onProgress?: (progress: DataProgress) => void;
}

/** What was imported. */
export interface ImportResult {
  records: number;
  refused: Refusal[];
  /** How many rows were refused; `refused` lists at most 1,000. */
  refusedCount: number;
}

/** What a generator wrote into an image about how it made it. Nothing is there that was not in the file. */
export interface ImageMetadata {
  /**
   * The program: `"automatic1111"` (and its descendants), `"comfyui"`, `"invokeai"`, `"fooocus"`, `"novelai"`, `"swarmui"`,
   * `"draw-things"`, `"easy-diffusion"`, or another that `crate/metadata` lists.
   */
  generator: string;
  prompt?: string;
  negativePrompt?: string;
  /** As text: seeds exceed JavaScript's whole numbers. */
  seed?: string;
  model?: string;
  steps?: number;
  guidance?: number;
  sampler?: string;
  scheduler?: string;
  width?: number;
  height?: number;
}
