/**
 * Models in the browser's own storage (the origin private file system).
 *
 * ```text
 * pickscore/models/<id>/weights.safetensors   the weights, as the library's `StoredLayout` lays them out
 *                      /journal.jsonl         while it is written: which parameters are there, and of what source
 *                      /record.json           written last: only with it is the model there
 * ```
 */

import { PickScoreError } from "./error";
import type { Precision } from "./pickscore";

export const WEIGHTS = "weights.safetensors";
export const JOURNAL = "journal.jsonl";
export const RECORD = "record.json";

/** A stretch of the weights file: first byte, bytes, SHA-256. */
export type Piece = [offset: number, bytes: number, sha256: string];

/** What makes a stored model one. */
export interface ModelRecord {
  version: 1;
  address: string;
  name: string;
  precision: Precision;
  /** Bytes of the weights. */
  bytes: number;
  /** When it was stored, ISO 8601. */
  stored: string;
  config: string;
  tokenizer: string | null;
  preprocessor: string | null;
  /** In file order, without gaps. */
  pieces: Piece[];
}

/** What the rest of an entry's name is derived from: another layout of the file would be another version. */
const LAYOUT = 1;

/** The folder's name of a model in one precision. */
export async function modelId(address: string, precision: Precision): Promise<string> {
  return (await sha256(new TextEncoder().encode(`${LAYOUT} ${precision} ${address}`))).slice(0, 32);
}

export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The folder of all models; `create` makes it. */
export async function modelsFolder(create: boolean): Promise<FileSystemDirectoryHandle | null> {
  try {
    const root = await navigator.storage.getDirectory();
    const own = await root.getDirectoryHandle("pickscore", { create });
    return await own.getDirectoryHandle("models", { create });
  } catch (error) {
    if (isAbsent(error)) return null;
    throw new PickScoreError("storage", `this browser gives no storage here (${(error as Error).message})`);
  }
}

export async function folderOf(id: string, create: boolean): Promise<FileSystemDirectoryHandle | null> {
  const models = await modelsFolder(create);
  try {
    return (await models?.getDirectoryHandle(id, { create })) ?? null;
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

/** The record of a folder, where the model in it is complete. */
export async function readRecord(folder: FileSystemDirectoryHandle): Promise<ModelRecord | null> {
  const text = await readText(folder, RECORD);
  try {
    const record = JSON.parse(text ?? "null") as ModelRecord | null;
    return record?.version === 1 && Array.isArray(record.pieces) ? record : null;
  } catch {
    // Cut off while it was written.
    return null;
  }
}

export async function readText(folder: FileSystemDirectoryHandle, name: string): Promise<string | null> {
  try {
    const file = await (await folder.getFileHandle(name)).getFile();
    return await file.text();
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

export function isAbsent(error: unknown): boolean {
  return (error as DOMException).name === "NotFoundError";
}

/** The name of the lock that whoever writes a model holds alone, and whoever reads it holds together with others. */
export function lockName(id: string): string {
  return `pickscore-model-${id}`;
}
