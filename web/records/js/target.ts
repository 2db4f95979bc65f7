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
  readonly #folders = new Map<string, FileSystemDirectoryHandle>();
  /** Files and folders that were not there before, by the folders that they are in. */
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

  /** What is there, or is made and noted. */
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

  /** Removes what was not there before. A file that was, and is written anew by now, cannot be brought back; other things in the folder stay. */
  async abort(reason: RecordsError): Promise<void> {
    await this.#file?.abort(reason).catch(() => {});
    // The last first, so that a folder is empty before it goes; one that holds something else by now stays.
    for (const [folder, name] of this.#made.reverse()) await folder.removeEntry(name).catch(() => {});
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
