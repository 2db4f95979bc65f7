/** Calls the worker of tastes. */

import type { CallName, Calls, FromWorker } from "./protocol";

/** An error of the records library, which has a code. */
export class TasteError extends Error {
  override readonly name = "TasteError";
  constructor(
    readonly code: string,
    message: string,
    /** Names and numbers for the visitor's sentence. */
    readonly given: readonly string[] = [],
  ) {
    super(message);
  }
}

interface Waiting {
  resolve(answer: never): void;
  reject(error: Error): void;
  onProgress: ((progress: { loaded: number; total: number }) => void) | undefined;
}

let worker: Worker | undefined;
let next = 0;
const waiting = new Map<number, Waiting>();

/** Options of a call. */
export interface CallOptions {
  signal?: AbortSignal;
  onProgress?: (progress: { loaded: number; total: number }) => void;
}

/** Asks the worker for something. Rejects with a {@link TasteError}. */
export function ask<Name extends CallName>(call: Name, asked: Calls[Name]["ask"], { signal, onProgress }: CallOptions = {}): Promise<Calls[Name]["answer"]> {
  const id = next++;
  const to = (worker ??= start());
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject, onProgress });
    signal?.addEventListener("abort", () => to.postMessage({ id, call: "cancel" }), { once: true });
    to.postMessage({ id, call, ask: asked, library: new URL("lib/records.js", document.baseURI).href });
  });
}

function start(): Worker {
  const made = new Worker(new URL("./taste.worker.ts", import.meta.url), { type: "module" });
  made.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => {
    const call = waiting.get(data.id);
    if (!call) return;
    if (data.part === "progress") return call.onProgress?.(data);
    waiting.delete(data.id);
    if (data.part === "answer") call.resolve(data.answer as never);
    else call.reject(new TasteError(data.code, data.message));
  });
  made.addEventListener("error", (event) => {
    event.preventDefault();
    made.terminate();
    if (worker === made) worker = undefined;
    for (const { reject } of waiting.values()) reject(new TasteError("internal", event.message || "the worker could not be started"));
    waiting.clear();
  });
  return made;
}
