/** Images from dropped, chosen or pasted files and folders. */

/** A file's name with its folder. */
export interface Found {
  file: File;
  path: string;
}

/** Maximum files at once: dropping a home folder by mistake should not freeze the page. */
export const MOST = 20_000;

/** Extensions of images that browsers give no media type. */
const ENDINGS = /\.(png|jpe?g|webp|gif|bmp|avif|hei[cf]|jxl|tiff?)$/i;

/** Extensions of all images, for handles, which have no media type. */
const ALL_ENDINGS = /\.(a?png|jpe?g|jfif|pjp|pjpeg|webp|gif|bmp|avif|hei[cf]s?|jxl|tiff?|ico|svg)$/i;

export function isPictureName(name: string): boolean {
  return ALL_ENDINGS.test(name);
}

export function isPicture(file: File): boolean {
  return file.type.startsWith("image/") || ENDINGS.test(file.name);
}

/** Files of an `<input type=file>`. */
export function ofList(files: Iterable<File>): Found[] {
  return [...files].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
}

/**
 * Files and whole folders of a drop. Call it while the event is handled, because a browser empties
 * it afterwards.
 */
export function ofDrop(transfer: DataTransfer): Promise<Found[]> {
  return readDrop(transfer)();
}

/**
 * As {@link ofDrop}, but its folders are read only when the returned function is called. With the
 * paths of files that are there already, it finds the other images.
 */
export function readDrop(transfer: DataTransfer): (there?: ReadonlySet<string>) => Promise<Found[]> {
  const entries = [...transfer.items].filter(({ kind }) => kind === "file").map((item) => ({ entry: item.webkitGetAsEntry?.(), file: item.getAsFile() }));
  return async (there) => {
    const found: Found[] = [];
    const isWanted = (path: string) => there === undefined || (isPictureName(path) && !there.has(path.normalize()));
    for (const { entry, file } of entries) {
      if (entry) await walk(entry, found, isWanted);
      else if (file && isWanted(file.name)) found.push({ file, path: file.name });
    }
    return found;
  };
}

async function walk(entry: FileSystemEntry, found: Found[], isWanted: (path: string) => boolean): Promise<void> {
  if (found.length >= MOST) return;
  if (entry.isFile) {
    const path = entry.fullPath.replace(/^\//, "");
    if (!isWanted(path)) return;
    const file = await new Promise<File | null>((resolve) => (entry as FileSystemFileEntry).file(resolve, () => resolve(null)));
    if (file) found.push({ file, path });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  // A browser returns a folder's entries in portions; an empty one is the end.
  for (;;) {
    const portion = await new Promise<FileSystemEntry[]>((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (portion.length === 0) return;
    for (const child of portion) await walk(child, found, isWanted);
  }
}
