/**
 * Saves images into a folder. What stops it leaves whole files only, and it can be continued. An
 * image that cannot be read is left out and named.
 */

import { uidOf } from "../../collection/uid";
import { FileAway, fileOf, replaceFile } from "../file";
import type { Picture } from "../picture";
import { currentFile, isSame, type Written, writeNew } from "./folder";
import type { Origin } from "./origin";
import { asProblem, throwIfStopped } from "./problem";

export interface SaveItem {
  picture: Picture;
  /** The wanted name. */
  name: string;
}

/** What to save. */
export interface Plan {
  items: readonly SaveItem[];
  /** The table beside the images, given their names; absent for none. */
  csv: ((names: ReadonlyMap<Picture, string>) => string) | undefined;
}

/** A written image. */
export interface Saved extends Written {
  picture: Picture;
  /** Where the original was, if it was moved. */
  origin?: Origin;
}

/** What is worth saying about a single image. */
export interface Remark {
  code: "unreadable" | "no-permission" | "original-stays" | "already-there";
  name: string;
}

export const CSV = "pickscore.csv";

export class FolderSave {
  /** May be replaced before it is continued. */
  folder: FileSystemDirectoryHandle;
  readonly saved: Saved[] = [];
  table: Written | undefined;
  readonly remarks: Remark[] = [];
  readonly #plan: Plan;
  readonly #origins: ReadonlyMap<Picture, Origin> | undefined;
  #next = 0;

  /** With `origins`, images are moved: those that it has, and the others are copied. */
  constructor(folder: FileSystemDirectoryHandle, plan: Plan, origins?: ReadonlyMap<Picture, Origin>) {
    this.folder = folder;
    this.#plan = plan;
    this.#origins = origins;
  }

  get total(): number {
    return this.#plan.items.length;
  }

  /** Saves what is not saved yet. Throws a `SaveProblem`; call it again to continue. */
  async run(signal: AbortSignal, tell: (done: number) => void): Promise<void> {
    try {
      while (this.#next < this.total) {
        tell(this.#next);
        throwIfStopped(signal);
        await this.#one(this.#plan.items[this.#next] as SaveItem);
        this.#next++;
      }
      throwIfStopped(signal);
      const { csv } = this.#plan;
      if (!csv || this.table || this.saved.length === 0) return;
      const names = new Map(this.saved.map(({ picture, name }) => [picture, name]));
      this.table = await writeNew(this.folder, CSV, new TextEncoder().encode(csv(names)));
    } catch (thrown) {
      throw asProblem(thrown);
    }
  }

  async #one({ picture, name }: SaveItem): Promise<void> {
    const origin = this.#origins?.get(picture);
    if (origin && origin.name === name && (await origin.folder.isSameEntry(this.folder))) {
      this.remarks.push({ code: "already-there", name });
      return;
    }
    const read = await readOf(picture);
    if (typeof read === "string") {
      this.remarks.push({ code: read, name: picture.path });
      return;
    }
    const written = await writeNew(this.folder, name, read.bytes);
    const saved: Saved = { ...written, picture };
    this.saved.push(saved);
    if (!origin) return;
    if (await removeOriginal(saved, origin, read)) saved.origin = origin;
    else this.remarks.push({ code: "original-stays", name: picture.path });
  }
}

/** A file with its content. */
interface Read {
  file: File;
  bytes: Uint8Array<ArrayBuffer>;
}

/**
 * An image's file, or why it cannot be read: without permission, or because it was changed, moved
 * or deleted since it was added.
 */
export async function readOf(picture: Picture): Promise<Read | "unreadable" | "no-permission"> {
  try {
    const file = await fileOf(picture);
    return { file, bytes: new Uint8Array(await file.arrayBuffer()) };
  } catch (error) {
    return error instanceof FileAway && error.code === "permission" ? "no-permission" : "unreadable";
  }
}

/**
 * Removes an original whose copy has the same bytes. From then on, the image's file is the copy.
 */
async function removeOriginal({ picture, file }: Saved, { folder, name }: Origin, read: Read): Promise<boolean> {
  try {
    const original = await currentFile(folder, name);
    if (!original || !isSame(original, read.file)) return false;
    if ((await uidOf(file)) !== (await uidOf(new Blob([read.bytes])))) return false;
    await folder.removeEntry(name);
    replaceFile(picture, file);
    return true;
  } catch {
    return false;
  }
}
