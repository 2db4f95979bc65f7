/** The last save of this visit, which can be taken back until the next one. */

import { Store } from "../../state/store";
import { keepText } from "../../text/keep";
import { mayWrite } from "../../files/pickers";
import { outcomeOf, undoneRest, undoneWords, zipWords } from "./outcome";
import { SaveProblem } from "./problem";
import type { FolderSave } from "./save";
import { undo } from "./undo";
import type { ZipSaved } from "./zip-save";

/** A save with something left to take back. */
export type LastSave = { save: FolderSave } | { zip: ZipSaved };

export const last = new Store<LastSave | undefined>(undefined);

/** Remembers a save, also a stopped one that has written something. */
export function remember(saved: LastSave): void {
  if ("save" in saved ? hasWritten(saved.save) : saved.zip.remove) last.value = saved;
}

function hasWritten({ saved, table }: FolderSave): boolean {
  return saved.length > 0 || table !== undefined;
}

/** What it has come to. */
export function wordsOf(saved: LastSave): string {
  return "save" in saved ? outcomeOf(saved.save) : zipWords(saved.zip);
}

/**
 * Takes a save back; returns what became of it, in sentences. Stops at the signal; what is left can
 * be taken back later.
 *
 * @throws SaveProblem if the folder may not be written to
 */
export async function takeBack(saved: LastSave, signal: AbortSignal, tell: (done: number) => void): Promise<string[]> {
  if ("zip" in saved) {
    const { name, remove } = saved.zip;
    const removed = await remove?.().then(
      () => true,
      () => false,
    );
    forget(saved);
    return [removed ? keepText.zipRemoved(name) : keepText.zipNotRemoved(name)];
  }
  const { save } = saved;
  if (!(await mayWrite(save.folder).catch(() => false))) throw new SaveProblem("permission");
  const undone = await undo(save, signal, tell);
  // A new object, so that whoever watches sees the change.
  if (hasWritten(save)) last.value = { save };
  else forget(saved);
  return [undoneWords(undone, save), ...undoneRest(undone)];
}

function forget(saved: LastSave): void {
  const now = last.value;
  if (!now) return;
  const isSame = "save" in now ? "save" in saved && now.save === saved.save : "zip" in saved && now.zip === saved.zip;
  if (isSame) last.value = undefined;
}
