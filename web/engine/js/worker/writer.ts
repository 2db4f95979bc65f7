/** Keeps a model while it is loaded: parameters as they come, then the record that makes them a model. */

import { asPickScoreError, PickScoreError } from "../error";
import { folderOf, JOURNAL, type ModelRecord, type Piece, readText, RECORD, sha256, WEIGHTS } from "../store";
import type { Validators } from "./http";
import { megabytes } from "./http";

/** How a model lies in its file, as the engine says. */
export interface Layout {
  header: Uint8Array<ArrayBuffer>;
  length: number;
  tensors: { parameter: string; offset: number; bytes: number }[];
}

/** The source's own file as an earlier visit saw it. */
export interface SeenFile {
  name: string;
  validators: Validators;
  /** Its safetensors header with the length before it, base64. */
  header: string;
}

/** Lines of the journal: what is being stored, then files and parameters as they are seen. */
type Line =
  | { kind: "model"; address: string; name: string; precision: string; length: number }
  | { kind: "file"; file: SeenFile }
  | { kind: "parameter"; name: string; pieces: Piece[] };

/** What an interrupted load left. */
export interface Left {
  files: Map<string, SeenFile>;
  parameters: Map<string, Piece[]>;
}

export type Description = Pick<ModelRecord, "address" | "name" | "precision">;

/** Bytes of which there are copies at a time while they are hashed. */
const COPIED = 8e6;
/** Room that the browser should have beside the weights. */
const SPARE = 32e6;

export class ModelWriter {
  readonly #folder: FileSystemDirectoryHandle;
  readonly #weights: FileSystemSyncAccessHandle;
  readonly #journal: FileSystemSyncAccessHandle;
  readonly #layout: Layout;
  readonly #pieces = new Map<string, Piece[]>();
  /** Lines to write once what they promise is on the disk. */
  #lines: Line[] = [];
  /** What has been written since the last flush; the hash of a piece is empty until `hash` has been there. */
  #written: { parameter: string; piece: Piece }[] = [];
  /** Where pieces are read into. */
  #room = new Uint8Array();
  #journalEnd: number;
  #failure: PickScoreError | undefined;
  /** What an interrupted load left here. */
  readonly left: Left;
  /** The address that the model is kept under. */
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
    this.#journalEnd = journal.getSize();
    this.left = left;
    for (const [name, pieces] of left.parameters) this.#pieces.set(name, pieces);
  }

  /** Opens the model's place, with what an interrupted load of the same model left there unless `anew`. The caller holds its lock. */
  static async open(id: string, model: Description, layout: Layout, anew: boolean): Promise<ModelWriter> {
    const folder = await folderOf(id, true);
    if (!folder) throw new PickScoreError("storage", "this browser gives no storage here");
    const text = anew ? null : await readText(folder, JOURNAL);
    const first: Line = { kind: "model", ...model, length: layout.length };
    const left = readJournal(text, JSON.stringify(first));
    if (!left) await checkSpace(layout.length);
    const [weights, journal] = await openBoth(folder);
    try {
      if (!left) {
        journal.truncate(0);
        // Claims the space, so that its lack shows before anything is downloaded.
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
    const nothing: Left = { files: new Map(), parameters: new Map() };
    const writer = new ModelWriter(model.address, folder, weights, journal, layout, left ?? nothing);
    if (!left) {
      writer.#lines.push(first);
      writer.#written.push({ parameter: "", piece: [0, layout.header.length, ""] });
      await writer.flush();
    }
    return writer;
  }

  /** Takes a piece of a parameter; `bytes` is copied before this returns. */
  write(parameter: string, offset: number, bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#failure) return;
    try {
      if (this.#weights.write(bytes, { at: offset }) !== bytes.length) throw full(this.#layout.length);
      this.#written.push({ parameter, piece: [offset, bytes.length, ""] });
    } catch (error) {
      this.#failure = storageError(error, this.#layout);
    }
  }

  /** Remembers a file of the source. */
  saw(file: SeenFile): void {
    this.#lines.push({ kind: "file", file });
  }

  /**
   * Hashes what has been written, as the file has it, some pieces at once: a digest works on a copy of its own, and those of a large parameter's pieces
   * would be as large again if all were begun while it is handed out.
   */
  async hash(): Promise<void> {
    if (this.#failure) throw this.#failure;
    try {
      let digests: Promise<void>[] = [];
      let copied = 0;
      for (const { piece } of this.#written.filter(({ piece: [, , hash] }) => hash === "")) {
        const bytes = this.#stored(piece);
        if (!bytes) throw new PickScoreError("storage", "the browser's storage does not give back what was written");
        // The digest takes its copy before it returns.
        digests.push(sha256(bytes).then((hash) => void (piece[2] = hash)));
        copied += piece[1];
        if (copied < COPIED) continue;
        await Promise.all(digests);
        [digests, copied] = [[], 0];
      }
      await Promise.all(digests);
    } catch (error) {
      this.#failure = storageError(error, this.#layout);
      throw this.#failure;
    }
  }

  /** A piece as the file has it, good until the next is read; `null` where the file ends before it. */
  #stored([offset, bytes]: Piece): Uint8Array<ArrayBuffer> | null {
    if (this.#room.length < bytes) this.#room = new Uint8Array(bytes);
    const piece = this.#room.subarray(0, bytes);
    return this.#weights.read(piece, { at: offset }) === bytes ? piece : null;
  }

  /** Brings to the disk what has been written, then notes that it is there. */
  async flush(): Promise<void> {
    await this.hash();
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

  /** A piece of what an interrupted load left, good until the next is read; `null` where it is not what was written. */
  async read(piece: Piece): Promise<Uint8Array<ArrayBuffer> | null> {
    const bytes = this.#stored(piece);
    return bytes && (await sha256(bytes)) === piece[2] ? bytes : null;
  }

  /** Everything is there: makes it a model. */
  async commit(model: Omit<ModelRecord, "version" | "bytes" | "stored" | "pieces">): Promise<void> {
    await this.flush();
    const pieces = [...this.#pieces.values()].flat().sort((a, b) => a[0] - b[0]);
    let end = 0;
    for (const [offset, bytes] of pieces) {
      if (offset !== end) throw new PickScoreError("internal", `byte ${end} of the stored model was never written`);
      end += bytes;
    }
    if (end !== this.#layout.length) throw new PickScoreError("internal", `the stored model ends at byte ${end}`);
    const record: ModelRecord = { version: 1, ...model, bytes: end, stored: new Date().toISOString(), pieces };
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
  }

  /** Lets go of the files. What has been flushed stays for the next load. */
  close(): void {
    this.#weights.close();
    this.#journal.close();
  }
}

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

/** What a journal of this model lists; `null` where it is another's, or none. */
function readJournal(text: string | null, first: string): Left | null {
  const lines = (text ?? "").split("\n");
  if (lines[0] !== first) return null;
  const left: Left = { files: new Map(), parameters: new Map() };
  for (const line of lines.slice(1)) {
    try {
      const entry = JSON.parse(line) as Line;
      if (entry.kind === "file") left.files.set(entry.file.name, entry.file);
      if (entry.kind === "parameter") left.parameters.set(entry.name, entry.pieces);
    } catch {
      // The last line, cut off while it was written: what it was to say is not there.
      break;
    }
  }
  // The file's own header is the parameter without a name.
  return left.parameters.has("") ? left : null;
}

async function checkSpace(needed: number): Promise<void> {
  const { quota, usage } = await navigator.storage.estimate();
  const free = (quota ?? Number.POSITIVE_INFINITY) - (usage ?? 0);
  if (free >= needed + SPARE) return;
  throw full(needed, free);
}

/** What the browser said of its space before may have been a round number: only writing shows it. */
function storageError(error: unknown, layout: Layout): PickScoreError {
  const failure = asPickScoreError(error);
  if (failure.code === "storage-full") return full(layout.length);
  if (failure.code !== "internal") return failure;
  return new PickScoreError("storage", `the browser's storage failed (${failure.message}); load the model with \`cache: "off"\``);
}

function full(needed: number, free?: number): PickScoreError {
  const less = free === undefined ? "less" : megabytes(Math.max(free, 0));
  return new PickScoreError(
    "storage-full",
    `keeping the model takes ${megabytes(needed)}, this browser grants ${less}; ` +
      'free some space, or load it with `cache: "off"` to run without keeping it',
  );
}
