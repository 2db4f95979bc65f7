/**
 * Reads each image once, off the main thread: its SHA-256 and what its generator wrote; then copies
 * it to private storage, if asked to. Answers after the first part, and when all is done.
 */

import type * as Library from "../../../web/records/js/records";
import type { Generation } from "./picture";

export interface ReadRequest {
  id: number;
  file: File;
  copy: boolean;
  /** Whether to read what a generator wrote. */
  metadata: boolean;
  /** Address of the records library. */
  library: string;
}

/** An error as a message can carry it. */
export interface Failure {
  name: string;
  message: string;
}

export type ReadAnswer =
  | { id: number; part: "content"; uid: string; bytes: number; modified: number; generation: Generation | null | undefined; unread: Failure | undefined }
  | { id: number; part: "done"; copied: boolean; failure?: Failure; of?: "read" | "copy" };

/** Private storage as it is written: available in workers only. */
interface Access {
  truncate(size: number): void;
  write(bytes: Uint8Array, options: { at: number }): number;
  flush(): void;
  close(): void;
}

const FOLDER = "table";
let records: Promise<typeof Library> | undefined;

addEventListener("message", async ({ data }: MessageEvent<ReadRequest>) => {
  const { id, file, copy, library } = data;
  const answer = (words: ReadAnswer) => postMessage(words);
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = new Uint8Array(await file.arrayBuffer());
  } catch (error) {
    return answer({ id, part: "done", copied: false, failure: failure(error), of: "read" });
  }
  const { generation, unread } = data.metadata ? await written(bytes, library) : { generation: null, unread: undefined };
  const uid = await hash(bytes, library).catch(() => "");
  answer({ id, part: "content", uid, bytes: file.size, modified: file.lastModified, generation, unread });
  if (!copy || uid === "") return answer({ id, part: "done", copied: false });
  try {
    await store(uid, bytes);
    answer({ id, part: "done", copied: true });
  } catch (error) {
    answer({ id, part: "done", copied: false, failure: failure(error), of: "copy" });
  }
});

function failure(error: unknown): Failure {
  const { name, message } = error as Error;
  return { name, message };
}

function load(address: string): Promise<typeof Library> {
  records ??= (import(/* @vite-ignore */ address) as Promise<typeof Library>).then(async (library) => {
    await library.ready();
    return library;
  });
  records.catch(() => {
    records = undefined;
  });
  return records;
}

/** `undefined` if the library that reads it could not be loaded. */
async function written(bytes: Uint8Array, library: string): Promise<{ generation: Generation | null | undefined; unread: Failure | undefined }> {
  let found: typeof Library;
  try {
    found = await load(library);
  } catch (error) {
    return { generation: undefined, unread: failure(error) };
  }
  // Damaged metadata says nothing.
  return { generation: await found.readMetadata(bytes).catch(() => null), unread: undefined };
}

async function hash(bytes: Uint8Array<ArrayBuffer>, library: string): Promise<string> {
  // Only on secure addresses.
  if (!crypto.subtle) return (await load(library)).imageUid(bytes);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function store(uid: string, bytes: Uint8Array): Promise<void> {
  const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER, { create: true });
  const handle = (await folder.getFileHandle(uid, { create: true })) as FileSystemFileHandle & { createSyncAccessHandle(): Promise<Access> };
  const access = await handle.createSyncAccessHandle();
  try {
    access.truncate(0);
    if (access.write(bytes, { at: 0 }) < bytes.length) throw new DOMException("the disk is full", "QuotaExceededError");
    access.flush();
  } catch (error) {
    access.close();
    await folder.removeEntry(uid).catch(() => undefined);
    throw error;
  }
  access.close();
}
