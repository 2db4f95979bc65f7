/**
 * Saves images as a zip: streamed to where the visitor says, or else to a private file that is then
 * downloaded.
 */

import { download, temporaryFolder } from "../../files/download";
import { askForZip, canAskForFile, type Permitted } from "../../files/pickers";
import type { Picture } from "../picture";
import { untaken } from "./names";
import { asProblem, SaveProblem, throwIfStopped } from "./problem";
import { CSV, type Plan, readOf, type Remark } from "./save";
import { ZipWriter } from "./zip";

export interface ZipSaved {
  name: string;
  images: number;
  bytes: number;
  /** The name of the table in it. */
  table: string | undefined;
  remarks: Remark[];
  /** Removes it, where the browser can; a download cannot be taken back. */
  remove: (() => Promise<void>) | undefined;
}

/** Folder for unfinished downloads in the origin private file system. */
const TEMPORARY = ["pickscore-keep"];

/** Where the bytes go. */
interface ZipTarget {
  write(piece: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Completes it. Returns its name, and how to remove it. */
  close(): Promise<Pick<ZipSaved, "name" | "remove">>;
  /** Leaves nothing behind. */
  abort(): Promise<void>;
}

/** Asks where to save, if the browser does so. `undefined` if the visitor cancelled. */
export async function openZip(name: string): Promise<ZipTarget | undefined> {
  if (canAskForFile()) {
    const handle = await askForZip(name);
    return handle && fileTarget(handle);
  }
  const folder = await temporaryFolder(...TEMPORARY).catch(() => undefined);
  if (folder) await removeOld(folder);
  return folder ? downloadTarget(folder, name) : memoryTarget(name);
}

/** Writes the zip. Throws a `SaveProblem`, and then nothing is left of it. */
export async function saveZip(target: ZipTarget, { items, csv }: Plan, signal: AbortSignal, tell: (done: number) => void): Promise<ZipSaved> {
  const zip = new ZipWriter((piece) => target.write(piece));
  const taken = new Set<string>();
  const names = new Map<Picture, string>();
  const remarks: Remark[] = [];
  try {
    for (const [index, { picture, name }] of items.entries()) {
      throwIfStopped(signal);
      const read = await readOf(picture);
      if (typeof read !== "string") {
        const own = untaken(name, taken);
        await zip.add(own, read.bytes, new Date(read.file.lastModified));
        names.set(picture, own);
      } else {
        remarks.push({ code: read, name: picture.path });
      }
      tell(index + 1);
    }
    if (names.size === 0) throw new SaveProblem(remarks.some(({ code }) => code === "no-permission") ? "unpermitted" : "unreadable-all");
    const table = csv && untaken(CSV, taken);
    if (csv && table) await zip.add(table, new TextEncoder().encode(csv(names)), new Date());
    await zip.finish();
    throwIfStopped(signal);
    return { ...(await target.close()), images: names.size, bytes: zip.bytes, table, remarks };
  } catch (thrown) {
    await target.abort().catch(() => {});
    throw asProblem(thrown);
  }
}

async function fileTarget(handle: FileSystemFileHandle): Promise<ZipTarget> {
  const stream = await handle.createWritable();
  const remove = () => (handle as Permitted).remove?.() ?? Promise.resolve();
  return {
    write: (piece) => stream.write(piece),
    close: async () => {
      await stream.close();
      return { name: handle.name, remove: "remove" in handle ? remove : undefined };
    },
    abort: async () => {
      await stream.abort().catch(() => {});
      // The dialogue has made an empty file.
      if ((await handle.getFile()).size === 0) await remove();
    },
  };
}

async function downloadTarget(folder: FileSystemDirectoryHandle, name: string): Promise<ZipTarget> {
  const own = `${Date.now()} ${name}`;
  const handle = await folder.getFileHandle(own, { create: true });
  const stream = await handle.createWritable();
  return {
    write: (piece) => stream.write(piece),
    close: async () => {
      await stream.close();
      download(new File([await handle.getFile()], name, { type: "application/zip" }), name);
      return { name, remove: undefined };
    },
    abort: async () => {
      await stream.abort().catch(() => {});
      await folder.removeEntry(own);
    },
  };
}

/** How long a download may still read from its file, in milliseconds. */
const LONG = 600_000;

/** Removes files of earlier downloads. */
async function removeOld(folder: FileSystemDirectoryHandle): Promise<void> {
  for await (const name of folder.keys()) {
    if (Number.parseInt(name, 10) < Date.now() - LONG) await folder.removeEntry(name).catch(() => {});
  }
}

/** Bytes that are collected before they become a `Blob`, which the browser can keep on disk. */
const GATHERED = 32 << 20;

function memoryTarget(name: string): ZipTarget {
  const blobs: Blob[] = [];
  let pieces: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  const gather = () => {
    blobs.push(new Blob(pieces));
    [pieces, size] = [[], 0];
  };
  return {
    write: async (piece) => {
      pieces.push(piece);
      size += piece.byteLength;
      if (size >= GATHERED) gather();
    },
    close: async () => {
      gather();
      download(new Blob(blobs, { type: "application/zip" }), name);
      return { name, remove: undefined };
    },
    abort: async () => {
      blobs.length = 0;
      pieces = [];
    },
  };
}
