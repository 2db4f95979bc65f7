/** Tables in memory, for browsers that store nothing. */

import { type Rows, TABLES, type TableName } from "./rows";
import type { Access, Tables } from "./tables";

type Row = Rows[TableName];

export class MemoryTables implements Tables {
  #tables = new Map<TableName, Map<string, Row>>(TABLES.map((name) => [name, new Map<string, Row>()]));
  /** Changes run one after another, as in a database. */
  #last: Promise<unknown> = Promise.resolve();

  read<R>(_: readonly TableName[], work: (access: Access) => Promise<R>): Promise<R> {
    return this.#turn(() => work(this.#access()));
  }

  write<R>(tables: readonly TableName[], work: (access: Access) => Promise<R>): Promise<R> {
    return this.#turn(async () => {
      const before = new Map(tables.map((name) => [name, new Map(this.#tables.get(name))]));
      try {
        return await work(this.#access());
      } catch (error) {
        for (const [name, rows] of before) this.#tables.set(name, rows);
        throw error;
      }
    });
  }

  /** Copies everything from other tables. */
  async fill(from: Tables): Promise<void> {
    for (const name of TABLES) {
      const rows = await from.read([name], (access) => access.all(name));
      this.#tables.set(name, new Map(rows.map((row) => [row.uid, row])));
    }
  }

  #turn<R>(work: () => Promise<R>): Promise<R> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  #access(): Access {
    const rows = (table: TableName) => this.#tables.get(table) as Map<string, Row>;
    const found = (table: TableName, index: string, value: string) =>
      [...rows(table).values()].filter((row) => {
        const held = (row as unknown as Record<string, unknown>)[index];
        return Array.isArray(held) ? held.includes(value) : held === value;
      });
    return {
      get: async <T extends TableName>(table: T, uid: string) => rows(table).get(uid) as Rows[T] | undefined,
      all: async <T extends TableName>(table: T) => [...rows(table).values()] as Rows[T][],
      find: async <T extends TableName>(table: T, index: string, value: string) => found(table, index, value) as Rows[T][],
      count: async (table, index, value) => found(table, index, value).length,
      put: async (table, row) => {
        rows(table).set(row.uid, structuredClone(row));
      },
      delete: async (table, uid) => {
        rows(table).delete(uid);
      },
    };
  }
}
