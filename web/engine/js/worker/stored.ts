/** Reads models from the browser's storage. */

import { PickScoreError } from "../error";
import { folderOf, lockName, modelsFolder, type Piece, readRecord, sha256, WEIGHTS } from "../store";
import type { Lock } from "./lock";
import type { Context } from "./main";
import { backpressure, type Loaded, makeLoader, type Towers } from "./stream";
import type { Engine } from "./wasm";
import type { Layout } from "./writer";

/**
 * A stored model, if it is there, or one of its towers. Fails where it is not what was written. Whoever has no `lock` gets nothing of what is
 * being written.
 */
export async function readStored(
  id: string,
  engine: Engine,
  context: Pick<Context, "signal" | "progress">,
  towers: Towers,
  lock?: Lock,
): Promise<Loaded | null> {
  if (lock) return read(id, engine, context, towers);
  return navigator.locks.request(lockName(id), { mode: "shared", ifAvailable: true }, (lock) =>
    lock ? read(id, engine, context, towers) : null,
  );
}

async function read(
  id: string,
  engine: Engine,
  { signal, progress }: Pick<Context, "signal" | "progress">,
  towers: Towers,
): Promise<Loaded | null> {
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
  const loader = makeLoader(engine, files, record.precision, towers);
  try {
    const { header, tensors } = loader.layout() as Layout;
    const needed = (parameter: string) => towers === "both" || !parameter.startsWith(towers === "text" ? "vision." : "text.");
    const wanted = tensors.flatMap((tensor, index) => (needed(tensor.parameter) ? [{ ...tensor, index }] : []));
    const total = wanted.reduce((sum, { bytes }) => sum + bytes, 0);
    // Pieces and tensors are both in file order, and no piece is part of two tensors.
    const starts = new Map(wanted.map((tensor) => [tensor.offset, tensor]));
    let tensor: (typeof wanted)[number] | undefined;
    const pieces: { piece: Piece; index: number; offset: number }[] = [];
    for (const piece of record.pieces) {
      tensor = starts.get(piece[0]) ?? tensor;
      if (tensor && piece[0] < tensor.offset + tensor.bytes) {
        pieces.push({ piece, index: tensor.index, offset: piece[0] - tensor.offset });
      }
    }
    const wait = backpressure(loader);
    let loaded = 0;
    for await (const [bytes, at] of ahead(file, pieces.map(({ piece }) => piece))) {
      signal.throwIfAborted();
      const { piece, index, offset } = pieces[at] as (typeof pieces)[number];
      if ((await sha256(bytes)) !== piece[2]) {
        throw new PickScoreError("storage", `bytes ${piece[0]} to ${piece[0] + piece[1]} are not what was written`);
      }
      loader.restore(index, offset, bytes);
      loaded += bytes.length;
      await wait();
      progress("cache", loaded, total);
    }
    loader.begin(WEIGHTS, record.bytes, true);
    loader.push(header);
    loader.skip_to(record.bytes);
    loader.end();
  } catch (error) {
    loader.free();
    throw error;
  }
  const { name, precision } = record;
  return { scorer: loader.finish(name), name, precision, source: "cache", cached: true, bytes: record.bytes, notes: [] };
}

/** Pieces of a file, each read while the one before it is worked on. */
async function* ahead(file: File, pieces: Piece[]): AsyncGenerator<[bytes: Uint8Array<ArrayBuffer>, index: number]> {
  const read = async (piece: Piece | undefined) =>
    piece && new Uint8Array(await file.slice(piece[0], piece[0] + piece[1]).arrayBuffer());
  let next = read(pieces[0]);
  for (const index of pieces.keys()) {
    const bytes = await next;
    next = read(pieces[index + 1]);
    // A read that nobody waits for any more fails for nobody.
    next.catch(() => undefined);
    if (bytes) yield [bytes, index];
  }
}

/** Removes a stored model, once nobody reads or writes it. */
export async function removeStored(id: string): Promise<void> {
  await navigator.locks.request(lockName(id), async () => {
    await (await modelsFolder(false))?.removeEntry(id, { recursive: true });
  });
}
