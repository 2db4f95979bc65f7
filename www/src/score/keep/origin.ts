/** The files that images came from, in a folder that was opened for writing. */

import { fileOf } from "../file";
import type { Picture } from "../picture";
import { currentFile, isSame } from "./folder";

/** Where an image's file is. */
export interface Origin {
  folder: FileSystemDirectoryHandle;
  name: string;
}

/**
 * Finds images' files below a folder, by their paths. A file of another size or time is not the
 * image's. Stops at the signal.
 */
export async function originsIn(root: FileSystemDirectoryHandle, pictures: readonly Picture[], signal: AbortSignal, tell: (done: number) => void): Promise<Map<Picture, Origin>> {
  const folders = new Map<string, Promise<FileSystemDirectoryHandle | undefined>>([["", Promise.resolve(root)]]);
  const found = new Map<Picture, Origin>();
  for (const [index, picture] of pictures.entries()) {
    if (signal.aborted) break;
    tell(index);
    const own = await fileOf(picture).catch(() => undefined);
    if (!own) continue;
    const parts = picture.path.split("/");
    // The path may begin above the folder, so every end of it is tried.
    for (let from = 0; from < parts.length && !found.has(picture); from++) {
      const folder = await folderAt(folders, parts.slice(from, -1));
      const name = parts.at(-1) as string;
      const file = folder && (await currentFile(folder, name).catch(() => undefined));
      if (folder && file && isSame(file, own)) found.set(picture, { folder, name });
    }
  }
  return found;
}

/** A folder below the root, looked up once. */
function folderAt(folders: Map<string, Promise<FileSystemDirectoryHandle | undefined>>, parts: readonly string[]): Promise<FileSystemDirectoryHandle | undefined> {
  const path = parts.join("/");
  const known = folders.get(path);
  if (known) return known;
  const opened = folderAt(folders, parts.slice(0, -1)).then((outer) => outer?.getDirectoryHandle(parts.at(-1) as string).catch(() => undefined));
  folders.set(path, opened);
  return opened;
}
