/** Stores a model while it is loaded: first its parameters, then the record that completes it. */

import { asPickScoreError, PickScoreError, WITHOUT_CACHE } from "../error";
import { isPiece, misfit, type ModelRecord, type Piece } from "../record";
import { fingerprintOf, folderOf, JOURNAL, readText, RECORD, WEIGHTS } from "../store";
import type { Validators } from "./http";
import { megabytes } from "./http";

/** The layout of a stored model, as returned by the engine. */
export interface Layout {
  header: Uint8Array<ArrayBuffer>;
  /** The checksum of the header. */
  checksum: string;
  length: number;
  tensors: { parameter: string; offset: number; bytes: number; isVector: boolean }[];
}

/** A source file as an earlier load saw it. */
export interface SeenFile {
  name: string;
  validators: Validators;
  /** The safetensors header including its length prefix, in base64. */
  header: string;
}

/** A line of the journal: first the model, then source files and stored parameters. */
type Line =
  | { kind: "model"; address: string; name: string; precision: string; length: number }
  | { kind: "file"; file: SeenFile }
  | { kind: "parameter"; name: string; pieces: Piece[] };

/** The part of a model that an interrupted load has stored. */
export interface Left {
  files: Map<string, SeenFile>;
  parameters: Map<string, Piece[]>;
  /** Bytes of the journal up to its first damaged line. */
  end: number;
}

export type Description = Pick<ModelRecord, "address" | "name" | "precision">;

/** Free space required in addition to the weights, in bytes. */
const SPARE = 32e6;

export class ModelWriter {
  readonly #folder: FileSystemDirectoryHandle;
  readonly #weights: FileSystemSyncAccessHandle;
  readonly #journal: FileSystemSyncAccessHandle;
  readonly #layout: Layout;
  readonly #pieces = new Map<string, Piece[]>();
  /** Journal lines to write after the data they describe has been flushed. */
  #lines: Line[] = [];
  /** Pieces written since the last flush. */
  #written: { parameter: string; piece: Piece }[] = [];
  /** Buffer for reading pieces. */
  #room = new Uint8Array();
  #journalEnd: number;
  #failure: PickScoreError | undefined;
  /** What an interrupted load has stored. */
  readonly left: Left;
  /** The URL under which the model is stored. */
  readonly address: string;

  private constructor(
    address: string,
    folder: FileSystemDirectoryHandle,
    weights: FileSystemSyncAccessHandle,
    journal: FileSystemSyncAccessHandle,
    layout: Layout,
    left: Left,
  ) {
    this.address = address;
    this.#folder = folder;
    this.#weights = weights;
    this.#journal = journal;
    this.#layout = layout;
    this.#journalEnd = left.end;
    this.left = left;
    for (const [name, pieces] of left.parameters) this.#pieces.set(name, pieces);
    // It is never restored, so an older version's checksum would stay.
    this.#pieces.set(HEADER, [headerPiece(layout)]);
  }

  /**
   * Opens the model's files. Continues an interrupted load of the same model, unless `restart`. The
   * caller holds the model's lock.
   */
  static async open(id: string, model: Description, layout: Layout, restart: boolean): Promise<ModelWriter> {
    const folder = await folderOf(id, true);
    if (!folder) throw new PickScoreError("storage", "the browser's storage is not available here");
    const text = restart ? null : await readText(folder, JOURNAL);
    const first: Line = { kind: "model", ...model, length: layout.length };
    const left = readJournal(text, JSON.stringify(first));
    if (!left) await checkSpace(layout.length);
    const [weights, journal] = await openBoth(folder);
    try {
      // A line that was not written to its end would hide those after it.
      journal.truncate(left?.end ?? 0);
      if (!left) {
        // Reserves the space, so that a lack of it shows before the download.
        weights.truncate(layout.length);
        weights.write(layout.header, { at: 0 });
      }
    } catch (error) {
      weights.close();
      journal.close();
      await folder.removeEntry(JOURNAL).catch(() => undefined);
      await folder.removeEntry(WEIGHTS).catch(() => undefined);
      throw storageError(error, layout);
    }
    const nothing: Left = { files: new Map(), parameters: new Map(), end: 0 };
    const writer = new ModelWriter(model.address, folder, weights, journal, layout, left ?? nothing);
    if (!left) {
      writer.#lines.push(first);
      writer.#written.push({ parameter: HEADER, piece: headerPiece(layout) });
      writer.flush();
    }
    return writer;
  }

  /** Writes a piece of a parameter; `bytes` is copied before this returns. */
  write(parameter: string, offset: number, bytes: Uint8Array<ArrayBuffer>, checksum: string): void {
    if (this.#failure) return;
    try {
      if (this.#weights.write(bytes, { at: offset }) !== bytes.length) throw full(this.#layout.length);
      this.#written.push({ parameter, piece: [offset, bytes.length, checksum] });
    } catch (error) {
      this.#failure = storageError(error, this.#layout);
    }
  }

  /** Records a source file. */
  saw(file: SeenFile): void {
    this.#lines.push({ kind: "file", file });
  }

  /** Fails if a write has failed. */
  check(): void {
    if (this.#failure) throw this.#failure;
  }

  /** Flushes the written pieces, then records them in the journal. */
  flush(): void {
    this.check();
    const whole = new Map<string, Piece[]>();
    for (const { parameter, piece } of this.#written) {
      const pieces = whole.get(parameter) ?? [];
      pieces.push(piece);
      whole.set(parameter, pieces);
    }
    this.#written = [];
    for (const [name, pieces] of whole) {
      this.#pieces.set(name, pieces);
      this.#lines.push({ kind: "parameter", name, pieces });
    }
    const lines = this.#lines.map((line) => `${JSON.stringify(line)}\n`).join("");
    this.#lines = [];
    try {
      this.#weights.flush();
      this.#journalEnd += this.#journal.write(new TextEncoder().encode(lines), { at: this.#journalEnd });
      this.#journal.flush();
    } catch (error) {
      this.#failure = storageError(error, this.#layout);
      throw this.#failure;
    }
  }

  /**
   * Reads a piece of an interrupted load, valid until the next is read; `null` if the file ends
   * before it.
   */
  read([offset, bytes]: Piece): Uint8Array<ArrayBuffer> | null {
    if (this.#room.length < bytes) this.#room = new Uint8Array(bytes);
    const piece = this.#room.subarray(0, bytes);
    return this.#weights.read(piece, { at: offset }) === bytes ? piece : null;
  }

  /** Writes the record, which completes the model. Returns the model's fingerprint. */
  async commit(model: Omit<ModelRecord, "version" | "bytes" | "stored" | "pieces">): Promise<string> {
    this.flush();
    const pieces = [...this.#pieces.values()].flat().sort((a, b) => a[0] - b[0]);
    const { length } = this.#layout;
    const byte = misfit(pieces, length);
    if (byte !== null) throw new PickScoreError("internal", `byte ${byte} of the stored model was never written`);
    const record: ModelRecord = { version: 1, ...model, bytes: length, stored: new Date().toISOString(), pieces };
    try {
      const handle = await (await this.#folder.getFileHandle(RECORD, { create: true })).createSyncAccessHandle();
      try {
        handle.truncate(0);
        handle.write(new TextEncoder().encode(JSON.stringify(record)), { at: 0 });
        handle.flush();
      } finally {
        handle.close();
      }
    } catch (error) {
      throw storageError(error, this.#layout);
    }
    this.close();
    await this.#folder.removeEntry(JOURNAL).catch(() => undefined);
    return fingerprintOf(record);
  }

  /** Closes the files. Flushed parameters are kept for the next load. */
  close(): void {
    this.#weights.close();
    this.#journal.close();
  }
}

/** Opens the weights file and the journal. */
async function openBoth(
  folder: FileSystemDirectoryHandle,
): Promise<[FileSystemSyncAccessHandle, FileSystemSyncAccessHandle]> {
  const weights = await (await folder.getFileHandle(WEIGHTS, { create: true })).createSyncAccessHandle();
  try {
    return [weights, await (await folder.getFileHandle(JOURNAL, { create: true })).createSyncAccessHandle()];
  } catch (error) {
    weights.close();
    throw error;
  }
}

/** Parses the journal; `null` if there is none or it belongs to another model. */
function readJournal(text: string | null, first: string): Left | null {
  const lines = (text ?? "").split("\n");
  if (lines[0] !== first) return null;
  const left: Left = { files: new Map(), parameters: new Map(), end: 0 };
  const size = (line: string) => new TextEncoder().encode(line).length + 1;
  left.end = size(first);
  for (const line of lines.slice(1, -1)) {
    // The write of a line may have been interrupted; its data is not used, nor what follows.
    const entry = parseLine(line);
    if (!entry) break;
    if (entry.kind === "file") left.files.set(entry.file.name, entry.file);
    if (entry.kind === "parameter") left.parameters.set(entry.name, entry.pieces);
    left.end += size(line);
  }
  return left.parameters.has(HEADER) ? left : null;
}

/** Parses a line of the journal after the first; `null` if it is damaged. */
function parseLine(line: string): Line | null {
  try {
    const entry = JSON.parse(line) as Line;
    if (entry.kind === "file") {
      const { name, header, validators } = entry.file;
      return [name, header].every((text) => typeof text === "string") && typeof validators === "object" && validators ? entry : null;
    }
    const isParameter = entry.kind === "parameter" && typeof entry.name === "string";
    return isParameter && Array.isArray(entry.pieces) && entry.pieces.every(isPiece) ? entry : null;
  } catch {
    return null;
  }
}

/** The name under which the header of the weights file is recorded, as if it was a parameter. */
const HEADER = "";

function headerPiece({ header, checksum }: Layout): Piece {
  return [0, header.length, checksum];
}

/** Fails if the browser reports too little free space. */
async function checkSpace(needed: number): Promise<void> {
  const { quota, usage } = await navigator.storage.estimate();
  const free = (quota ?? Number.POSITIVE_INFINITY) - (usage ?? 0);
  if (free >= needed + SPARE) return;
  throw full(needed, free);
}

/**
 * Converts an exception to a storage error. The browser's estimate of free space may be inexact.
 */
function storageError(error: unknown, layout: Layout): PickScoreError {
  const failure = asPickScoreError(error);
  if (failure.code === "storage-full") return full(layout.length);
  if (failure.code !== "internal") return failure;
  return new PickScoreError("storage", `the browser's storage failed (${failure.detail})`, { advice: WITHOUT_CACHE });
}

function full(needed: number, free?: number): PickScoreError {
  const less = free === undefined ? "less" : megabytes(Math.max(free, 0));
  return new PickScoreError(
    "storage-full",
    `storing the model takes ${megabytes(needed)}, but this browser grants ${less}`,
    { advice: `free some space, or ${WITHOUT_CACHE}` },
  );
}
