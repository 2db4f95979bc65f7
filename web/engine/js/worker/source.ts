/** Finds a model's files on a server or among local files. */

import { PickScoreError } from "../error";
import type { Description, Head, Recognised } from "./description";
import type { Folder, SourceFile, WholeFile } from "./folder";
import { concatenated, type Download, download, fetchSmall } from "./http";
import { localFile } from "./local";
import { type Part, shardedFile } from "./shards";
import type { Engine } from "./wasm";

/** A model's files. */
export interface Source extends Description {
  /** The model's name: the last component of its URL. */
  name: string;
  /** Whether the configuration was inferred from the weights, with the requested scorer. */
  inferred: boolean;
  /** The URL of a head next to the model. */
  headAddress: string | null;
  /** Weight files, in reading order. */
  weights: SourceFile[];
  /** Whether the files are local. */
  local: boolean;
}

/** The files that the engine finds in a folder. */
interface Found extends Pick<Source, "config" | "tokenizer" | "preprocessor" | "inferred" | "head"> {
  weights: { name: string; parts: Part[] | null }[];
}

/** The requested scorer with its head, if the head was given. */
export type Wanted = Pick<Description, "scorer" | "head">;

/** Finds a model's files. */
export async function find(model: string | File[], wanted: Wanted, engine: Engine, signal: AbortSignal): Promise<Source> {
  if (typeof model !== "string") {
    const name = modelName(model);
    return { ...(await fromFolder(name, name, localFolder(model), null, wanted, engine)), local: true };
  }
  const { base, file } = placeOf(model, engine);
  // A file of its own name, such as `HPS_v2.1_compressed.pt`.
  const own = file !== null && !/\.json$|^(open_clip_)?(pytorch_)?model\b/.test(file) ? file.replace(/\.\w+$/, "") : null;
  return fromFolder(own ?? nameOf(base), nameOf(base), serverFolder(base, signal), file, wanted, engine);
}

/** Looks for a published head next to a model on a server. */
export async function headNextTo(model: string, scorer: string, engine: Engine, signal: AbortSignal): Promise<Head | null> {
  return (await engine.findHead(serverFolder(placeOf(model, engine).base, signal), scorer)) as Head | null;
}

/** The folder of a model's URL, and the file that it names. */
function placeOf(model: string, engine: Engine): { base: URL; file: string | null } {
  const address = new URL(model);
  const last = decodeURIComponent(address.pathname.split("/").pop() ?? "");
  const isFile = engine.isModelFile(last);
  const base = new URL(isFile ? "." : address.pathname.endsWith("/") ? "" : `${address.pathname}/`, address);
  base.search = address.search;
  return { base, file: isFile ? last : null };
}

async function fromFolder(name: string, place: string, folder: Folder, file: string | null, wanted: Wanted, engine: Engine): Promise<Source> {
  const found = (await engine.findModel(folder, file ?? undefined, wanted.scorer ?? undefined, wanted.head !== null)) as Found;
  const weights = await Promise.all(found.weights.map(({ name, parts }) => (parts ? shardedFile(name, parts, folder) : folder.large(name))));
  const names = [...found.weights.slice(0, 1).map(({ name }) => name), place];
  const own = { ...found, ...wanted, names, name, weights, local: false };
  const source = (head: Head | null): Source => ({
    ...own,
    head: wanted.head ?? head,
    headAddress: wanted.head === null && head !== null ? folder.address(head.name) : null,
  });
  const { scorer, needsHead } = engine.recognise(source(found.head)) as Recognised;
  const looks = needsHead && !wanted.head && !found.head && !folder.names;
  return source(looks ? ((await engine.findHead(folder, scorer)) as Head | null) : found.head);
}

/** The URL of a file in a folder on a server. */
function addressIn(base: URL, name: string): string {
  const url = new URL(encodeURIComponent(name), base);
  url.search = base.search;
  return url.href;
}

/**
 * A folder on a server. A file is requested to find out if it exists, and that response is reused.
 */
function serverFolder(base: URL, signal: AbortSignal): Folder {
  const opened = new Map<string, WholeFile>();
  const at = (name: string) => addressIn(base, name);
  return {
    place: base.href,
    address: at,
    small: (name, longest) => fetchSmall(at(name), longest, signal),
    start: async (name, longest) => {
      const file = opened.get(name) ?? (await serverFile(name, at(name), signal));
      if (file) opened.set(name, file);
      return file?.start(longest) ?? null;
    },
    has: async (name) => {
      const file = opened.get(name) ?? (await serverFile(name, at(name), signal));
      if (file) opened.set(name, file);
      return file !== null;
    },
    large: async (name) => {
      const file = opened.get(name) ?? (await serverFile(name, at(name), signal));
      if (!file) throw new PickScoreError("not-found", `${base.href} has no ${name}`);
      return file;
    },
  };
}

/** Requests a file; `null` if it does not exist. The first reader uses the same response. */
async function serverFile(name: string, url: string, signal: AbortSignal): Promise<WholeFile | null> {
  let first: Download | null;
  try {
    first = await download(url, { signal });
  } catch (error) {
    if (error instanceof PickScoreError && error.code === "not-found") return null;
    throw error;
  }
  return {
    name,
    start: async (longest) => {
      const { seen, whole } = await peek(first ?? (await download(url, { signal })), longest);
      first = whole;
      return concatenated(seen, seen.reduce((sum, { length }) => sum + length, 0)).slice(0, longest);
    },
    open: async (options) => {
      const ready = first;
      first = null;
      if (ready && !options.from) return ready;
      await ready?.cancel();
      return download(url, options);
    },
  };
}

/** Reads the first bytes of a download. `whole` is the download with these bytes in front. */
async function peek(opened: Download, longest: number): Promise<{ seen: Uint8Array<ArrayBuffer>[]; whole: Download }> {
  let tellOver: (() => void) | undefined;
  const chunks = opened.chunks(() => tellOver?.());
  const seen: Uint8Array<ArrayBuffer>[] = [];
  for (let length = 0; length < longest; ) {
    const { value, done } = await chunks.next();
    if (done) break;
    seen.push(value.slice());
    length += value.length;
  }
  const whole: Download = {
    validators: opened.validators,
    cancel: async () => void (await chunks.return(undefined)),
    async *chunks(onStartingOver) {
      tellOver = onStartingOver;
      yield* seen;
      seen.length = 0;
      yield* chunks;
    },
  };
  return { seen, whole };
}

/** Files that the user selected, by name, regardless of their folders. */
function localFolder(files: File[]): Folder {
  const byName = new Map(files.map((file) => [file.name, file]));
  return {
    place: "the selection",
    names: [...byName.keys()],
    address: () => null,
    small: async (name, longest) => {
      const file = byName.get(name);
      if (file && file.size > longest) throw new PickScoreError("model-config", `${name} has ${file.size} bytes; expected a short configuration`);
      return file ? new Uint8Array(await file.arrayBuffer()) : null;
    },
    start: async (name, longest) => {
      const file = byName.get(name);
      return file ? localFile(file).start(longest) : null;
    },
    has: async (name) => byName.has(name),
    large: async (name) => {
      const file = byName.get(name);
      if (!file) throw new PickScoreError("not-found", `the selection has no ${name}`);
      return localFile(file);
    },
  };
}

/** The name of local files: their folder or the weights file. */
function modelName(files: File[]): string {
  const folder = files[0]?.webkitRelativePath.split("/").slice(-2, -1)[0];
  const weights = files.find((file) => /\.(safetensors|bin|pt|pth|ckpt)$/i.test(file.name));
  return folder || weights?.name.replace(/\.\w+$/, "") || "local files";
}

/** The name in `…/owner/name/resolve/main/` on Hugging Face, otherwise the last component. */
function nameOf(base: URL): string {
  const parts = base.pathname.split("/").filter(Boolean);
  const resolve = parts.indexOf("resolve");
  const name = base.hostname === "huggingface.co" && resolve > 0 ? parts[resolve - 1] : parts.pop();
  return decodeURIComponent(name ?? base.hostname);
}
