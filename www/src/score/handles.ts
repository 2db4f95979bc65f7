/**
 * Files and folders as handles, where the browser gives them: a handle can be kept for the next
 * visit without copying the image, and listing a folder of handles reads none of its files.
 */

import { type Found, MOST, readDrop } from "./intake";

export interface FoundHandle {
  handle: FileSystemFileHandle;
  path: string;
  /** The number of the folder that the visitor gave, for files of one. */
  root?: number;
}

export type Given = Found | FoundHandle;

export interface Taking {
  /** Called with what is found in portions, so that a folder's first images are shown at once. */
  take(given: Given[]): void;
  /** Gives a folder its number. */
  number(folder: FileSystemDirectoryHandle): Promise<number>;
}

/** What TypeScript's library does not know. */
type HandleItem = DataTransferItem & { getAsFileSystemHandle?: () => Promise<FileSystemHandle | null> };
interface Pickers {
  showOpenFilePicker?: (options: object) => Promise<FileSystemFileHandle[]>;
  showDirectoryPicker?: (options: object) => Promise<FileSystemDirectoryHandle>;
}

/** Files passed on together: few at first, then more. */
const PORTIONS = { first: 60, most: 1000 };
/** Media types of the picker; it knows no `image/*` without endings in some versions. */
const TYPES = [{ accept: { "image/*": [".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".avif", ".heic", ".jxl", ".tif", ".tiff"] } }];

/** Whether the browser can choose files as handles. */
export function hasPickers(): boolean {
  const { showOpenFilePicker, showDirectoryPicker } = window as Pickers;
  return showOpenFilePicker !== undefined && showDirectoryPicker !== undefined;
}

/** Lets the visitor choose files or a folder; nothing if they change their mind. */
export async function choose(what: "files" | "folder"): Promise<FileSystemHandle[]> {
  const pickers = window as Pickers;
  try {
    if (what === "files") return (await pickers.showOpenFilePicker?.({ multiple: true, types: TYPES, id: "images" })) ?? [];
    const folder = await pickers.showDirectoryPicker?.({ mode: "read", id: "images" });
    return folder ? [folder] : [];
  } catch (error) {
    if ((error as Error).name === "AbortError") return [];
    throw error;
  }
}

/**
 * Takes the files and whole folders of a drop, as handles if possible. Resolves with whether there
 * were more than {@link MOST}. Call it while the event is handled, because a browser empties it
 * afterwards.
 */
export function takeDrop(transfer: DataTransfer, taking: Taking): Promise<boolean> {
  const items = [...transfer.items].filter(({ kind }) => kind === "file") as HandleItem[];
  const handles = items.map((item) => item.getAsFileSystemHandle?.().catch(() => null));
  // A file that a script or a browser's tab made has no handle.
  const files = readDrop(transfer);
  return (async () => {
    const found = (await Promise.all(handles)).filter((handle) => handle != null);
    if (found.length === items.length) {
      const paths = new Set<string>();
      const isTooMuch = await takeHandles(found, taking, paths);
      // Chromium gives no handles for files in a folder whose names it finds unsafe.
      const others = isTooMuch ? [] : await files(paths);
      if (others.length > 0) taking.take(others);
      return isTooMuch;
    }
    const all = await files();
    taking.take(all.slice(0, MOST));
    return all.length > MOST;
  })();
}

/** As {@link takeDrop}, for what the browser's pickers gave. All paths are added to `paths`. */
export async function takeHandles(handles: readonly FileSystemHandle[], taking: Taking, paths = new Set<string>()): Promise<boolean> {
  const collector = new Collector(taking, paths);
  for (const handle of handles) {
    if (handle.kind === "file") collector.add({ handle: handle as FileSystemFileHandle, path: handle.name });
    else await walk(handle as FileSystemDirectoryHandle, handle.name, await taking.number(handle as FileSystemDirectoryHandle), collector);
  }
  collector.flush();
  return collector.isFull;
}

/** Collects what is found and passes it on in portions. */
class Collector {
  readonly #taking: Taking;
  readonly #paths: Set<string>;
  #waiting: FoundHandle[] = [];
  #size = PORTIONS.first;
  #total = 0;

  constructor(taking: Taking, paths: Set<string>) {
    this.#taking = taking;
    this.#paths = paths;
  }

  get isFull(): boolean {
    return this.#total >= MOST;
  }

  add(found: FoundHandle): void {
    if (this.isFull) return;
    this.#total += 1;
    this.#paths.add(found.path.normalize());
    this.#waiting.push(found);
    if (this.#waiting.length < this.#size) return;
    this.flush();
    this.#size = Math.min(PORTIONS.most, 2 * this.#size);
  }

  flush(): void {
    if (this.#waiting.length > 0) this.#taking.take(this.#waiting);
    this.#waiting = [];
  }
}

async function walk(folder: FileSystemDirectoryHandle, path: string, root: number, collector: Collector): Promise<void> {
  const inner: FileSystemDirectoryHandle[] = [];
  try {
    for await (const child of folder.values()) {
      if (collector.isFull) return;
      if (child.kind === "file") collector.add({ handle: child as FileSystemFileHandle, path: `${path}/${child.name}`, root });
      else inner.push(child as FileSystemDirectoryHandle);
    }
  } catch {
    // A folder that may not be read, or that went away meanwhile; the others are still taken.
  }
  for (const child of inner) await walk(child, `${path}/${child.name}`, root, collector);
}
