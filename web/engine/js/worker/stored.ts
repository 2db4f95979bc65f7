/** Reads models from the browser's storage. */

import { PickScoreError } from "../error";
import type { Piece } from "../record";
import { fingerprintOf, folderOf, isAbsent, lockName, modelsFolder, readRecord, WEIGHTS } from "../store";
import type { Precision } from "../types";
import type { Lock } from "./lock";
import type { Context } from "./context";
import type { Description, Recognised } from "./description";
import { readHead } from "./heads";
import { turn } from "./pipeline";
import { headNextTo, type Wanted } from "./source";
import { openStored, type StoredFile } from "./stored-file";
import { abandon, backpressure, type Loaded, makeLoader, restorePiece, type Towers } from "./stream";
import type { Engine } from "./wasm";
import type { Layout } from "./writer";

/**
 * Reads a stored model or those of its towers that `towers` names; `null` if it is not stored, or,
 * without a `lock`, if it is being written. Fails if stored bytes do not match their checksum.
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
  const file = await openStored(await folder.getFileHandle(WEIGHTS));
  const loader = await makeLoader(engine, files, recognised, precision, towers).catch((error) => {
    file.close();
    throw error;
  });
  try {
    const { header, length, tensors } = loader.layout() as Layout;
    if (record.bytes !== length) throw new PickScoreError("storage", `it has ${record.bytes} bytes, expected ${length}`);
    const other = towers === "text" ? "vision." : "text.";
    // All vectors, which are small, are part of the scorer's identity.
    const isNeeded = ({ parameter, isVector }: Layout["tensors"][number]) => towers === "both" || isVector || !parameter.startsWith(other);
    const wanted = tensors.flatMap((tensor, index) => (isNeeded(tensor) ? [{ ...tensor, index }] : []));
    const total = wanted.reduce((sum, { bytes }) => sum + bytes, 0);
    // Pieces and tensors are in file order, and no piece spans two tensors.
    const starts = new Map(wanted.map((tensor) => [tensor.offset, tensor]));
    let tensor: (typeof wanted)[number] | undefined;
    const pieces: TensorPiece[] = [];
    for (const piece of record.pieces) {
      tensor = starts.get(piece[0]) ?? tensor;
      const end = tensor ? tensor.offset + tensor.bytes : 0;
      if (tensor && piece[0] < end) {
        if (piece[0] + piece[1] > end) throw new PickScoreError("storage", `byte ${end} is not the start of a piece`);
        pieces.push({ piece, index: tensor.index, offset: piece[0] - tensor.offset });
      }
    }
    const wait = backpressure(loader);
    let loaded = 0;
    progress("cache", loaded, total);
    for await (const run of ahead(file, runs(pieces))) {
      for (const { piece, index, offset, bytes } of run) {
        signal.throwIfAborted();
        if (!(await restorePiece(loader, index, offset, bytes, piece[2]))) {
          throw new PickScoreError("storage", `bytes ${piece[0]} to ${piece[0] + piece[1]} do not match their checksum`);
        }
        loaded += bytes.length;
        await wait();
      }
      progress("cache", loaded, total);
      // Synchronous reads give way to no message by themselves, such as one that cancels this load.
      await turn();
    }
    signal.throwIfAborted();
    loader.begin(WEIGHTS, record.bytes, true);
    loader.push(header);
    loader.skip_to(record.bytes);
    loader.end();
  } catch (error) {
    abandon(loader);
    throw error;
  } finally {
    file.close();
  }
  const { name } = record;
  const fingerprint = await fingerprintOf(record);
  return { scorer: loader.finish(name), recognised, head: files.head, fingerprint, name, precision, source: "cache", cached: true, bytes: record.bytes, notes: [] };
}

/** A piece of the tensor at `index` of the layout, at an offset in it. */
interface TensorPiece {
  piece: Piece;
  index: number;
  offset: number;
}

/** Largest number of bytes that are read at once, unless a piece is larger. */
const RUN = 4 << 20;
/** Runs that are read while another one is processed, where reads are not synchronous. */
const AHEAD = 4;

/**
 * Groups adjacent pieces. A small model has many, and each read takes milliseconds, whatever its
 * size.
 */
function runs(pieces: readonly TensorPiece[]): TensorPiece[][] {
  const found: TensorPiece[][] = [];
  let [start, end] = [0, -1];
  for (const one of pieces) {
    const [at, length] = one.piece;
    if (at !== end || at + length - start > RUN) {
      found.push([]);
      start = at;
    }
    found.at(-1)?.push(one);
    end = at + length;
  }
  return found;
}

/** A piece that was read. */
type ReadPiece = TensorPiece & { bytes: Uint8Array<ArrayBuffer> };

/** Reads runs of pieces while previous ones are processed, whose memory is then used again. */
async function* ahead(file: StoredFile, runs: TensorPiece[][]): AsyncGenerator<ReadPiece[]> {
  const read = async (run: TensorPiece[], memory?: ArrayBuffer): Promise<ReadPiece[]> => {
    const [first, last] = [run[0], run.at(-1)] as [TensorPiece, TensorPiece];
    const start = first.piece[0];
    const whole = await file.read(start, last.piece[0] + last.piece[1], memory);
    // Empty or too short if the file ends before it.
    return run.map((one) => ({ ...one, bytes: whole.subarray(one.piece[0] - start).subarray(0, one.piece[1]) }));
  };
  const begin = (run: TensorPiece[], memory?: ArrayBuffer) => {
    const reading = read(run, memory);
    // Nothing awaits it if the consumer stops; avoid an unhandled rejection.
    reading.catch(() => undefined);
    return reading;
  };
  const begun = runs.slice(0, AHEAD).map((run) => begin(run));
  let memory: ArrayBuffer | undefined;
  for (const index of runs.keys()) {
    const next = runs[index + AHEAD];
    if (next) begun.push(begin(next, memory));
    const run = await (begun.shift() as Promise<ReadPiece[]>);
    yield run;
    memory = run[0]?.bytes.buffer;
  }
}

/** Removes a stored model when it is no longer read or written. */
export async function removeStored(id: string, signal: AbortSignal): Promise<void> {
  await navigator.locks.request(lockName(id), { signal }, async () => {
    try {
      await (await modelsFolder(false))?.removeEntry(id, { recursive: true });
    } catch (error) {
      // Another tab may have found the same damage.
      if (!isAbsent(error)) throw error;
    }
  });
}
