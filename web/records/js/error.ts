/**
 * What can go wrong, by its stable code.
 *
 * | code | what happened |
 * |---|---|
 * | `not-ready` | {@link ready} was not awaited |
 * | `wasm` | the wasm could not be loaded |
 * | `bad-argument` | an argument is not what the types say |
 * | `record` | a record is not what it may be |
 * | `round` | settings or state of a round are not what they may be |
 * | `round-over` | the round has no pair to answer |
 * | `card` | something on the card is not what it may be |
 * | `nothing-to-export` | no record is left to export |
 * | `image` | an image has other bytes than its uid says, or went missing during the export |
 * | `storage-full` | there is no more space where the export goes |
 * | `write` | the target cannot be written |
 * | `read` | a file cannot be read |
 * | `aborted` | the call's signal was aborted |
 * | `crashed` | the wasm stopped, which is a fault of ours: reload the page, tell us the message |
 * | `internal` | anything that should not happen |
 */
export type RecordsErrorCode =
  | "not-ready"
  | "wasm"
  | "bad-argument"
  | "record"
  | "round"
  | "round-over"
  | "card"
  | "nothing-to-export"
  | "image"
  | "storage-full"
  | "write"
  | "read"
  | "aborted"
  | "crashed"
  | "internal";

/** Every error of this library: one sentence, and a code that does not change between versions. */
export class RecordsError extends Error {
  override readonly name = "RecordsError";
  /** Which {@link RecordsErrorCode} it is. */
  readonly code: RecordsErrorCode;

  constructor(code: RecordsErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Whatever was thrown, as one of ours. `code` is for what the browser throws: what was being done. */
export function asRecordsError(thrown: unknown, code: RecordsErrorCode = "internal"): RecordsError {
  if (thrown instanceof RecordsError) return thrown;
  const { name, message, code: own } = (thrown ?? {}) as { name?: string; message?: string; code?: unknown };
  if (name === "AbortError") return new RecordsError("aborted", "the call was aborted");
  if (name === "QuotaExceededError") return new RecordsError("storage-full", "there is no more space where the export goes");
  if (thrown instanceof WebAssembly.RuntimeError) {
    const panic = (globalThis as { pickscoreRecordsPanic?: string }).pickscoreRecordsPanic;
    return new RecordsError("crashed", `the records library stopped: ${panic?.trim().split("\n").pop() ?? message}`);
  }
  // The wasm's own errors have a code of ours; the browser's have numbers or none.
  if (typeof own === "string") return new RecordsError(own as RecordsErrorCode, message ?? "");
  return new RecordsError(code, message ?? String(thrown));
}

/** Runs something of the wasm; what it throws is one of ours. */
export function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    throw asRecordsError(thrown);
  }
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new RecordsError("aborted", "the call was aborted");
}
