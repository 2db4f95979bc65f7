/** Messages between the page and the worker. Answers carry the ID of their request. */

import type { CachePolicy, Device, EmbeddingScores, EmbedResult, Info, LoadProgress, MemoryUse, PrecisionChoice, ScoreResult, UnreadablePolicy } from "./types";
import type { PlainError } from "./error";
import type { ScorerName } from "./scorers";
import type { Prepared, ProcessorDescription } from "./worker/prepare";

/**
 * URLs of the engine's builds, of which those with `Relaxed` are for browsers with relaxed SIMD, of
 * the image decoders and of BERT's vocabulary.
 */
export interface Assets {
  gpu: string;
  cpu: string;
  cpuRelaxed: string;
  threads: string;
  threadsRelaxed: string;
  decoder: string;
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
  | { type: "thread"; module: WebAssembly.Module; memory: WebAssembly.Memory }
  /** Turns a worker into a decoder, which is told by its `port` what to decode. */
  | ({ type: "decoder"; port: MessagePort } & DecoderSetup)
  /** A decoder that the page started for this worker has failed and was terminated. */
  | { type: "decoder-failed"; id: number };

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

/** What a decoder needs to know. */
export interface DecoderSetup {
  module: WebAssembly.Module;
  processor: ProcessorDescription;
  /** Number of images that the engine's worker remembers. */
  kept: number;
}

/**
 * Asks the page to start workers that decode images, for the same reason as {@link StartThreads}.
 * Each gets one of the ports; the engine's worker has their other ends.
 */
export interface StartDecoders extends DecoderSetup {
  type: "decoders";
  ports: { id: number; port: MessagePort }[];
}

/** Messages from the engine's worker to a decoder. */
export type ToDecoder =
  /**
   * An image to decode, unless its content is known and `force` is not set. `known` are hashes of
   * images that the engine's worker knows since the last message.
   */
  | { type: "decode"; id: number; image: Blob; force: boolean; known: string[] }
  /** Images that are no longer wanted. */
  | { type: "drop"; ids: number[] };

/**
 * Messages from a decoder to the engine's worker. A decoder that cannot go on sends a message to
 * the page instead.
 */
export type FromDecoder =
  | { type: "ready" }
  | { type: "done"; id: number; prepared: Prepared<Float32Array> };

export type FromWorker =
  | { type: "result"; id: number; value: Results[keyof Results] }
  | { type: "error"; id: number; error: PlainError }
  | { type: "progress"; id: number; progress: LoadProgress }
  | StartThreads
  | StartDecoders
  /** The GPU was lost or the engine stopped; the worker must be replaced. */
  | { type: "lost"; error: PlainError };
