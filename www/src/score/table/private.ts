/**
 * Copies of images in the origin private file system, named by their uid. A copy counts once the
 * image's row in the database says so; a file without a row is left of a browser that was killed,
 * and is removed at the next visit.
 */

const FOLDER = "table";

/** Maximum bytes of all copies. Further images are not kept, and the page says so. */
export const BOUND = 2e9;

export async function folder(): Promise<FileSystemDirectoryHandle> {
  return (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER, { create: true });
}

export async function copyOf(uid: string): Promise<File> {
  return (await (await folder()).getFileHandle(uid)).getFile();
}

let tidying: Promise<void> = Promise.resolve();

/** Removes copies that are not among these. */
export function keepOnly(uids: ReadonlySet<string>): Promise<void> {
  const work = tidying.then(async () => {
    const copies = await folder();
    for await (const name of copies.keys()) if (!uids.has(name)) await copies.removeEntry(name).catch(() => undefined);
  });
  tidying = work.catch(() => undefined);
  return work;
}

/** Wait for it before making a copy, which might be removed otherwise. */
export function tidied(): Promise<void> {
  return tidying;
}

export async function removeCopy(uid: string): Promise<void> {
  await (await folder()).removeEntry(uid);
}
