/** Opening a database, or saying in one code why there is none. */

import { type DBSchema, type IDBPDatabase, openDB, type OpenDBCallbacks } from "idb";

/**
 * How long opening may take: a profile on a network drive is slow, and a locked one never answers.
 */
const PATIENCE = 15_000;

/** Why there is no database. */
export type Obstacle = "none" | "refused" | "newer" | "silent";

export class DatabaseError extends Error {
  override readonly name = "DatabaseError";
  constructor(
    readonly code: Obstacle,
    readonly detail: string,
  ) {
    super(detail);
  }
}

/**
 * Opens a database and creates it on the first visit. `onGone` is called when the browser or a
 * newer page takes it away.
 */
export async function openDatabase<S extends DBSchema | unknown>(
  name: string,
  version: number,
  upgrade: NonNullable<OpenDBCallbacks<S>["upgrade"]>,
  onGone: () => void,
): Promise<IDBPDatabase<S>> {
  if (typeof indexedDB === "undefined") throw new DatabaseError("none", "this browser has no IndexedDB");
  let late: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    late = setTimeout(() => reject(new DatabaseError("silent", "it does not answer")), PATIENCE);
  });
  try {
    const opening = openDB<S>(name, version, {
      upgrade,
      // A newer version of the page in another tab waits for this.
      blocking: (_current, _blocked, event) => {
        (event.target as IDBDatabase).close();
        onGone();
      },
      terminated: onGone,
    });
    return await Promise.race([opening, silence]);
  } catch (error) {
    if (error instanceof DatabaseError) throw error;
    const { name, message } = error as DOMException;
    throw new DatabaseError(name === "VersionError" ? "newer" : "refused", message || "no reason is given");
  } finally {
    clearTimeout(late);
  }
}
