/** Streams a model's files into the engine and, with a writer, into storage. */

import { PickScoreError } from "../error";
import type { Info, Precision } from "../pickscore";
import { concatenated } from "./http";
import type { Context } from "./main";
import type { Source, SourceFile } from "./source";
import type { Engine, ModelLoader, Scorer } from "./wasm";
import type { Layout, ModelWriter, SeenFile } from "./writer";

/** Bytes that are handed to the GPU and hashed before both are waited for: until then there are copies of them. */
const AHEAD = 16e6;
/** Bytes of storage that an interrupted load may lose. Having the disk write takes some of them tens of milliseconds. */
const UNWRITTEN = 64e6;

/** A model that the engine holds. */
export type Loaded = Pick<Info, "source" | "cached" | "bytes" | "notes" | "precision"> & { scorer: Scorer; name: string };

/** What a loader is made of. */
export type ModelFiles = Pick<Source, "config" | "tokenizer" | "preprocessor">;

/** Which towers the device is to hold. */
export type Towers = "both" | "text" | "vision";

type Store = (parameter: string, offset: number, bytes: Uint8Array<ArrayBuffer>) => void;

/** The engine's loader for a model. */
export function makeLoader(engine: Engine, files: ModelFiles, precision: Precision, towers: Towers, store?: Store): ModelLoader {
  const { config, tokenizer, preprocessor } = files;
  return new engine.ModelLoader(config, tokenizer ?? undefined, preprocessor ?? undefined, precision, engine.device, towers, store);
}

/** How a model is stored in a precision. */
export function layoutOf(engine: Engine, files: ModelFiles, precision: Precision): Layout {
  const loader = makeLoader(engine, { ...files, tokenizer: null, preprocessor: null }, precision, "both");
  const layout = loader.layout() as Layout;
  loader.free();
  return layout;
}

/** Waits, every so many bytes, until the device (and the storage) have taken what they were given: neither pushes back by itself. */
export function backpressure(loader: ModelLoader, writer?: ModelWriter | null): () => Promise<void> {
  let settled = loader.uploaded;
  let written = settled;
  return async () => {
    const { uploaded } = loader;
    if (uploaded - settled < AHEAD) return;
    await writer?.hash();
    await loader.settled();
    settled = uploaded;
    if (uploaded - written < UNWRITTEN) return;
    await writer?.flush();
    written = uploaded;
  };
}

/** Streams a source. With a writer, what an interrupted load has stored is not fetched again. */
export async function stream(
  source: Source,
  precision: Precision,
  engine: Engine,
  context: Context,
  writer: ModelWriter | null,
  towers: Towers,
): Promise<Loaded> {
  // Neither storage nor hashing takes memory that threads share; both take their copy at once.
  let copy = new Uint8Array();
  const own = (bytes: Uint8Array<ArrayBuffer>) => {
    if (bytes.buffer instanceof ArrayBuffer) return bytes;
    if (copy.length < bytes.length) copy = new Uint8Array(bytes.length);
    copy.set(bytes);
    return copy.subarray(0, bytes.length);
  };
  const store: Store | undefined = writer ? (parameter, offset, bytes) => writer.write(parameter, offset, own(bytes)) : undefined;
  const loader = makeLoader(engine, source, precision, towers, store);
  const notes: string[] = [];
  try {
    if (writer) await restore(loader, writer, context);
    const progress = progressOf(source, context);
    for (const [index, file] of source.weights.entries()) {
      const last = index + 1 === source.weights.length;
      await streamFile(file, last, loader, writer, context, progress, notes);
    }
  } catch (error) {
    // What is whole stays for the next load.
    await writer?.flush().catch(() => undefined);
    loader.free();
    throw error;
  }
  const bytes = (loader.layout() as Layout).length;
  const scorer = loader.finish(source.name);
  const text = (bytes: Uint8Array | null) => bytes && new TextDecoder().decode(bytes);
  await writer?.commit({
    address: writer.address,
    name: source.name,
    precision,
    config: text(source.config) ?? "",
    tokenizer: text(source.tokenizer),
    preprocessor: text(source.preprocessor),
  });
  const origin = source.local ? "files" : "network";
  return { scorer, name: source.name, precision, source: origin, cached: writer !== null, bytes, notes };
}

type FileProgress = (file: SourceFile, position: number, length: number | null) => void;

/** Progress over all files: each one's length is known only when it is opened. */
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
    notes.push("The server cannot go on in the middle of a file, so that file came from its beginning again.");
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

/** Gives the engine what an interrupted load has stored. */
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
      const bytes = await writer.read(piece);
      if (!bytes) throw new PickScoreError("model-changed", "what an interrupted load had stored is damaged");
      loader.restore(index, piece[0] - offset, bytes);
      restored += bytes.length;
      context.progress("restore", restored, total);
      await wait();
    }
  }
}

/** Longest header that is copied; the engine refuses longer ones. */
const LONGEST_HEADER = 16 << 20;

/** The first bytes of a safetensors file, up to the end of its header. Other files have none: they are always loaded from the beginning. */
class HeaderCopy {
  #parts: Uint8Array[] = [];
  #length = 0;
  #whole: Uint8Array<ArrayBuffer> | undefined;
  #none = false;

  /** Takes the next bytes; true once, when the header is whole. */
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
