/** Reads heads: small files with the last layers of some scorers. */

import { PickScoreError } from "../error";
import { headsFolder, isAbsent, sha256 } from "../store";
import type { Head } from "./description";
import { fetchSmall } from "./http";

/** Length of the hash in front of a stored head. */
const HASH = 64;
/** Maximum size of a head in bytes, as in the engine. */
const LONGEST = 64 << 20;

/** Reads a head from a file, from storage or from its URL. `store` keeps it for the next visit. */
export async function readHead(head: string | File, store: boolean, signal: AbortSignal): Promise<Head> {
  if (typeof head !== "string") {
    if (head.size > LONGEST) throw new PickScoreError("bad-head", `${head.name} has ${head.size} bytes; expected at most ${LONGEST}`);
    return { name: head.name, bytes: new Uint8Array(await head.arrayBuffer()) };
  }
  const name = nameOf(head);
  const stored = store ? await read(head) : null;
  if (stored) return { name, bytes: stored };
  const bytes = await fetchSmall(head, LONGEST, signal);
  if (!bytes) throw new PickScoreError("not-found", `${head} does not exist`);
  if (store) await storeHead(head, bytes);
  return { name, bytes };
}

function nameOf(address: string): string {
  return decodeURIComponent(new URL(address).pathname.split("/").pop() ?? "");
}

async function idOf(address: string): Promise<string> {
  return (await sha256(new TextEncoder().encode(address))).slice(0, 32);
}

async function read(address: string): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    const handle = await (await headsFolder(false))?.getFileHandle(await idOf(address));
    const file = await handle?.getFile();
    if (!file) return null;
    const bytes = new Uint8Array(await file.slice(HASH).arrayBuffer());
    // They differ if writing was interrupted.
    return (await sha256(bytes)) === (await file.slice(0, HASH).text()) ? bytes : null;
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

/** Stores a head. Without space for it, it is downloaded again on the next visit. */
export async function storeHead(address: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const folder = await headsFolder(true);
  const id = await idOf(address);
  try {
    const handle = await folder?.getFileHandle(id, { create: true });
    const access = await handle?.createSyncAccessHandle();
    try {
      access?.truncate(0);
      access?.write(new TextEncoder().encode(await sha256(bytes)), { at: 0 });
      access?.write(bytes, { at: HASH });
      access?.flush();
    } finally {
      access?.close();
    }
  } catch {
    await folder?.removeEntry(id).catch(() => undefined);
  }
}
