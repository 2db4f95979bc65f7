/** Reads models from the browser's storage. */

import { PickScoreError } from "../error";
import { folderOf, lockName, modelsFolder, type Piece, readRecord, sha256, WEIGHTS } from "../store";
import type { Lock } from "./lock";
import type { Context } from "./main";
import { backpressure, type Loaded, makeLoader } from "./stream";
import type { Engine } from "./wasm";

/** A stored model, if it is there. Fails where it is not what was written. Whoever has no `lock` gets nothing of what is being written. */
export async function readStored(id: string, engine: Engine, context: Context, lock?: Lock): Promise<Loaded | null> {
  if (lock) return read(id, engine, context);
  return navigator.locks.request(lockName(id), { mode: "shared", ifAvailable: true }, (lock) =>
    lock ? read(id, engine, context) : null,
  );
}

async function read(id: string, engine: Engine, context: Context): Promise<Loaded | null> {
  const folder = await folderOf(id, false).catch(() => null);
  const record = folder && (await readRecord(folder));
  if (!record) return null;
  const file = await (await folder.getFileHandle(WEIGHTS)).getFile();
  const bytes = (text: string | null) => (text === null ? null : new TextEncoder().encode(text));
  const files = {
    config: new TextEncoder().encode(record.config),
    tokenizer: bytes(record.tokenizer),
    preprocessor: bytes(record.preprocessor),
  };
  const loader = makeLoader(engine, files, record.precision);
  try {
    loader.begin(WEIGHTS, record.bytes, true);
    const wait = backpressure(loader);
    for await (const [bytes, piece] of ahead(file, record.pieces)) {
      context.signal.throwIfAborted();
      if ((await sha256(bytes)) !== piece[2]) {
        throw new PickScoreError("storage", `bytes ${piece[0]} to ${piece[0] + piece[1]} are not what was written`);
      }
      loader.push(bytes);
      await wait();
      context.progress("cache", piece[0] + piece[1], record.bytes);
    }
    loader.end();
  } catch (error) {
    loader.free();
    throw error;
  }
  const { name, precision } = record;
  return { scorer: loader.finish(name), name, precision, source: "cache", cached: true, bytes: record.bytes, notes: [] };
}

/** Pieces of a file, each read while the one before it is worked on. */
async function* ahead(file: File, pieces: Piece[]): AsyncGenerator<[Uint8Array<ArrayBuffer>, Piece]> {
  const read = async (piece: Piece | undefined) =>
    piece && new Uint8Array(await file.slice(piece[0], piece[0] + piece[1]).arrayBuffer());
  let next = read(pieces[0]);
  for (const [index, piece] of pieces.entries()) {
    const bytes = await next;
    next = read(pieces[index + 1]);
    // A read that nobody waits for any more fails for nobody.
    next.catch(() => undefined);
    if (bytes) yield [bytes, piece];
  }
}

/** Removes a stored model, once nobody reads or writes it. */
export async function removeStored(id: string): Promise<void> {
  await navigator.locks.request(lockName(id), async () => {
    await (await modelsFolder(false))?.removeEntry(id, { recursive: true });
  });
}
