/** Reads a file of the browser's storage. */

export interface StoredFile {
  /** The bytes from `start` to `end`, fewer if the file ends before. */
  read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
  close(): void;
}

/** What TypeScript does not know yet: several workers may read a file at once. */
type ReadOnly = (options: { mode: "read-only" }) => Promise<FileSystemSyncAccessHandle & { mode?: string }>;

/**
 * Opens a file, synchronously read where several workers can do so. Otherwise its bytes arrive
 * through this worker's event loop, in which a busy worker takes three times as long.
 */
export async function openStored(handle: FileSystemFileHandle): Promise<StoredFile> {
  const open = handle.createSyncAccessHandle as ReadOnly;
  const access = await open.call(handle, { mode: "read-only" }).catch(() => null);
  if (access?.mode === "read-only") {
    return {
      async read(start, end) {
        const bytes = new Uint8Array(end - start);
        return bytes.subarray(0, access.read(bytes, { at: start }));
      },
      close: () => access.close(),
    };
  }
  // A browser that ignores the mode has locked the file for this worker alone.
  access?.close();
  const file = await handle.getFile();
  return { read: async (start, end) => new Uint8Array(await file.slice(start, end).arrayBuffer()), close: () => undefined };
}
