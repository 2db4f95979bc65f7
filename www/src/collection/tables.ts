/** Tables that change together or not at all, in IndexedDB or memory. */

import type { Rows, TableName } from "./rows";

/**
 * The operations within one change. Await nothing else there: IndexedDB ends a transaction that
 * waits for anything else.
 */
export interface Access {
  get<T extends TableName>(table: T, uid: string): Promise<Rows[T] | undefined>;
  all<T extends TableName>(table: T): Promise<Rows[T][]>;
  /** Rows with this value in an index. */
  find<T extends TableName>(table: T, index: string, value: string): Promise<Rows[T][]>;
  count(table: TableName, index: string, value: string): Promise<number>;
  put<T extends TableName>(table: T, row: Rows[T]): Promise<void>;
  delete(table: TableName, uid: string): Promise<void>;
}

export interface Tables {
  read<R>(tables: readonly TableName[], work: (access: Access) => Promise<R>): Promise<R>;
  /** Resolves when everything that `work` did is stored; if it throws, nothing is. */
  write<R>(tables: readonly TableName[], work: (access: Access) => Promise<R>): Promise<R>;
}
