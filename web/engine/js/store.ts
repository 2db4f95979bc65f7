/**
 * Models in the browser's storage, the origin private file system.
 *
 * ```text
 * pickscore/models/<id>/weights.safetensors   the weights, in the library's `StoredLayout`
 *                      /journal.jsonl         during a load: stored parameters and their source
 *                      /record.json           written last; without it the model is incomplete
 * pickscore/heads/<id>                        heads that were loaded from a URL
 * ```
 */

import { PickScoreError } from "./error";
import { isRecord, type ModelRecord } from "./record";
import type { Precision } from "./types";

export const WEIGHTS = "weights.safetensors";
export const JOURNAL = "journal.jsonl";
export const RECORD = "record.json";

/** Version of the layout of the weights file, part of {@link modelId}. */
const LAYOUT = 1;

/** The precision of a model in storage. */
export function storedPrecision(precision: Precision): Precision {
  return precision === "q8-fast" ? "q8" : precision;
}

/**
 * The ID of a model in one precision, which is the name of its folder. `scorer` is the requested
 * scorer if the configuration depends on it: the one of weights without a configuration does. All
 * other scorers share the weights.
 */
export async function modelId(address: string, precision: Precision, scorer: string | null): Promise<string> {
  const name = `${LAYOUT} ${storedPrecision(precision)} ${address}${scorer === null ? "" : ` ${scorer}`}`;
  return (await sha256(new TextEncoder().encode(name))).slice(0, 32);
}

/**
 * Identifies the weights of a stored model and how it reads prompts and images. A model that an
 * older version stored has another fingerprint, since the checksums of its pieces differ.
 */
export async function fingerprintOf({ config, tokenizer, preprocessor, pieces }: Pick<ModelRecord, "config" | "tokenizer" | "preprocessor" | "pieces">): Promise<string> {
  const content = [config, tokenizer, preprocessor, ...pieces.map(([, , checksum]) => checksum)];
  return sha256(new TextEncoder().encode(JSON.stringify(content)));
}

/** The SHA-256 of bytes, in hexadecimal. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The folder of all models; `null` if it does not exist and is not created. */
export async function modelsFolder(create: boolean): Promise<FileSystemDirectoryHandle | null> {
  return ownFolder("models", create);
}

/** The folder of all heads; `null` if it does not exist and is not created. */
export async function headsFolder(create: boolean): Promise<FileSystemDirectoryHandle | null> {
  return ownFolder("heads", create);
}

async function ownFolder(name: string, create: boolean): Promise<FileSystemDirectoryHandle | null> {
  try {
    const root = await navigator.storage.getDirectory();
    const own = await root.getDirectoryHandle("pickscore", { create });
    return await own.getDirectoryHandle(name, { create });
  } catch (error) {
    if (isAbsent(error)) return null;
    throw new PickScoreError("storage", `the browser's storage is not available here (${(error as Error).message})`);
  }
}

/** The folder of a model; `null` if it does not exist and is not created. */
export async function folderOf(id: string, create: boolean): Promise<FileSystemDirectoryHandle | null> {
  const models = await modelsFolder(create);
  try {
    return (await models?.getDirectoryHandle(id, { create })) ?? null;
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

/** Reads the record of a model; `null` if the model is incomplete or its record damaged. */
export async function readRecord(folder: FileSystemDirectoryHandle): Promise<ModelRecord | null> {
  const text = await readText(folder, RECORD);
  try {
    const record: unknown = JSON.parse(text ?? "null");
    return isRecord(record) ? record : null;
  } catch {
    // The write was interrupted.
    return null;
  }
}

/** Reads a text file; `null` if it does not exist. */
export async function readText(folder: FileSystemDirectoryHandle, name: string): Promise<string | null> {
  try {
    const file = await (await folder.getFileHandle(name)).getFile();
    return await file.text();
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

/** Whether an error means that a file or folder does not exist. */
export function isAbsent(error: unknown): boolean {
  return (error as DOMException).name === "NotFoundError";
}

/** The name of a model's lock, which is exclusive for writing and shared for reading. */
export function lockName(id: string): string {
  return `pickscore-model-${id}`;
}
