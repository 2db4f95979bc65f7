/** Downloads, and files that wait for one in the origin private file system, to save memory. */

/** A large download reads from its file for a while, in milliseconds. */
const LONG = 600_000;

/** Downloads a file. The browser chooses another name if there is one of this name. */
export function download(file: Blob, name: string): void {
  const address = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), LONG);
}

/**
 * A private folder of the page. Throws where the browser has none, or cannot write to it from a
 * page.
 */
export async function temporaryFolder(...path: string[]): Promise<FileSystemDirectoryHandle> {
  if (!("createWritable" in FileSystemFileHandle.prototype)) throw new Error("read-only");
  let folder = await navigator.storage.getDirectory();
  for (const name of path) folder = await folder.getDirectoryHandle(name, { create: true });
  return folder;
}

/** Removes what {@link temporaryFolder} holds. */
export async function clearTemporaryFolder(...path: string[]): Promise<void> {
  try {
    let folder = await navigator.storage.getDirectory();
    for (const name of path.slice(0, -1)) folder = await folder.getDirectoryHandle(name);
    await folder.removeEntry(path.at(-1) as string, { recursive: true });
  } catch {
    // There is no such folder.
  }
}
