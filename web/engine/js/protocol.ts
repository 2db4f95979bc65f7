/** Messages between the page and the worker. Answers carry the ID of their request. */

import type { CachePolicy, Device, EmbeddingScores, EmbedResult, Info, LoadProgress, MemoryUse, PrecisionChoice, ScoreResult, UnreadablePolicy } from "./types";
import type { PlainError } from "./error";
import type { ScorerName } from "./scorers";

/**
 * URLs of the engine's builds, of which those with `Relaxed` are for browsers with relaxed SIMD,
 * and of BERT's vocabulary.
 */
export interface Assets {
  gpu: string;
  cpu: string;
  cpuRelaxed: string;
  threads: string;
  threadsRelaxed: string;
  vocabulary: string;
}

export interface LoadRequest {
  type: "load";
  model: string | File[];
  /** The requested scorer; `null` to recognise it. */
  scorer: ScorerName | null;
  /** The head: its URL or a local file. */
  head: string | File | null;
  device: Device;
  /** Why this device was chosen, for {@link Info}. */
  reason: string;
  adapter?: string;
  /** The fastest tile on this adapter, if known. */
  tile?: string;
  precision: PrecisionChoice;
  memory: MemoryUse;
  cache: CachePolicy;
  assets: Assets;
}

export interface CallOptions {
  unreadable: UnreadablePolicy;
}

export type Request =
  | LoadRequest
  | { type: "texts"; prompts: string[] }
  | { type: "images"; images: Blob[]; options: CallOptions }
  | { type: "decode"; image: Blob }
  /** `taste` is a parsed `taste.json`; absent for the scorer's own scores. */
  | { type: "score"; prompt: string; images: Blob[]; options: CallOptions; taste?: unknown }
  /**
   * `embeddings` are concatenated; `sizes` has the number of values of each, 0 for a skipped image,
   * and `lengths` their lengths before normalisation, if known.
   */
  | { type: "compare"; prompt: string; embeddings: Float32Array; sizes: number[]; lengths: number[] | null }
  | { type: "dispose" };

/** The result of each request. */
export interface Results {
  load: Info;
  texts: Float32Array[];
  images: EmbedResult;
  decode: ImageData;
  score: ScoreResult;
  compare: EmbeddingScores;
  dispose: undefined;
}

export type ToWorker =
  | (Request & { id: number })
  | { type: "cancel"; id: number }
  /** Turns a worker into a thread of another worker's engine. */
  | { type: "thread"; module: WebAssembly.Module; memory: WebAssembly.Memory };

/**
 * Asks the page to start threads for the engine. The page starts them because in Firefox a worker
 * that starts another sometimes hangs. The answer, {@link ThreadsStarted}, is sent to `port`.
 */
export interface StartThreads {
  type: "threads";
  count: number;
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  port: MessagePort;
}

/** All threads are ready, or one of them failed to start. */
export type ThreadsStarted = { error?: string };

export type FromWorker =
  | { type: "result"; id: number; value: Results[keyof Results] }
  | { type: "error"; id: number; error: PlainError }
  | { type: "progress"; id: number; progress: LoadProgress }
  | StartThreads
  /** The GPU was lost or the engine stopped; the worker must be replaced. */
  | { type: "lost"; error: PlainError };
