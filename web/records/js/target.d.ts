/** Where a contribution goes: a stream, a `Blob`, a folder. */
import { RecordsError } from "./error";
import type { Target } from "./types";
/** Takes the pieces of an export: bytes, the path of a file that begins, null where one ends. */
export interface Sink {
    /** Whether files come one after the other instead of in one zip. */
    readonly isFolder: boolean;
    write(piece: Uint8Array | string | null): Promise<void>;
    /** Ends what is whole; gives the `Blob` where it is one. */
    close(): Promise<Blob | undefined>;
    /** Takes back what is not. */
    abort(reason: RecordsError): Promise<void>;
}
export declare function sinkOf(target: Target): Sink;
/** Runs something of a target's; what it throws is one of ours. */
export declare function writing<T>(work: () => Promise<T>): Promise<T>;
