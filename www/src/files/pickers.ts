/** The file and folder dialogues that only some browsers have. */

/** Missing from TypeScript's types: only Chromium has these. */
interface Pickers {
  showSaveFilePicker?: (options: object) => Promise<FileSystemFileHandle>;
  showDirectoryPicker?: (options: object) => Promise<FileSystemDirectoryHandle>;
}

/** Permissions and removal, which only Chromium has for chosen files and folders. */
export interface Permitted {
  queryPermission?: (options: { mode: "read" | "readwrite" }) => Promise<PermissionState>;
  requestPermission?: (options: { mode: "read" | "readwrite" }) => Promise<PermissionState>;
  remove?: () => Promise<void>;
}

const pickers = globalThis as unknown as Pickers;

/** Whether the browser can write to a folder that the visitor chooses. */
export const canWriteFolder = typeof pickers.showDirectoryPicker === "function";

/** Whether the browser asks where to save a file; looked up late, so that tests can remove it. */
export function canAskForFile(): boolean {
  return typeof pickers.showSaveFilePicker === "function";
}

/** Asks for a folder to write to. `undefined` if the visitor cancelled. */
export function askForFolder(id: string): Promise<FileSystemDirectoryHandle | undefined> {
  return chosen(pickers.showDirectoryPicker?.({ mode: "readwrite", id }));
}

/** Asks where to save a zip. `undefined` if the visitor cancelled. */
export function askForZip(suggestedName: string): Promise<FileSystemFileHandle | undefined> {
  const types = [{ description: "Zip", accept: { "application/zip": [".zip"] } }];
  return chosen(pickers.showSaveFilePicker?.({ suggestedName, types }));
}

async function chosen<T>(asking: Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await asking;
  } catch (error) {
    if ((error as Error).name === "AbortError") return undefined;
    throw error;
  }
}

/** Whether a folder may be written to. Asks the visitor if that is not decided. */
export async function mayWrite(folder: FileSystemDirectoryHandle): Promise<boolean> {
  const handle = folder as Permitted;
  const mode = { mode: "readwrite" } as const;
  if (!handle.queryPermission || (await handle.queryPermission(mode)) === "granted") return true;
  return (await handle.requestPermission?.(mode)) === "granted";
}
