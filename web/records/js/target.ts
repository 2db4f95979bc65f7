/** Where a contribution goes: a stream, a `Blob`, a folder. */

import { asRecordsError, RecordsError } from "./error";
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

export function sinkOf(target: Target): Sink {
  if ("folder" in target && target.folder) return new FolderSink(target.folder);
  if ("zip" in target && target.zip === "blob") return new BlobSink();
  if ("zip" in target && target.zip instanceof WritableStream) return new StreamSink(target.zip);
  throw new RecordsError("bad-argument", "`target` is { zip: a stream or \"blob\" } or { folder: a directory handle }");
}

class StreamSink implements Sink {
  readonly isFolder = false;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;

  constructor(stream: WritableStream<Uint8Array>) {
    if (stream.locked) throw new RecordsError("bad-argument", "the target's stream is in use");
    this.#writer = stream.getWriter();
  }

  async write(piece: Uint8Array): Promise<void> {
    // Waited for: a stream that is slower than the export would otherwise gather all of it.
    await this.#writer.ready;
    await this.#writer.write(piece);
  }

  async close(): Promise<undefined> {
    await this.#writer.close();
  }

  async abort(reason: RecordsError): Promise<void> {
    await this.#writer.abort(reason).catch(() => {});
  }
}

/** Bytes that are gathered in memory before they become a `Blob`, which the browser may keep on disk. */
const GATHERED = 32 << 20;

class BlobSink implements Sink {
  readonly isFolder = false;
  #blobs: Blob[] = [];
  #pieces: Uint8Array<ArrayBuffer>[] = [];
  #bytes = 0;

  async write(piece: Uint8Array): Promise<void> {
    this.#pieces.push(piece as Uint8Array<ArrayBuffer>);
    this.#bytes += piece.byteLength;
    if (this.#bytes >= GATHERED) this.#gather();
  }

  #gather(): void {
    this.#blobs.push(new Blob(this.#pieces));
    this.#pieces = [];
    this.#bytes = 0;
  }

  async close(): Promise<Blob> {
    this.#gather();
    return new Blob(this.#blobs, { type: "application/zip" });
  }

  async abort(): Promise<void> {
    this.#blobs = [];
    this.#pieces = [];
  }
}

class FolderSink implements Sink {
  readonly isFolder = true;
  readonly #root: FileSystemDirectoryHandle;
  #file: FileSystemWritableFileStream | undefined;

  constructor(root: FileSystemDirectoryHandle) {
    this.#root = root;
  }

  async write(piece: Uint8Array | string | null): Promise<void> {
    if (typeof piece === "string") {
      const folders = piece.split("/");
      const name = folders.pop() ?? piece;
      let folder = this.#root;
      for (const part of folders) folder = await folder.getDirectoryHandle(part, { create: true });
      const handle = await folder.getFileHandle(name, { create: true });
      this.#file = await handle.createWritable();
    } else if (piece === null) {
      await this.#file?.close();
      this.#file = undefined;
    } else {
      await this.#file?.write(piece as Uint8Array<ArrayBuffer>);
    }
  }

  async close(): Promise<undefined> {}

  /** Files that are whole stay: a folder may hold other things, and which of them were there before is not known. */
  async abort(reason: RecordsError): Promise<void> {
    await this.#file?.abort(reason).catch(() => {});
  }
}

/** Runs something of a target's; what it throws is one of ours. */
export async function writing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const error = asRecordsError(thrown, "write");
    throw error.code === "write" ? new RecordsError("write", `the target cannot be written: ${error.message}`) : error;
  }
}
