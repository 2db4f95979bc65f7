/**
 * The table's database in IndexedDB. It has no memory in its place: without it, the page works as
 * before and says that nothing is kept.
 */

import type { IDBPDatabase, IDBPTransaction } from "idb";
import { openDatabase } from "../../collection/open";
import { STORES, type TableSchema } from "./rows";

const NAME = "pickscore-table";
/** Increases with every new store or row format. */
const VERSION = 1;

export type StoreName = (typeof STORES)[number];
export type TableTransaction = IDBPTransaction<TableSchema, StoreName[], "readwrite">;

let database: IDBPDatabase<TableSchema> | undefined;

export async function openTable(onGone: () => void): Promise<void> {
  database = await openDatabase<TableSchema>(
    NAME,
    VERSION,
    (made) => {
      for (const name of ["images", "handles", "roots", "previews"] as const) made.createObjectStore(name, { keyPath: "id" });
      made.createObjectStore("results", { keyPath: ["key", "prompt"] });
      made.createObjectStore("board");
    },
    () => {
      database = undefined;
      onGone();
    },
  );
}

/** The database; `undefined` if nothing is kept. */
export function table(): IDBPDatabase<TableSchema> | undefined {
  return database;
}

/** Nothing is written any more. */
export function closeTable(): void {
  database?.close();
  database = undefined;
}

/**
 * Changes some stores together or not at all. Resolves when the change is on the disk, not only in
 * the system's buffers, if it is `strict`.
 */
export async function change(stores: readonly StoreName[], durability: IDBTransactionDurability, work: (transaction: TableTransaction) => void): Promise<void> {
  const transaction = database?.transaction([...stores], "readwrite", { durability });
  if (!transaction) return;
  // Awaited below, unless `work` fails first.
  transaction.done.catch(() => undefined);
  try {
    work(transaction);
  } catch (error) {
    transaction.abort();
    throw error;
  }
  await transaction.done;
}

/** Rows of a store in portions, so that reading thousands of them never blocks the page. */
export async function* portions<N extends "images" | "handles">(name: N, size: number): AsyncGenerator<TableSchema[N]["value"][]> {
  let from = 0;
  for (;;) {
    const rows = (await database?.getAll(name, IDBKeyRange.lowerBound(from, true), size)) ?? [];
    if (rows.length > 0) yield rows;
    const last = rows.at(-1);
    if (!last || rows.length < size) return;
    from = last.id;
  }
}
