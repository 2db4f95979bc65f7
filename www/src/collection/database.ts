/** The tables in IndexedDB. */

import { INDEXES, type Rows, TABLES, type TableName } from "./rows";
import type { Access, Tables } from "./tables";

const NAME = "pickscore-collection";
/** Grows when a table or an index is added; what is there stays as it is. */
const VERSION = 1;
/** How long the browser may take to open it: a profile on a network drive is slow, and one that is locked never answers. */
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

export class Database implements Tables {
  readonly #database: IDBDatabase;

  private constructor(database: IDBDatabase) {
    this.#database = database;
  }

  /** Opens it, and makes it on the first visit. `onGone` is called when the browser or a newer page takes it away. */
  static async open(onGone: () => void): Promise<Database> {
    if (typeof indexedDB === "undefined") throw new DatabaseError("none", "this browser has no IndexedDB");
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const late = setTimeout(() => reject(new DatabaseError("silent", "it does not answer")), PATIENCE);
      const fail = (error: DOMException | null) => {
        clearTimeout(late);
        const code = error?.name === "VersionError" ? "newer" : "refused";
        reject(new DatabaseError(code, error?.message ?? "no reason is given"));
      };
      try {
        const request = indexedDB.open(NAME, VERSION);
        request.onupgradeneeded = () => make(request.result);
        request.onsuccess = () => {
          clearTimeout(late);
          resolve(request.result);
        };
        request.onerror = () => fail(request.error);
      } catch (error) {
        fail(error as DOMException);
      }
    });
    // A newer version of the page in another tab waits for this.
    database.onversionchange = () => {
      database.close();
      onGone();
    };
    database.onclose = onGone;
    return new Database(database);
  }

  read<R>(tables: readonly TableName[], work: (access: Access) => Promise<R>): Promise<R> {
    return this.#run(tables, "readonly", work);
  }

  write<R>(tables: readonly TableName[], work: (access: Access) => Promise<R>): Promise<R> {
    return this.#run(tables, "readwrite", work);
  }

  close(): void {
    this.#database.close();
  }

  #run<R>(tables: readonly TableName[], mode: IDBTransactionMode, work: (access: Access) => Promise<R>): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      // Strict: on the disk when it says so, and not in the system's buffers, which a power cut empties.
      const transaction = this.#database.transaction([...tables], mode, { durability: "strict" });
      let result: { value: R } | undefined;
      let failure: unknown;
      transaction.oncomplete = () => (result ? resolve(result.value) : reject(failure ?? new DOMException("ended early", "AbortError")));
      transaction.onabort = () => reject(failure ?? transaction.error ?? new DOMException("aborted", "AbortError"));
      work(access(transaction)).then(
        (value) => {
          result = { value };
        },
        (error: unknown) => {
          failure = error;
          try {
            transaction.abort();
          } catch {
            // It has ended already.
            reject(error);
          }
        },
      );
    });
  }
}

function make(database: IDBDatabase): void {
  for (const table of TABLES) {
    if (database.objectStoreNames.contains(table)) continue;
    const store = database.createObjectStore(table, { keyPath: "uid" });
    for (const index of INDEXES[table]) store.createIndex(index, index, { multiEntry: index === "images" });
  }
}

function access(transaction: IDBTransaction): Access {
  const store = (table: TableName) => transaction.objectStore(table);
  return {
    get: <T extends TableName>(table: T, uid: string) => answer<Rows[T] | undefined>(store(table).get(uid)),
    all: <T extends TableName>(table: T) => answer<Rows[T][]>(store(table).getAll()),
    find: <T extends TableName>(table: T, index: string, value: string) => answer<Rows[T][]>(store(table).index(index).getAll(value)),
    count: (table, index, value) => answer(store(table).index(index).count(value)),
    put: async (table, row) => void (await answer(store(table).put(row))),
    delete: async (table, uid) => void (await answer(store(table).delete(uid))),
  };
}

function answer<R>(request: IDBRequest<R>): Promise<R> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = (event) => {
      // The promise tells; the transaction is aborted by whoever awaits it.
      event.preventDefault();
      reject(request.error ?? new DOMException("the request failed", "UnknownError"));
    };
  });
}
