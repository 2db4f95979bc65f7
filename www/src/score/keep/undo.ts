/** Takes a save back, last file first: removes what it wrote, and nothing else. */

import { replaceFile } from "../file";
import { currentFile, isSame, type Written, writeNew } from "./folder";
import type { FolderSave, Saved } from "./save";

export interface Undone {
  /** Names of removed files. */
  removed: string[];
  /** Names of originals that are back in their folder. */
  restored: string[];
  /** Files that somebody has changed since. They stay. */
  changed: string[];
  /** Files that could not be removed. */
  failed: string[];
}

/** Stops at the signal; called again, it goes on. The save forgets what was taken back. */
export async function undo(save: FolderSave, signal: AbortSignal, tell: (done: number) => void): Promise<Undone> {
  const undone: Undone = { removed: [], restored: [], changed: [], failed: [] };
  for (let done = 0; !signal.aborted; done++) {
    tell(done);
    const written = save.table ?? save.saved.at(-1);
    if (!written) break;
    await takeBack(written, undone).catch(() => undone.failed.push(written.name));
    if (written === save.table) save.table = undefined;
    else save.saved.pop();
  }
  return undone;
}

async function takeBack(written: Written | Saved, undone: Undone): Promise<void> {
  const { folder, name, file } = written;
  const now = await currentFile(folder, name);
  // Somebody has removed it already.
  if (!now) return;
  if (!isSame(now, file)) {
    undone.changed.push(name);
    return;
  }
  if ("origin" in written && written.origin) {
    const { folder: home, name: before } = written.origin;
    const back = await writeNew(home, before, new Uint8Array(await now.arrayBuffer()));
    replaceFile(written.picture, back.file);
    undone.restored.push(back.name);
  }
  await folder.removeEntry(name);
  undone.removed.push(name);
}
