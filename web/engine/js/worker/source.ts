/** Where a model comes from: a server's directory, file, index or shard manifest, or local files. */

import { PickScoreError } from "../error";
import { type Download, download, type DownloadOptions, fetchSmall } from "./http";
import { localDownload } from "./local";
import { parseManifest } from "./shards";

/** A model's files. */
export interface Source {
  /** The last part of the address. */
  name: string;
  config: Uint8Array<ArrayBuffer>;
  tokenizer: Uint8Array<ArrayBuffer> | null;
  preprocessor: Uint8Array<ArrayBuffer> | null;
  /** Weight files, in the order to read them in. */
  weights: SourceFile[];
  /** Whether they are the visitor's own. */
  local: boolean;
}

/** A weight file. */
export interface SourceFile {
  name: string;
  open(options: DownloadOptions): Promise<Download>;
}

/** What finds files by their names, beside each other. */
export interface Folder {
  /** What messages call it. */
  place: string;
  /** A small file; `null` where there is none. */
  small(name: string, longest: number): Promise<Uint8Array<ArrayBuffer> | null>;
  /** A large file; `null` where there is none. */
  large(name: string): Promise<SourceFile | null>;
}

const CONFIG = 1 << 20;
const JSON_FILE = 64 << 20;
/** Weights in one file, and indexes of those in several. Safetensors come first. */
const WEIGHTS = ["model.safetensors", "open_clip_model.safetensors"];
const INDEX = "model.safetensors.index.json";
const TORCH_WEIGHTS = ["pytorch_model.bin", "open_clip_pytorch_model.bin"];
const TORCH_INDEX = "pytorch_model.bin.index.json";
/** Endings of weight files. */
const SAFETENSORS = /\.safetensors$/i;
const TORCH = /\.(bin|pt|pth|ckpt)$/i;
const CONFIGS = ["config.json", "open_clip_config.json"];
/** A folder of shards has this in place of the weights. */
const MANIFEST = "pickscore-shards.json";

/** Finds a model's files. `isClip` says whether a configuration is one of CLIP's. */
export async function find(
  model: string | File[],
  isClip: (config: Uint8Array<ArrayBuffer>) => boolean,
  signal: AbortSignal,
): Promise<Source> {
  if (typeof model !== "string") {
    return { ...(await fromFolder(modelName(model), localFolder(model), null, isClip)), local: true };
  }
  const address = new URL(model);
  const last = decodeURIComponent(address.pathname.split("/").pop() ?? "");
  if (last.endsWith(".json") && !last.endsWith(".index.json")) {
    return fromManifest(address, signal, isClip);
  }
  const isFile = SAFETENSORS.test(last) || TORCH.test(last) || last.endsWith(".json");
  const base = new URL(isFile ? "." : address.pathname.endsWith("/") ? "" : `${address.pathname}/`, address);
  base.search = address.search;
  return fromFolder(nameOf(base), serverFolder(base, signal), isFile ? last : null, isClip);
}

async function fromFolder(
  name: string,
  folder: Folder,
  file: string | null,
  isClip: (config: Uint8Array<ArrayBuffer>) => boolean,
): Promise<Source> {
  const config = await readConfig(folder, isClip);
  if (!config && !file) {
    const manifest = await folder.small(MANIFEST, JSON_FILE);
    if (manifest) return fromFolder(name, parseManifest(manifest, folder), null, isClip);
  }
  if (!config) {
    throw new PickScoreError("not-found", `${folder.place} has no ${CONFIGS[0]}; expected a model in Hugging Face's layout`);
  }
  const tokenizer = await folder.small("tokenizer.json", JSON_FILE);
  const preprocessor = (await folder.small("preprocessor_config.json", CONFIG)) ?? (await folder.small(CONFIGS[1] as string, CONFIG));
  return { name, config, tokenizer, preprocessor, weights: await findWeights(folder, file), local: false };
}

/** Hugging Face's configuration, or open_clip's where that one is absent or another model's. */
async function readConfig(
  folder: Folder,
  isClip: (config: Uint8Array<ArrayBuffer>) => boolean,
): Promise<Uint8Array<ArrayBuffer> | null> {
  let first: Uint8Array<ArrayBuffer> | null = null;
  for (const name of CONFIGS) {
    const config = await folder.small(name, CONFIG);
    if (config && isClip(config)) return config;
    first ??= config;
  }
  return first;
}

async function findWeights(folder: Folder, file: string | null): Promise<SourceFile[]> {
  if (file && !file.endsWith(".json")) {
    const found = await folder.large(file);
    if (!found) throw new PickScoreError("not-found", `${folder.place} has no ${file}`);
    return [found];
  }
  if (file) return (await shards(folder, file)) ?? missing(folder, file);
  for (const [names, index] of [
    [WEIGHTS, INDEX],
    [TORCH_WEIGHTS, TORCH_INDEX],
  ] as const) {
    for (const name of names) {
      const found = await folder.large(name);
      if (found) return [found];
    }
    const found = await shards(folder, index);
    if (found) return found;
  }
  return missing(folder, `${WEIGHTS[0]} and no ${TORCH_WEIGHTS[0]}`);
}

/** The files that an index names; `null` where there is no such index. */
async function shards(folder: Folder, name: string): Promise<SourceFile[] | null> {
  const index = await folder.small(name, 16 << 20);
  return index && Promise.all(shardNames(index, name).map(async (file) => required(folder, file)));
}

function missing(folder: Folder, names: string): never {
  throw new PickScoreError("not-found", `${folder.place} has no ${names}`);
}

async function required(folder: Folder, name: string): Promise<SourceFile> {
  const found = await folder.large(name);
  if (!found) throw new PickScoreError("not-found", `${folder.place} has no ${name}, which its index names`);
  return found;
}

/** The files that the index of a sharded checkpoint names, in order. */
function shardNames(index: Uint8Array, file: string): string[] {
  const wrong = (reason: string) => new PickScoreError("model-weights", `${file} is no index of a sharded checkpoint: ${reason}`);
  let map: unknown;
  try {
    map = (JSON.parse(new TextDecoder().decode(index)) as { weight_map?: unknown }).weight_map;
  } catch (error) {
    throw wrong((error as Error).message);
  }
  if (typeof map !== "object" || map === null) throw wrong("it has no `weight_map`");
  const names = [...new Set(Object.values(map))].sort();
  if (names.length === 0 || names.length > 4096) throw wrong(`it names ${names.length} files`);
  for (const name of names) {
    if (typeof name !== "string" || !isPlain(name)) throw wrong(`it names ${JSON.stringify(name)}, expected a plain file name`);
  }
  return names as string[];
}

/** Whether a name is one of a file in the same folder. */
export function isPlain(name: string): boolean {
  return name !== "" && name !== "." && name !== ".." && name.length < 256 && !/[/\\:?#\0]/.test(name);
}

/** A folder of a server. The name of a file there cannot be asked for but by asking for the file. */
function serverFolder(base: URL, signal: AbortSignal): Folder {
  const at = (name: string) => {
    const url = new URL(encodeURIComponent(name), base);
    url.search = base.search;
    return url.href;
  };
  return {
    place: base.href,
    small: (name, longest) => fetchSmall(at(name), longest, signal),
    large: (name) => serverFile(name, at(name), signal),
  };
}

/** Opens the file at once: only so is it known to be there. Its first reader takes that very answer. */
async function serverFile(name: string, url: string, signal: AbortSignal): Promise<SourceFile | null> {
  let first: Download | null;
  try {
    first = await download(url, { signal });
  } catch (error) {
    if (error instanceof PickScoreError && error.code === "not-found") return null;
    throw error;
  }
  return {
    name,
    open: async (options) => {
      const ready = first;
      first = null;
      if (ready && !options.from) return ready;
      await ready?.cancel();
      return download(url, options);
    },
  };
}

async function fromManifest(
  address: URL,
  signal: AbortSignal,
  isClip: (config: Uint8Array<ArrayBuffer>) => boolean,
): Promise<Source> {
  const manifest = await fetchSmall(address.href, JSON_FILE, signal);
  if (!manifest) throw new PickScoreError("not-found", `${address.href} is not there`);
  const base = new URL(".", address);
  return fromFolder(nameOf(base), parseManifest(manifest, serverFolder(base, signal)), null, isClip);
}

/** Files that the visitor picked, by their names; folders above them do not matter. */
function localFolder(files: File[]): Folder {
  const byName = new Map(files.map((file) => [file.name, file]));
  const find = (name: string) => byName.get(name) ?? only(files, name);
  const folder: Folder = {
    place: "the selection",
    small: async (name, longest) => {
      const file = find(name);
      if (file && file.size > longest) throw new PickScoreError("model-config", `${name} has ${file.size} bytes; expected a short configuration`);
      return file ? new Uint8Array(await file.arrayBuffer()) : null;
    },
    large: async (name) => {
      const file = find(name);
      return file ? { name: file.name, open: async (options) => localDownload(file, options) } : null;
    },
  };
  return folder;
}

/** A single weight file may have any name: it stands for the first name that is looked for. */
function only(files: File[], name: string): File | undefined {
  const ending = name === WEIGHTS[0] ? SAFETENSORS : name === TORCH_WEIGHTS[0] ? TORCH : undefined;
  const fitting = ending ? files.filter((file) => ending.test(file.name)) : [];
  return fitting.length === 1 ? fitting[0] : undefined;
}

function modelName(files: File[]): string {
  const folder = files[0]?.webkitRelativePath.split("/").slice(-2, -1)[0];
  const weights = files.find((file) => SAFETENSORS.test(file.name)) ?? files.find((file) => TORCH.test(file.name));
  return folder || weights?.name.replace(/\.\w+$/, "") || "local files";
}

/** `…/owner/name/resolve/main/` is called `name`; any other folder by its last part. */
function nameOf(base: URL): string {
  const parts = base.pathname.split("/").filter(Boolean);
  const resolve = parts.indexOf("resolve");
  const name = base.hostname === "huggingface.co" && resolve > 0 ? parts[resolve - 1] : parts.pop();
  return decodeURIComponent(name ?? base.hostname);
}
