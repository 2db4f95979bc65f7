/** Reads a file of the browser's storage. */

export interface StoredFile {
  /**
   * The bytes from `start` to `end`, fewer if the file ends before. `memory`, which is no longer
   * needed, may hold them if it is long enough.
   */
  read(start: number, end: number, memory?: ArrayBuffer): Promise<Uint8Array<ArrayBuffer>>;
  close(): void;
}

/** What TypeScript does not know yet: several workers may read a file at once. */
type ReadOnly = (options: { mode: "read-only" }) => Promise<FileSystemSyncAccessHandle>;

/**
 * Opens a file, which is read synchronously where several workers can do so. Otherwise its bytes
 * arrive through this worker's event loop, which takes three times as long while it is busy.
 */
export async function openStored(handle: FileSystemFileHandle): Promise<StoredFile> {
  const access = await readOnly(handle).catch(() => null);
  if (access) {
    return {
      async read(start, end, memory) {
        const length = end - start;
        // Fresh memory would be cleared first.
        const bytes = new Uint8Array(memory && memory.byteLength >= length ? memory : new ArrayBuffer(length), 0, length);
        return bytes.subarray(0, access.read(bytes, { at: start }));
      },
      close: () => access.close(),
    };
  }
  const file = await handle.getFile();
  return { read: async (start, end) => new Uint8Array(await file.slice(start, end).arrayBuffer()), close: () => undefined };
}

/** A handle that excludes no other reader; `null` if this browser only has exclusive ones. */
async function readOnly(handle: FileSystemFileHandle): Promise<FileSystemSyncAccessHandle | null> {
  if (!("mode" in FileSystemSyncAccessHandle.prototype)) return null;
  return (handle.createSyncAccessHandle as ReadOnly).call(handle, { mode: "read-only" });
}
