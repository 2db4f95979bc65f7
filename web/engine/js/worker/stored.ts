/** Reads models from the browser's storage. */

import { PickScoreError } from "../error";
import { fingerprintOf, folderOf, lockName, modelsFolder, type Piece, readRecord, sha256, WEIGHTS } from "../store";
import type { Precision } from "../types";
import type { Lock } from "./lock";
import type { Context } from "./context";
import type { Description, Recognised } from "./description";
import { readHead } from "./heads";
import { headNextTo, type Wanted } from "./source";
import { backpressure, type Loaded, makeLoader, type Towers } from "./stream";
import type { Engine } from "./wasm";
import type { Layout } from "./writer";

/**
 * Reads a stored model or those of its towers that `towers` names; `null` if it is not stored, or,
 * without a `lock`, if it is being written. Fails if the stored bytes do not match their hashes.
 */
export async function readStored(
  id: string,
  precision: Precision,
  wanted: Wanted,
  engine: Engine,
  context: Pick<Context, "signal" | "progress">,
  towers: (recognised: Recognised) => Towers,
  lock?: Lock,
): Promise<Loaded | null> {
  if (lock) return read(id, precision, wanted, engine, context, towers);
  return navigator.locks.request(lockName(id), { mode: "shared", ifAvailable: true }, (lock) =>
    lock ? read(id, precision, wanted, engine, context, towers) : null,
  );
}

async function read(
  id: string,
  precision: Precision,
  wanted: Wanted,
  engine: Engine,
  { signal, progress }: Pick<Context, "signal" | "progress">,
  towersOf: (recognised: Recognised) => Towers,
): Promise<Loaded | null> {
  const folder = await folderOf(id, false).catch(() => null);
  const record = folder && (await readRecord(folder));
  if (!record) return null;
  const file = await (await folder.getFileHandle(WEIGHTS)).getFile();
  const bytes = (text: string | null) => (text === null ? null : new TextEncoder().encode(text));
  const files: Description = {
    config: new TextEncoder().encode(record.config),
    tokenizer: bytes(record.tokenizer),
    preprocessor: bytes(record.preprocessor),
    ...wanted,
    names: record.names ?? [record.name],
  };
  // The head that was next to the model when it was stored, then one that it has now.
  files.head ??= record.head ? await readHead(record.head, true, signal) : null;
  const { scorer, needsHead } = engine.recognise(files) as Recognised;
  if (needsHead) files.head ??= await headNextTo(record.address, scorer, engine, signal);
  const recognised = engine.recognise(files) as Recognised;
  const towers = towersOf(recognised);
  const loader = await makeLoader(engine, files, recognised, precision, towers);
  try {
    const { header, tensors } = loader.layout() as Layout;
    const other = towers === "text" ? "vision." : "text.";
    // All vectors, which are small, are part of the scorer's identity.
    const isNeeded = ({ parameter, isVector }: Layout["tensors"][number]) => towers === "both" || isVector || !parameter.startsWith(other);
    const wanted = tensors.flatMap((tensor, index) => (isNeeded(tensor) ? [{ ...tensor, index }] : []));
    const total = wanted.reduce((sum, { bytes }) => sum + bytes, 0);
    // Pieces and tensors are in file order, and no piece spans two tensors.
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
        throw new PickScoreError("storage", `bytes ${piece[0]} to ${piece[0] + piece[1]} do not match their hash`);
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
  const { name } = record;
  const fingerprint = await fingerprintOf(record);
  return { scorer: loader.finish(name), recognised, head: files.head, fingerprint, name, precision, source: "cache", cached: true, bytes: record.bytes, notes: [] };
}

/** Reads pieces of a file, each while the previous one is processed. */
async function* ahead(file: File, pieces: Piece[]): AsyncGenerator<[bytes: Uint8Array<ArrayBuffer>, index: number]> {
  const read = async (piece: Piece | undefined) =>
    piece && new Uint8Array(await file.slice(piece[0], piece[0] + piece[1]).arrayBuffer());
  let next = read(pieces[0]);
  for (const index of pieces.keys()) {
    const bytes = await next;
    next = read(pieces[index + 1]);
    // Nothing awaits this read if the consumer stops; avoid an unhandled rejection.
    next.catch(() => undefined);
    if (bytes) yield [bytes, index];
  }
}

/** Removes a stored model when it is no longer read or written. */
export async function removeStored(id: string): Promise<void> {
  await navigator.locks.request(lockName(id), async () => {
    await (await modelsFolder(false))?.removeEntry(id, { recursive: true });
  });
}
