/**
 * The stable codes of errors.
 *
 * | code | meaning |
 * |---|---|
 * | `not-ready` | {@link ready} was not awaited |
 * | `wasm` | the wasm could not be loaded |
 * | `bad-argument` | an argument has the wrong type |
 * | `record` | a record is invalid |
 * | `round` | the settings or the state of a round are invalid |
 * | `round-over` | the round is over |
 * | `card` | a field of the card is invalid |
 * | `nothing-to-export` | no record is left to export |
 * | `image` | the bytes of an image do not match its uid, or it was removed during the export |
 * | `storage-full` | there is not enough storage for the export |
 * | `write` | the target cannot be written |
 * | `read` | a file cannot be read |
 * | `nothing-to-learn` | no choice is left to learn a taste from |
 * | `taste` | embeddings or scores of another model, or that are no numbers |
 * | `taste-file` | a file is not a taste of this version |
 * | `taste-scorer` | a taste needs another scorer |
 * | `aborted` | the call's signal was aborted |
 * | `crashed` | the wasm crashed, which is a bug: reload the page and report the message |
 * | `internal` | an unexpected error |
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
  | "nothing-to-learn"
  | "taste"
  | "taste-file"
  | "taste-scorer"
  | "aborted"
  | "crashed"
  | "internal";

/** An error of this library: a message of one sentence, and a stable code. */
export class RecordsError extends Error {
  override readonly name = "RecordsError";
  /** The {@link RecordsErrorCode}. */
  readonly code: RecordsErrorCode;

  constructor(code: RecordsErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Converts anything that was thrown to a `RecordsError`. `code` is the code for other errors of the
 * browser.
 */
export function asRecordsError(thrown: unknown, code: RecordsErrorCode = "internal"): RecordsError {
  if (thrown instanceof RecordsError) return thrown;
  const { name, message, code: own } = (thrown ?? {}) as { name?: string; message?: string; code?: unknown };
  if (name === "AbortError") return new RecordsError("aborted", "the call was aborted");
  if (name === "QuotaExceededError") return new RecordsError("storage-full", "there is no more space where the export goes");
  if (thrown instanceof WebAssembly.RuntimeError) {
    const panic = (globalThis as { pickscoreRecordsPanic?: string }).pickscoreRecordsPanic;
    return new RecordsError("crashed", `the records library stopped: ${panic?.trim().split("\n").pop() ?? message}`);
  }
  // Errors of the wasm have a string as their code; those of the browser have a number or none.
  if (typeof own === "string") return new RecordsError(own as RecordsErrorCode, message ?? "");
  return new RecordsError(code, message ?? String(thrown));
}

/** Calls the wasm, and converts what it throws to a `RecordsError`. */
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
