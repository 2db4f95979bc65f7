/** Streams a model's files into the engine and into storage. */

import { PickScoreError } from "../error";
import { sha256 } from "../store";
import type { Info, Precision } from "../types";
import type { Context } from "./context";
import type { Description, Head, Recognised } from "./description";
import type { SourceFile } from "./folder";
import { storeHead } from "./heads";
import { concatenated } from "./http";
import { turn } from "./pipeline";
import type { Source } from "./source";
import type { Engine, ModelLoader, Scorer } from "./wasm";
import type { Layout, ModelWriter, SeenFile } from "./writer";

/** Bytes uploaded before waiting for the device. Until then, copies of the bytes occupy memory. */
const AHEAD = 16e6;
/**
 * Bytes written between flushes, which an interrupted load may lose. A flush can take tens of
 * milliseconds.
 */
const UNWRITTEN = 64e6;

/** A loaded model. */
export interface Loaded extends Pick<Info, "source" | "cached" | "bytes" | "notes" | "precision"> {
  scorer: Scorer;
  recognised: Recognised;
  /** The scorer's head, for loading it again. */
  head: Head | null;
  /** Identifies the weights, if they are stored. */
  fingerprint: string | null;
  name: string;
}

/** The towers to load. */
export type Towers = "both" | "text" | "vision";

type Store = (parameter: string, offset: number, bytes: Uint8Array<ArrayBuffer>, checksum: string) => void;

/**
 * Creates the engine's loader for a model. Starts the self-test, whose shaders are compiled while
 * the model is read.
 */
export async function makeLoader(
  engine: Engine,
  files: Description,
  { readsWordPieces }: Recognised,
  precision: Precision,
  towers: Towers,
  store?: Store,
): Promise<ModelLoader> {
  // The load waits for it, and fails if it fails.
  engine.selfTest(precision).catch(() => undefined);
  const tokenizer = files.tokenizer ?? (readsWordPieces ? await engine.vocabulary() : null);
  return new engine.ModelLoader({ ...files, tokenizer }, precision, engine.device, towers, store);
}

/** The layout of a stored model in a precision. */
export function layoutOf(engine: Engine, { config }: Description, precision: Precision): Layout {
  return engine.storedLayout(config, precision) as Layout;
}

/**
 * Returns a function that waits for the device and storage whenever enough bytes have been
 * uploaded. Neither applies backpressure by itself.
 */
export function backpressure(loader: ModelLoader, writer?: ModelWriter | null): () => Promise<void> {
  let settled = loader.uploaded;
  let written = settled;
  return async () => {
    const { uploaded } = loader;
    if (uploaded - settled < AHEAD) return;
    writer?.check();
    await loader.settled();
    settled = uploaded;
    if (uploaded - written < UNWRITTEN) return;
    writer?.flush();
    written = uploaded;
  };
}

/**
 * Restores stored bytes, at an offset in the tensor at `index` of the layout. Resolves to their
 * checksum as this version computes it, or to nothing if they do not match the stored one. Models
 * of older versions, with SHA-256, take about twice as long.
 */
export async function restorePiece(
  loader: ModelLoader,
  index: number,
  offset: number,
  bytes: Uint8Array<ArrayBuffer>,
  stored: string,
): Promise<string | undefined> {
  if (stored.length !== SHA_256) return loader.restore(index, offset, bytes, stored);
  return (await sha256(bytes)) === stored ? loader.restore(index, offset, bytes, undefined) : undefined;
}

/** Hexadecimal digits of a SHA-256, which older versions stored as the checksum. */
const SHA_256 = 64;

/** Frees a loader that failed. An engine that has stopped cannot, and its error matters more. */
export function abandon(loader: ModelLoader): void {
  try {
    loader.free();
  } catch {
    // The worker is replaced.
  }
}

/** Streams a source. A writer stores the model and continues an interrupted load. */
export async function stream(
  source: Source,
  precision: Precision,
  engine: Engine,
  context: Context,
  writer: ModelWriter | null,
  towersOf: (recognised: Recognised) => Towers,
): Promise<Loaded> {
  const recognised = engine.recognise(source) as Recognised;
  const towers = towersOf(recognised);
  // Storage does not accept shared memory. It copies immediately, so one buffer suffices.
  let copy = new Uint8Array();
  const own = (bytes: Uint8Array<ArrayBuffer>) => {
    if (bytes.buffer instanceof ArrayBuffer) return bytes;
    if (copy.length < bytes.length) copy = new Uint8Array(bytes.length);
    copy.set(bytes);
    return copy.subarray(0, bytes.length);
  };
  const store: Store | undefined = writer ? (parameter, offset, bytes, checksum) => writer.write(parameter, offset, own(bytes), checksum) : undefined;
  const loader = await makeLoader(engine, source, recognised, precision, towers, store);
  const notes: string[] = [];
  try {
    if (writer) await restore(loader, writer, context);
    const progress = progressOf(source, context);
    for (const [index, file] of source.weights.entries()) {
      const last = index + 1 === source.weights.length;
      await streamFile(file, last, loader, writer, context, progress, notes);
    }
  } catch (error) {
    // Complete parameters are kept for the next load.
    try {
      writer?.flush();
    } catch {
      // The error that ended the load matters more.
    }
    abandon(loader);
    throw error;
  }
  const bytes = (loader.layout() as Layout).length;
  const scorer = loader.finish(source.name);
  if (writer && source.head && source.headAddress !== null) await storeHead(source.headAddress, source.head.bytes);
  const text = (bytes: Uint8Array | null) => bytes && new TextDecoder().decode(bytes);
  const fingerprint = await writer?.commit({
    address: writer.address,
    name: source.name,
    precision,
    config: text(source.config) ?? "",
    tokenizer: text(source.tokenizer),
    preprocessor: text(source.preprocessor),
    names: source.names,
    head: source.headAddress,
  });
  const origin = source.local ? "files" : "network";
  return { scorer, recognised, head: source.head, fingerprint: fingerprint ?? null, name: source.name, precision, source: origin, cached: writer !== null, bytes, notes };
}

type FileProgress = (file: SourceFile, position: number, length: number | null) => void;

/** Reports progress over all files. The length of a file is known only once it is opened. */
function progressOf(source: Source, context: Context): FileProgress {
  const lengths = new Map<SourceFile, number | null>();
  const positions = new Map<SourceFile, number>();
  return (file, position, length) => {
    positions.set(file, position);
    lengths.set(file, length);
    const loaded = [...positions.values()].reduce((sum, position) => sum + position, 0);
    const known = source.weights.every((file) => typeof lengths.get(file) === "number");
    const total = known ? [...lengths.values()].reduce<number>((sum, length) => sum + (length ?? 0), 0) : undefined;
    context.progress(source.local ? "files" : "download", loaded, total);
  };
}

/** Streams one file. */
async function streamFile(
  file: SourceFile,
  last: boolean,
  loader: ModelLoader,
  writer: ModelWriter | null,
  context: Context,
  progress: FileProgress,
  notes: string[],
): Promise<void> {
  const seen = writer?.left.files.get(file.name);
  let from = 0;
  if (seen) {
    loader.begin(file.name, seen.validators.length ?? undefined, last);
    loader.push(fromBase64(seen.header));
    from = loader.resumes_at() ?? 0;
    loader.skip_to(from);
    if (seen.validators.length !== null && from >= seen.validators.length) {
      loader.end();
      progress(file, from, from);
      return;
    }
  }
  const onStartingOver = () => {
    context.progress("starting-over", 0);
    notes.push("The server does not support resuming, so a file was downloaded again from the start.");
  };
  const options = { signal: context.signal, from };
  const opened = await file.open(seen ? { ...options, expected: seen.validators } : options);
  const { length } = opened.validators;
  if (!seen) loader.begin(file.name, length ?? undefined, last);
  const header = seen ? null : new HeaderCopy();
  const wait = backpressure(loader, writer);
  let position = from;
  for await (const chunk of opened.chunks(onStartingOver)) {
    loader.push(chunk);
    position += chunk.length;
    if (header?.take(chunk)) writer?.saw({ name: file.name, validators: opened.validators, header: header.base64() });
    await wait();
    progress(file, position, length);
  }
  loader.end();
}

/** Restores the parameters that an interrupted load has stored. */
async function restore(loader: ModelLoader, writer: ModelWriter, context: Context): Promise<void> {
  const { tensors } = loader.layout() as Layout;
  const total = tensors.filter(({ parameter }) => writer.left.parameters.has(parameter)).reduce((sum, { bytes }) => sum + bytes, 0);
  const wait = backpressure(loader);
  let restored = 0;
  for (const [index, { parameter, offset }] of tensors.entries()) {
    const pieces = writer.left.parameters.get(parameter) ?? [];
    const end = offset + (tensors[index]?.bytes ?? 0);
    for (const piece of pieces.filter(([at]) => at >= offset && at < end)) {
      context.signal.throwIfAborted();
      const bytes = writer.read(piece);
      const checksum = bytes && (await restorePiece(loader, index, piece[0] - offset, bytes, piece[2]));
      if (!checksum) throw new PickScoreError("model-changed", "the partial download in storage is damaged");
      // One kind of checksum for a model, so that its fingerprint does not depend on interruptions.
      piece[2] = checksum;
      restored += bytes.length;
      context.progress("restore", restored, total);
      await wait();
      // Nothing else here gives way to messages, such as one that cancels this load.
      await turn();
    }
  }
}

/** Longest header to copy; the engine rejects longer ones. */
const LONGEST_HEADER = 16 << 20;

/**
 * A copy of the header of a safetensors file. Files without one are always loaded from the start.
 */
class HeaderCopy {
  #parts: Uint8Array[] = [];
  #length = 0;
  #whole: Uint8Array<ArrayBuffer> | undefined;
  #none = false;

  /** Adds the next bytes. Returns true once, when the header is complete. */
  take(chunk: Uint8Array): boolean {
    if (this.#whole || this.#none) return false;
    this.#parts.push(chunk.slice());
    this.#length += chunk.length;
    if (this.#length < 8) return false;
    const bytes = concatenated(this.#parts, this.#length);
    const end = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
    if (end > LONGEST_HEADER) {
      this.#none = true;
      this.#parts = [];
    }
    if (this.#length < end) return false;
    this.#whole = bytes.slice(0, end);
    this.#parts = [];
    return true;
  }

  base64(): string {
    return toBase64(this.#whole ?? new Uint8Array());
  }
}

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  return btoa(text);
}

function fromBase64(text: SeenFile["header"]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
