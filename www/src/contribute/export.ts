/** Writing a contribution: to a file or folder that the visitor chooses, or as a download. */

import { imageFile, listRecords } from "../collection/collection";
import { type ExportOptions, type ExportResult, type Format, records, type Target } from "../collection/library";
import { APP_VERSION } from "../collection/version";

export type Card = ExportOptions["card"];

export interface Order {
  format: Format;
  card: Card;
  signal: AbortSignal;
  onProgress: NonNullable<ExportOptions["onProgress"]>;
}

/** Missing from TypeScript's types: only Chromium has these. */
interface Pickers {
  showSaveFilePicker?: (options: object) => Promise<FileSystemFileHandle>;
  showDirectoryPicker?: (options: object) => Promise<FileSystemDirectoryHandle>;
}

const pickers = globalThis as unknown as Pickers;

/** Whether the browser can write to a folder that the visitor chooses. */
export const canWriteFolder = typeof pickers.showDirectoryPicker === "function";

/** Folder for unfinished downloads in the origin private file system. */
const FOLDER = "exports";

/**
 * Asks where to save a zip and writes it there; browsers without that dialogue download it.
 * `undefined` if the visitor cancelled.
 */
export async function saveZip(order: Order): Promise<ExportResult | undefined> {
  if (pickers.showSaveFilePicker) {
    let handle: FileSystemFileHandle;
    try {
      const types = [{ description: "Zip", accept: { "application/zip": [".zip"] } }];
      handle = await pickers.showSaveFilePicker({ suggestedName: `pickscore-${new Date().toISOString().slice(0, 10)}.zip`, types });
    } catch (error) {
      if ((error as Error).name === "AbortError") return undefined;
      throw error;
    }
    return run(order, { zip: await handle.createWritable() });
  }
  return download(order);
}

/** Asks for a folder and writes the files there. */
export async function saveFolder(order: Order): Promise<ExportResult | undefined> {
  let folder: FileSystemDirectoryHandle | undefined;
  try {
    folder = await pickers.showDirectoryPicker?.({ mode: "readwrite", id: "pickscore-export" });
  } catch (error) {
    if ((error as Error).name === "AbortError") return undefined;
    throw error;
  }
  return folder && run(order, { folder });
}

/**
 * Writes the zip to the origin private file system if possible, to save memory, and downloads it
 * from there.
 */
async function download(order: Order): Promise<ExportResult> {
  const place = await temporary().catch(() => undefined);
  let result: ExportResult;
  let file: Blob;
  if (place) {
    const handle = await place.getFileHandle(`${Date.now()}.zip`, { create: true });
    result = await run(order, { zip: await handle.createWritable() });
    file = await handle.getFile();
  } else {
    result = await run(order, { zip: "blob" });
    file = result.blob as Blob;
  }
  const address = URL.createObjectURL(new File([file], result.name, { type: "application/zip" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = result.name;
  link.click();
  // A large download reads from the file for a while.
  setTimeout(() => URL.revokeObjectURL(address), 600_000);
  return result;
}

/** Writes the files to a private folder of the page, for submitting. */
export async function writeTemporary(order: Order): Promise<{ result: ExportResult; files: { path: string; file: File }[] }> {
  const place = await temporary();
  const folder = await place.getDirectoryHandle(String(Date.now()), { create: true });
  const result = await run(order, { folder });
  return { result, files: await filesOf(folder, "") };
}

async function filesOf(folder: FileSystemDirectoryHandle, before: string): Promise<{ path: string; file: File }[]> {
  const found: { path: string; file: File }[] = [];
  for await (const [name, handle] of folder.entries()) {
    if (handle.kind === "directory") found.push(...(await filesOf(handle as FileSystemDirectoryHandle, `${before}${name}/`)));
    else found.push({ path: `${before}${name}`, file: await (handle as FileSystemFileHandle).getFile() });
  }
  return found;
}

async function temporary(): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle("pickscore-contribute", { create: true });
  const place = await folder.getDirectoryHandle(FOLDER, { create: true });
  // Some browsers have the folder but cannot write to it from a page.
  if (!("createWritable" in FileSystemFileHandle.prototype)) throw new Error("read-only");
  return place;
}

/** Removes files of earlier downloads. */
export async function clearTemporary(): Promise<void> {
  try {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle("pickscore-contribute");
    await folder.removeEntry(FOLDER, { recursive: true });
  } catch {
    // There is no such folder.
  }
}

async function run({ format, card, signal, onProgress }: Order, target: Target): Promise<ExportResult> {
  const { exportContribution } = await records();
  return exportContribution({ records: await listRecords(), images: imageFile, target, format, card, appVersion: APP_VERSION, signal, onProgress });
}
