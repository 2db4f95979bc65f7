/** What the collection keeps, table by table. */

import type { ControlPair, EarlierPair, Mode, PreferenceRecord, RoundStep } from "./library";

/** A choice. */
export interface RecordRow {
  uid: string;
  session: string;
  /** Both images, by which they are found and counted. */
  images: string[];
  record: PreferenceRecord;
}

/** A choice that was deleted and can be brought back. */
export interface BinRow extends RecordRow {
  /** What was deleted together. */
  batch: string;
  deleted: number;
}

/** What is known of an image; its bytes are a {@link FileRow}, so that a list of images reads none of them. */
export interface ImageRow {
  uid: string;
  bytes: number;
}

export interface FileRow {
  uid: string;
  file: Blob;
}

/** What is written about how an image came about. */
export interface Written {
  generator: string;
  prompt: string | null;
  model: string | null;
  seed: string | null;
}

/** An image in a round, and what is known about how it came about. */
export interface Item {
  uid: string;
  /** Folder and name. */
  path: string;
  /** What made it, by the rule that the visitor chose; null until a round begins, or where nobody knows. */
  model: string | null;
  /** What the file itself, or the generator that sent it, says. */
  written: Written | null;
}

/** Images that are judged for one prompt. */
export interface PromptSet {
  prompt: string;
  /** Their uids. */
  images: string[];
  /** Pairs whose answer is known: an image and a spoilt copy of it. */
  controls?: ControlPair[];
  /** Pairs that are asked again, in mode `"retest"`. */
  earlier?: EarlierPair[];
}

/** Where the models and prompts of images are read. */
export interface Rule {
  models: "written" | "pattern" | "none";
  /** For `"pattern"`: see `judge/pattern.ts`. */
  pattern: string;
  /** Whether prompts that files say are taken. */
  writtenPrompts: boolean;
}

/** What a draft has beside its images. */
export interface DraftWords {
  /** One prompt a line. */
  prompts: string;
  rule: Rule;
}

/** How the visitor wants to judge. */
export interface Plan {
  mode: Mode;
  /** Whether names and scores are shown before the choice. */
  open: boolean;
  controls: boolean;
  /** Most pairs of a prompt; 0 is no limit of the visitor's. */
  limit: number;
  seed: number;
}

/** A round, or the pictures that are laid out for one. Written once; the position in it is a {@link PlaceRow}. */
export interface RoundRow {
  uid: string;
  kind: "draft" | "round";
  session: string;
  created: number;
  /** Every image that it needs. */
  images: string[];
  items: Item[];
  sets: PromptSet[];
  plan: Plan;
  draft?: DraftWords;
}

/**
 * The position in a round. It is written with every choice, together with the {@link AnswerRow}, and neither grows with the number of choices: the
 * settings follow from the {@link RoundRow}, which is written once.
 */
export interface PlaceRow {
  uid: string;
  /** Grows with every change: a second tab that did not see the last one cannot write over it. */
  revision: number;
  /** The set that is being judged. The sets before it are over, those after it have no answers. */
  at: number;
  /** The version of the stored pair and answers: `round_version` of the records library's `RoundStep`. */
  version: number;
  /** The pair that is shown, as in `RoundStep`. */
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
  /** The set, and the number of the pair within it. */
  set: number;
  number: number;
  /** The answer, as in the records library's `RoundStep`. */
  answer: NonNullable<RoundStep["answer"]>;
}

/** The uid of the answer to a pair. */
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

/** By what rows are found beside their uid. Of a list, each entry counts. */
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
