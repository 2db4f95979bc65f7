/** What page and worker say to each other. Every request has an id, which its answers carry. */

import type { CachePolicy, Device, EmbeddingScores, EmbedResult, Info, LoadProgress, MemoryUse, PrecisionChoice, ScoreResult, UnreadablePolicy } from "./pickscore";
import type { PlainError } from "./error";

/** Where the worker finds the engine: addresses of its builds; `Relaxed` ones are for browsers with relaxed SIMD. */
export interface Assets {
  gpu: string;
  cpu: string;
  cpuRelaxed: string;
  threads: string;
  threadsRelaxed: string;
}

export interface LoadRequest {
  type: "load";
  model: string | File[];
  device: Device;
  /** Why this device, for `info`. */
  reason: string;
  adapter?: string;
  /** How this adapter multiplies fastest, where that is known. */
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
  | { type: "score"; prompt: string; images: Blob[]; options: CallOptions }
  /** `embeddings` one after the other, each so long; 0 for an image that was skipped. */
  | { type: "compare"; prompt: string; embeddings: Float32Array; lengths: number[] }
  | { type: "dispose" };

/** What each request resolves to. */
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
  /** To a worker that is to be a thread of another one's engine. */
  | { type: "thread"; module: WebAssembly.Module; memory: WebAssembly.Memory };

/**
 * The engine is to have threads: workers that the page starts, since in Firefox a worker that starts another now and then never comes back. Once all of
 * them are ready the port hears of it, and of one that does not start.
 */
export interface StartThreads {
  type: "threads";
  count: number;
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  port: MessagePort;
}

/** What the port of `threads` hears. */
export type ThreadsStarted = { error?: string };

export type FromWorker =
  | { type: "result"; id: number; value: Results[keyof Results] }
  | { type: "error"; id: number; error: PlainError }
  | { type: "progress"; id: number; progress: LoadProgress }
  | StartThreads
  /** The GPU is gone, or the engine stopped: this worker is of no more use. */
  | { type: "lost"; error: PlainError };
