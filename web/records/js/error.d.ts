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
export type RecordsErrorCode = "not-ready" | "wasm" | "bad-argument" | "record" | "round" | "round-over" | "card" | "nothing-to-export" | "image" | "storage-full" | "write" | "read" | "aborted" | "crashed" | "internal";
/** Every error of this library: one sentence, and a code that does not change between versions. */
export declare class RecordsError extends Error {
    readonly name = "RecordsError";
    /** Which {@link RecordsErrorCode} it is. */
    readonly code: RecordsErrorCode;
    constructor(code: RecordsErrorCode, message: string);
}
/** Whatever was thrown, as one of ours. `code` is for what the browser throws: what was being done. */
export declare function asRecordsError(thrown: unknown, code?: RecordsErrorCode): RecordsError;
/** Runs something of the wasm; what it throws is one of ours. */
export declare function guarded<T>(work: () => T): T;
export declare function throwIfAborted(signal: AbortSignal | undefined): void;
