/**
 * Permission to read images by their handles. After a restart, browsers ask the visitor again; a
 * folder is asked for once, not each of its files.
 */

import { board, changed } from "../board";
import type { Away, Picture } from "../picture";
import { portions, table } from "./database";

/** What TypeScript's library does not know. */
interface Asked {
  queryPermission?: (options: { mode: "read" }) => Promise<PermissionState>;
  requestPermission?: (options: { mode: "read" }) => Promise<PermissionState>;
}

/** The folders that the visitor gave, by number. */
const roots = new Map<number, FileSystemDirectoryHandle>();

/** Gives a folder a number; the same one if it is known. */
export async function numberOf(folder: FileSystemDirectoryHandle): Promise<number> {
  for (const [number, known] of roots) if (await known.isSameEntry(folder).catch(() => false)) return number;
  const number = Math.max(0, ...roots.keys()) + 1;
  roots.set(number, folder);
  await table()?.put("roots", { id: number, handle: folder }).catch(() => undefined);
  return number;
}

export function addRoot(number: number, folder: FileSystemDirectoryHandle): void {
  roots.set(number, folder);
}

export function rootName(number: number): string {
  return roots.get(number)?.name ?? "";
}

async function state(handle: FileSystemHandle): Promise<PermissionState> {
  return (await (handle as Asked).queryPermission?.({ mode: "read" }).catch(() => "prompt" as const)) ?? "granted";
}

/** Whether a folder is where it was: a handle keeps the path. */
async function isThere(folder: FileSystemDirectoryHandle): Promise<boolean> {
  try {
    await folder.keys().next();
    return true;
  } catch (error) {
    return (error as Error).name !== "NotFoundError";
  }
}

/** Notes on each image whether its file may be read, and whether its folder is still there. */
export async function checkHandles(): Promise<void> {
  const found = new Map<number | undefined, Away | undefined>();
  for (const [number, folder] of roots) {
    const granted = (await state(folder)) === "granted";
    found.set(number, !granted ? "permission" : (await isThere(folder)) ? undefined : "gone");
  }
  const alone = await checkFiles();
  let some = false;
  for (const picture of board.value.pictures) {
    if (picture.source.kind !== "handle") continue;
    const { root } = picture.source;
    const away = root === undefined ? alone.get(picture.id) : found.get(root);
    if (picture.away === away) continue;
    if (away === undefined) delete picture.away;
    else picture.away = away;
    some = true;
  }
  if (some) changed();
}

/** The images without a folder whose handle may not be read. */
async function checkFiles(): Promise<Map<number, Away>> {
  const away = new Map<number, Away>();
  for (const picture of withoutRoot()) {
    const handle = await handleOf(picture);
    if (!handle) away.set(picture.id, "gone");
    else if ((await state(handle)) !== "granted") away.set(picture.id, "permission");
  }
  return away;
}

function withoutRoot(): Picture[] {
  return board.value.pictures.filter(({ source }) => source.kind === "handle" && source.root === undefined);
}

async function handleOf(picture: Picture): Promise<FileSystemFileHandle | undefined> {
  const { source } = picture;
  if (source.kind !== "handle") return undefined;
  if (source.handle === undefined) await readHandles();
  return source.handle;
}

/** Reads the handles of all images without a folder: one by one would take longer. */
async function readHandles(): Promise<void> {
  const wanted = new Map(withoutRoot().map((picture) => [picture.id, picture.source]));
  for await (const rows of portions("handles", 200)) {
    for (const { id, handle } of rows) {
      const source = wanted.get(id);
      if (source?.kind === "handle") source.handle = handle;
    }
  }
}

/**
 * Asks for everything that may not be read. Call it for a click: browsers ask only then. Returns
 * whether all of it was allowed.
 */
export async function askForAll(): Promise<boolean> {
  const files = withoutRoot().filter(({ away }) => away === "permission");
  const handles = files.map(({ source }) => (source.kind === "handle" ? source.handle : undefined));
  let all = true;
  for (const handle of [...roots.values(), ...handles]) {
    if (!handle || (await state(handle)) === "granted") continue;
    try {
      all = (await (handle as Asked).requestPermission?.({ mode: "read" })) === "granted" && all;
    } catch {
      // The click was too long ago: the next one asks for the rest.
      all = false;
      break;
    }
  }
  await checkHandles();
  return all;
}

export function forgetRoots(): void {
  roots.clear();
}
