/** Writing a contribution: to a file or folder that the visitor chooses, or as a download. */

import { imageFile, listRecords } from "../collection/collection";
import { type ExportOptions, type ExportResult, type Format, records, type Target } from "../collection/library";
import { APP_VERSION } from "../collection/version";
import { clearTemporaryFolder, download, temporaryFolder } from "../files/download";
import { askForFolder, askForZip, canAskForFile } from "../files/pickers";

export type Card = ExportOptions["card"];

export interface Order {
  format: Format;
  card: Card;
  signal: AbortSignal;
  onProgress: NonNullable<ExportOptions["onProgress"]>;
}

/** Folder for unfinished downloads in the origin private file system. */
const TEMPORARY = ["pickscore-contribute", "exports"];

/**
 * Asks where to save a zip and writes it there; browsers without that dialogue download it.
 * `undefined` if the visitor cancelled.
 */
export async function saveZip(order: Order): Promise<ExportResult | undefined> {
  if (!canAskForFile()) return downloadZip(order);
  const handle = await askForZip(`pickscore-${new Date().toISOString().slice(0, 10)}.zip`);
  return handle && run(order, { zip: await handle.createWritable() });
}

/** Asks for a folder and writes the files there. */
export async function saveFolder(order: Order): Promise<ExportResult | undefined> {
  const folder = await askForFolder("pickscore-export");
  return folder && run(order, { folder });
}

/**
 * Writes the zip to the origin private file system if possible, to save memory, and downloads it
 * from there.
 */
async function downloadZip(order: Order): Promise<ExportResult> {
  const place = await temporaryFolder(...TEMPORARY).catch(() => undefined);
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
  download(new File([file], result.name, { type: "application/zip" }), result.name);
  return result;
}

/** Writes the files to a private folder of the page, for submitting. */
export async function writeTemporary(order: Order): Promise<{ result: ExportResult; files: { path: string; file: File }[] }> {
  const place = await temporaryFolder(...TEMPORARY);
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

/** Removes files of earlier downloads. */
export function clearTemporary(): Promise<void> {
  return clearTemporaryFolder(...TEMPORARY);
}

async function run({ format, card, signal, onProgress }: Order, target: Target): Promise<ExportResult> {
  const { exportContribution } = await records();
  return exportContribution({ records: await listRecords(), images: imageFile, target, format, card, appVersion: APP_VERSION, signal, onProgress });
}
