/** Files in a folder that the visitor chose: written without ever replacing one. */

import { numbered } from "./names";
import { SaveProblem } from "./problem";

/** A file as it was when it had been written. */
export interface Written {
  folder: FileSystemDirectoryHandle;
  name: string;
  file: File;
}

/** Writes a new file, under another number if there is a file or folder of this name. */
export async function writeNew(folder: FileSystemDirectoryHandle, wanted: string, bytes: Uint8Array<ArrayBuffer>): Promise<Written> {
  const base = await acceptable(folder, wanted);
  for (let number = 1; ; number++) {
    const name = numbered(base, number);
    if (await isTaken(folder, name)) continue;
    const handle = await folder.getFileHandle(name, { create: true });
    // Another program may have made it just now.
    if ((await handle.getFile()).size > 0) continue;
    const done = await fill(handle, bytes).catch(async (thrown) => {
      await removeEmpty(folder, name);
      throw thrown;
    });
    if (!done) continue;
    const file = await handle.getFile();
    if (file.size !== bytes.byteLength) throw new SaveProblem("failed", `${name}: ${file.size} / ${bytes.byteLength}`);
    return { folder, name, file };
  }
}

/** Fills an empty file. `false` if another program has filled it meanwhile. */
async function fill(handle: FileSystemFileHandle, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
  // The bytes go to a file beside it, which takes its place when the stream is closed.
  const stream = await handle.createWritable();
  try {
    await stream.write(bytes);
    if ((await handle.getFile()).size > 0) {
      await stream.abort();
      return false;
    }
    await stream.close();
    return true;
  } catch (thrown) {
    await stream.abort().catch(() => {});
    throw thrown;
  }
}

async function isTaken(folder: FileSystemDirectoryHandle, name: string): Promise<boolean> {
  try {
    await folder.getFileHandle(name);
    return true;
  } catch (thrown) {
    const { name: kind } = thrown as DOMException;
    if (kind === "NotFoundError") return false;
    // A folder has this name.
    if (kind === "TypeMismatchError") return true;
    throw thrown;
  }
}

/** The name, or a plainer one if the browser refuses it. */
async function acceptable(folder: FileSystemDirectoryHandle, name: string): Promise<string> {
  const plain = name.replace(/[^\w.() -]/g, "_").replace(/^[.\s]+/, "_").slice(-120);
  for (const candidate of [name, plain, `${plain}.image`]) {
    try {
      await isTaken(folder, candidate);
      return candidate;
    } catch (thrown) {
      if (!(thrown instanceof TypeError)) throw thrown;
    }
  }
  throw new SaveProblem("name", name);
}

/** Removes what a failed write has left: an empty file. */
async function removeEmpty(folder: FileSystemDirectoryHandle, name: string): Promise<void> {
  try {
    const file = await (await folder.getFileHandle(name)).getFile();
    if (file.size === 0) await folder.removeEntry(name);
  } catch {
    // The folder is gone, or the browser has no permission any more.
  }
}

/** The file as it is now; nothing if it is gone. */
export async function currentFile(folder: FileSystemDirectoryHandle, name: string): Promise<File | undefined> {
  try {
    return await (await folder.getFileHandle(name)).getFile();
  } catch (thrown) {
    if (["NotFoundError", "TypeMismatchError"].includes((thrown as DOMException).name)) return undefined;
    throw thrown;
  }
}

/** Whether a file has not been changed since. */
export function isSame(now: File, then: File): boolean {
  return now.size === then.size && now.lastModified === then.lastModified;
}
