/** The target of an export: a stream, a `Blob` or a folder. */

import { asRecordsError, RecordsError } from "./error";
import type { Target } from "./types";

/** Receives the pieces of an export: bytes, the path of a file that starts, null at its end. */
export interface Sink {
  /** Whether it receives separate files instead of a zip. */
  readonly isFolder: boolean;
  write(piece: Uint8Array | string | null): Promise<void>;
  /** Ends the output, and returns the `Blob` if it is one. */
  close(): Promise<Blob | undefined>;
  /** Discards the output. */
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
    // Wait for the stream, which would otherwise buffer everything if it is slow.
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

/**
 * Number of bytes that are collected in memory before they become a `Blob`, which the browser can
 * keep on disk.
 */
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
  readonly #folders = new Map<string, FileSystemDirectoryHandle>();
  /** Files and folders that were created, each with its parent folder. */
  readonly #made: [FileSystemDirectoryHandle, string][] = [];
  #file: FileSystemWritableFileStream | undefined;

  constructor(root: FileSystemDirectoryHandle) {
    this.#root = root;
  }

  async write(piece: Uint8Array | string | null): Promise<void> {
    if (typeof piece === "string") {
      const at = piece.lastIndexOf("/");
      const [folder, name] = [await this.#folder(piece.slice(0, Math.max(0, at))), piece.slice(at + 1)];
      const handle = await this.#entry(folder, name, (options) => folder.getFileHandle(name, options));
      this.#file = await handle.createWritable();
    } else if (piece === null) {
      await this.#file?.close();
      this.#file = undefined;
    } else {
      await this.#file?.write(piece as Uint8Array<ArrayBuffer>);
    }
  }

  /** The folder of a path. */
  async #folder(path: string): Promise<FileSystemDirectoryHandle> {
    if (path === "") return this.#root;
    let folder = this.#folders.get(path);
    if (!folder) {
      const at = path.lastIndexOf("/");
      const [outer, name] = [await this.#folder(path.slice(0, Math.max(0, at))), path.slice(at + 1)];
      folder = await this.#entry(outer, name, (options) => outer.getDirectoryHandle(name, options));
      this.#folders.set(path, folder);
    }
    return folder;
  }

  /** Gets a file or folder, or creates it and records that. */
  async #entry<T>(folder: FileSystemDirectoryHandle, name: string, get: (options?: { create: true }) => Promise<T>): Promise<T> {
    try {
      return await get();
    } catch (thrown) {
      if ((thrown as DOMException).name !== "NotFoundError") throw thrown;
    }
    const made = await get({ create: true });
    this.#made.push([folder, name]);
    return made;
  }

  async close(): Promise<undefined> {}

  /**
   * Removes everything that was created. A file that was overwritten cannot be restored.
   */
  async abort(reason: RecordsError): Promise<void> {
    await this.#file?.abort(reason).catch(() => {});
    // Remove in reverse order, so that a folder is empty by then. A folder with other files stays.
    for (const [folder, name] of this.#made.reverse()) await folder.removeEntry(name).catch(() => {});
  }
}

/** Writes to a target, and converts what it throws to a `RecordsError`. */
export async function writing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const error = asRecordsError(thrown, "write");
    throw error.code === "write" ? new RecordsError("write", `the target cannot be written: ${error.message}`) : error;
  }
}
