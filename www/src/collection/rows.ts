/** The rows of the collection's tables. */

import type { ControlPair, EarlierPair, Mode, PreferenceRecord, RoundStep } from "./library";

/** A choice. */
export interface RecordRow {
  uid: string;
  session: string;
  /** Both images, indexed to find and count them. */
  images: string[];
  record: PreferenceRecord;
}

/** A deleted choice that can be restored. */
export interface BinRow extends RecordRow {
  /** Choices deleted together have the same value. */
  batch: string;
  deleted: number;
}

/**
 * Facts about an image. Its bytes are in a {@link FileRow}, so that listing images reads none of
 * them.
 */
export interface ImageRow {
  uid: string;
  bytes: number;
}

export interface FileRow {
  uid: string;
  file: Blob;
}

/** What is recorded about how an image was made. */
export interface Written {
  generator: string;
  prompt: string | null;
  model: string | null;
  seed: string | null;
}

/** An image in a round, and what is known about how it was made. */
export interface Item {
  uid: string;
  /** Folder and file name. */
  path: string;
  /** The model, by the visitor's rule; null until a round begins, or if unknown. */
  model: string | null;
  /** What the file's metadata or the generator says. */
  written: Written | null;
}

/** Images that are judged for one prompt. */
export interface PromptSet {
  prompt: string;
  /** Their uids. */
  images: string[];
  /** Control pairs: an image and a degraded copy of it. */
  controls?: ControlPair[];
  /** Pairs to judge again, in mode `"retest"`. */
  earlier?: EarlierPair[];
}

/** Where models and prompts are read from. */
export interface Rule {
  models: "written" | "pattern" | "none";
  /** For `"pattern"`: see `judge/pattern.ts`. */
  pattern: string;
  /** Whether prompts in the files' metadata are used. */
  writtenPrompts: boolean;
}

/** A draft's settings. */
export interface DraftWords {
  /** One prompt per line. */
  prompts: string;
  rule: Rule;
  /** Whether the visitor chose how to judge; otherwise the mode follows from the images. */
  modeChosen?: boolean;
}

/** How the visitor wants to judge. */
export interface Plan {
  mode: Mode;
  /** Whether models and scores are shown before the choice. */
  open: boolean;
  controls: boolean;
  /** Maximum pairs or groups per prompt; 0 means no limit. */
  limit: number;
  seed: number;
  /** Whether the most informative pairs are those that the visitor's taste is least sure of. */
  byTaste?: boolean;
}

/**
 * A round, or the images that are laid out for one. Written once; the position in it is a
 * {@link PlaceRow}.
 */
export interface RoundRow {
  uid: string;
  kind: "draft" | "round";
  session: string;
  created: number;
  /** Uids of all its images. */
  images: string[];
  items: Item[];
  sets: PromptSet[];
  plan: Plan;
  draft?: DraftWords;
}

/**
 * The position in a round. It is written with every choice, together with the {@link AnswerRow},
 * and neither grows with the number of choices: the settings follow from the {@link RoundRow},
 * which is written once.
 */
export interface PlaceRow {
  uid: string;
  /** Increases with every change, so that a tab that missed one cannot overwrite it. */
  revision: number;
  /** The set that is being judged. The sets before it are over, those after it have no answers. */
  at: number;
  /**
   * The version of the stored pair and answers: `round_version` of the records library's
   * `RoundStep`.
   */
  version: number;
  /** The pair or group that is shown, as in `RoundStep`. */
  pair: object | null;
  finished: boolean;
  updated: number;
}

/** An answer of a round. */
export interface AnswerRow {
  /** {@link answerUid}. */
  uid: string;
  /** The uid of the round. */
  round: string;
  /** The set, and the number of the pair or group within it. */
  set: number;
  number: number;
  /** The answer, as in the records library's `RoundStep`. */
  answer: NonNullable<RoundStep["answer"]>;
}

/** The uid of the answer to a pair or group. */
export function answerUid(round: string, set: number, number: number): string {
  return `${round}/${set}/${number}`;
}

export function answerRow(round: string, set: number, number: number, answer: AnswerRow["answer"]): AnswerRow {
  return { uid: answerUid(round, set, number), round, set, number, answer };
}

export interface Rows {
  records: RecordRow;
  bin: BinRow;
  images: ImageRow;
  files: FileRow;
  rounds: RoundRow;
  places: PlaceRow;
  answers: AnswerRow;
}

export type TableName = keyof Rows;

/** Indexes of each table besides the uid. For a list, each entry is indexed. */
export const INDEXES: { readonly [T in TableName]: readonly string[] } = {
  records: ["session", "images"],
  bin: ["batch", "images"],
  images: [],
  files: [],
  rounds: ["images"],
  places: [],
  answers: ["round"],
};

export const TABLES = Object.keys(INDEXES) as TableName[];
