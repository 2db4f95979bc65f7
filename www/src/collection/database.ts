/** The tables in IndexedDB. */

import type { IDBPDatabase, IDBPTransaction, OpenDBCallbacks } from "idb";
import { openDatabase } from "./open";
import { INDEXES, type Rows, TABLES, type TableName } from "./rows";
import type { Access, Tables } from "./tables";
import { splitPlaces } from "./upgrade";

const NAME = "pickscore-collection";
/**
 * Increases with every new table, index or row format. In version 2, answers of rounds became
 * separate rows.
 */
const VERSION = 2;

export class Database implements Tables {
  readonly #database: IDBPDatabase;

  private constructor(database: IDBPDatabase) {
    this.#database = database;
  }

  /** As {@link openDatabase}. */
  static async open(onGone: () => void): Promise<Database> {
    const upgrade: NonNullable<OpenDBCallbacks<unknown>["upgrade"]> = async (database, from, _to, transaction) => {
      create(database);
      if (from === 1) await splitPlaces(access(transaction));
    };
    return new Database(await openDatabase(NAME, VERSION, upgrade, onGone));
  }

  read<R>(tables: readonly TableName[], work: (access: Access) => Promise<R>): Promise<R> {
    return this.#run(tables, "readonly", work);
  }

  write<R>(tables: readonly TableName[], work: (access: Access) => Promise<R>): Promise<R> {
    return this.#run(tables, "readwrite", work);
  }

  async #run<R>(tables: readonly TableName[], mode: IDBTransactionMode, work: (access: Access) => Promise<R>): Promise<R> {
    // With strict durability, a completed transaction is on the disk and not only in the system's
    // buffers, which a power cut empties.
    const transaction = this.#database.transaction([...tables], mode as "readwrite", { durability: "strict" });
    // Awaited below, unless `work` fails first.
    transaction.done.catch(() => undefined);
    try {
      const result = await work(access(transaction));
      await transaction.done;
      return result;
    } catch (error) {
      try {
        transaction.abort();
      } catch {
        // It has ended already.
      }
      throw error;
    }
  }
}

function create(database: IDBPDatabase): void {
  for (const table of TABLES) {
    if (database.objectStoreNames.contains(table)) continue;
    const store = database.createObjectStore(table, { keyPath: "uid" });
    for (const index of INDEXES[table]) store.createIndex(index, index, { multiEntry: index === "images" });
  }
}

function access(transaction: IDBPTransaction<unknown, string[], "readwrite" | "versionchange">): Access {
  const store = (table: TableName) => transaction.objectStore(table);
  return {
    get: <T extends TableName>(table: T, uid: string): Promise<Rows[T] | undefined> => store(table).get(uid),
    all: <T extends TableName>(table: T): Promise<Rows[T][]> => store(table).getAll(),
    find: <T extends TableName>(table: T, index: string, value: string): Promise<Rows[T][]> => store(table).index(index).getAll(value),
    count: (table, index, value) => store(table).index(index).count(value),
    put: async (table, row) => void (await store(table).put(row)),
    delete: (table, uid) => store(table).delete(uid),
  };
}
