/** Tables that change all at once or not at all, wherever they are. */

import type { Rows, TableName } from "./rows";

/** What can be done within one change. Nothing but these may be awaited there: IndexedDB ends a transaction that waits for anything else. */
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
  /** Resolves when what `work` did is stored; nothing of it is where it throws. */
  write<R>(tables: readonly TableName[], work: (access: Access) => Promise<R>): Promise<R>;
}
