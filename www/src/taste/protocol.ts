/** Messages between the page and the worker of tastes. */

import type { InformativePair, PreferenceRecord, TasteImage, TasteInfo, TasteReport } from "../collection/library";

/** The base scorer's scores of both images of a choice. */
export interface ScoredRecord {
  record: PreferenceRecord;
  left: number;
  right: number;
}

/** A choice in a list to fit; a score is undefined if the image is gone. */
export interface FitRequest {
  name: string;
  scorer: { name: string; fingerprint: string };
  records: PreferenceRecord[];
  embeddings: ReadonlyMap<string, Float32Array>;
  /** By prompt, then uid. */
  scores: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** Leaves out choices that were made while scores were visible. */
  withoutVisibleScores: boolean;
}

/** What the worker does, and what it answers. */
export interface Calls {
  fit: { ask: FitRequest; answer: TasteReport };
  read: { ask: { text: string }; answer: { text: string; info: TasteInfo } };
  rename: { ask: { text: string; name: string }; answer: { text: string; info: TasteInfo } };
  apply: { ask: { text: string; scores: number[]; embeddings: Float32Array[] }; answer: TasteImage[] };
  /** Begins a taste that learns choice by choice. */
  learn: { ask: { scorer: string; embeddings: ReadonlyMap<string, Float32Array>; choices: ScoredRecord[]; deviation: number | undefined; scores: number[] }; answer: null };
  add: { ask: { choices: ScoredRecord[] }; answer: null };
  undo: { ask: { count: number }; answer: null };
  /** The most informative pair among images with their base scores. */
  next: { ask: { images: { uid: string; score: number }[]; asked: [string, string][] }; answer: InformativePair | null };
}

export type CallName = keyof Calls;

export type ToWorker = { [Name in CallName]: { id: number; call: Name; ask: Calls[Name]["ask"]; library: string } }[CallName] | { id: number; call: "cancel" };

export type FromWorker =
  | { id: number; part: "progress"; loaded: number; total: number }
  | { id: number; part: "answer"; answer: unknown }
  | { id: number; part: "error"; code: string; message: string };
