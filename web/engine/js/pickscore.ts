/**
 * PickScore in the browser: how well an image fits a prompt, as people would judge it.
 *
 * ```js
 * import { PickScore } from "./lib/pickscore.js";
 *
 * const scorer = await PickScore.load({ model: "https://huggingface.co/yuvalkirstain/PickScore_v1" });
 * const { scores, probabilities } = await scorer.score("a fox in the snow", files);
 * ```
 *
 * Importing this module loads nothing else; the engine comes with the first {@link PickScore.load}.
 *
 * @packageDocumentation
 */

import { Connection } from "./connection";
import { type ErrorCode, PickScoreError } from "./error";
import { probe, requireDevice } from "./support";
import { knownTile, rememberTile } from "./tile";

export { PickScoreError, type ErrorCode } from "./error";
export { probe, type Support } from "./support";
export { listCached, removeCached, type CachedModel } from "./cached";

/** Where the engine computes. */
export type Device = "webgpu" | "cpu";

/** What matrices are stored as: `"auto"` takes f16 where the GPU computes in it, else f32 or, for large models, 8-bit blocks. */
export type PrecisionChoice = "auto" | Precision;
/** What matrices are stored as. */
export type Precision = "f32" | "f16" | "q8";

/**
 * Whether a model is kept in the browser's storage for the next visit: `"on"` fails with `storage-full` where there is no space,
 * `"optional"` goes on without keeping it, `"off"` neither reads nor writes it.
 */
export type CachePolicy = "on" | "optional" | "off";

/**
 * How much of a model the device holds: `"normal"` all of it, `"low"` one of its towers at a time, which take turns and come from storage each
 * time, so that score many images with few prompts at a time.
 */
export type MemoryUse = "normal" | "low";

/** What becomes of a call when one of its images cannot be read: `"throw"` fails it, `"skip"` scores the others. */
export type UnreadablePolicy = "throw" | "skip";

/**
 * What a load or call is doing.
 *
 * | stage | of | what is done |
 * |---|---|---|
 * | `engine` | load | loads the engine's wasm |
 * | `config` | load | reads the configuration files |
 * | `waiting` | load | waits for another tab that loads the same model |
 * | `restore` | load | reads what an interrupted load had stored |
 * | `download` | load | downloads the weights |
 * | `cache` | load | reads the weights from this browser's storage |
 * | `files` | load | reads the weights from local files |
 * | `starting-over` | load | starts the download again: the server cannot resume it |
 * | `check` | load | runs the self-test |
 * | `images` | call | reads and embeds images |
 */
export type Stage = "engine" | "config" | "waiting" | "restore" | "download" | "cache" | "files" | "starting-over" | "check" | "images";

/** The progress of a load or call. */
export interface LoadProgress {
  stage: Stage;
  /** Bytes of a load, images of a call. */
  loaded: number;
  /** How many there are, where that is known. */
  total?: number;
}

/** How to load a model. */
export interface LoadOptions {
  /**
   * A model directory in Hugging Face's layout, a safetensors file with `config.json` beside it, an index of a sharded one, or a shard
   * manifest; as an address (a Hugging Face model page works too) or as local files: an array, or `input.files` as it is.
   */
  model: string | Iterable<File>;
  /** Where to compute; `"auto"` takes WebGPU where it can, else the CPU. */
  device?: "auto" | Device;
  /** What to store matrices as. */
  precision?: PrecisionChoice;
  /** How much of the model the device holds. `"low"` needs a model that is kept. Default `"normal"`. */
  memory?: MemoryUse;
  /** Whether to keep the model for the next visit. Local files are never kept. Default `"on"`. */
  cache?: CachePolicy;
  /** Stops the load. What has come is kept, and the next load goes on from there. */
  signal?: AbortSignal;
  /** Told how far it has come. */
  onProgress?: (progress: LoadProgress) => void;
}

/** Options of a call. */
export interface Call {
  /** Stops the call between two images; the model stays loaded. */
  signal?: AbortSignal;
  /** Told how many images are done. */
  onProgress?: (progress: LoadProgress) => void;
  /** What to do about an image that cannot be read. Default `"throw"`. */
  unreadable?: UnreadablePolicy;
}

/** Scores of one prompt with embeddings of images, in the order given. Only scores of the same prompt compare. */
export interface EmbeddingScores {
  /** `exp(logit scale) · cosine`: about 15 to 25 for PickScore. NaN for an image that was skipped. */
  scores: number[];
  /** How likely each image is the one that people would prefer among these: their softmax, which sums to 1. NaN for a skipped one. */
  probabilities: number[];
  /** Whether the model read only the beginning of the prompt. */
  truncated: boolean;
}

/** What became of images that were read. */
export interface ImagesRead {
  /** Images that could not be read. Empty unless `unreadable` is `"skip"`. */
  skipped: { index: number; code: ErrorCode; message: string }[];
  /** Images that the browser decoded because the library does not: browsers differ in the last bits, and so may the score. */
  decodedByBrowser: number[];
}

/** Scores of one prompt with images, in the order given. */
export interface ScoreResult extends EmbeddingScores, ImagesRead {}

/** Embeddings of images, in the order given. */
export interface EmbedResult extends ImagesRead {
  /** Unit-length; a skipped image's is empty. */
  embeddings: Float32Array[];
}

/** What a scorer is and what it runs on. */
export interface Info {
  /** The model's name: the last part of its address. */
  model: string;
  /** Where it computes. */
  device: Device;
  /** The GPU's name, where the browser tells it. */
  adapter?: string;
  /** What matrices are stored as. */
  precision: Precision;
  /** How the GPU multiplies matrices: what was fastest on it when it was first used, for example `"blocked-32x64"`. */
  tile?: string;
  /** Threads that the CPU path runs on: as many as there are cores where the page is cross-origin isolated, else one. */
  threads: number;
  /** How much of the model the device holds. */
  memory: MemoryUse;
  /** Why this device and this precision, in a sentence each. */
  reasons: string[];
  /** Numbers in the model. */
  parameters: number;
  /** Width and height that images are brought to. */
  imageSize: number;
  /** Numbers of an embedding. */
  dimensions: number;
  /** What a cosine is multiplied by to be a score. */
  logitScale: number;
  /** Tensors of the files that the model has no use for. */
  unexpected: string[];
  /** Where the weights came from. */
  source: "cache" | "network" | "files";
  /** Whether the next visit finds it stored. */
  cached: boolean;
  /** Bytes of the weights as they are stored. */
  bytes: number;
  /** Bytes of memory that the engine itself took, the GPU's not counted. */
  engineMemory: number;
  /** What a user may want to know about this load. */
  notes: string[];
}

/**
 * A loaded model. One worker holds it; calls queue and may be made while others run. Also exported as `PickScore`.
 *
 * Images are any iterable of `Blob`s: an array, `input.files`, `dataTransfer.files`, a generator.
 */
export class Scorer {
  /** What it is and what it runs on. */
  readonly info: Info;
  readonly #connection: Connection;

  private constructor(connection: Connection, info: Info) {
    this.#connection = connection;
    this.info = info;
  }

  /**
   * Loads a model: from this browser's storage where it is kept there, else from its address, keeping it for the next visit.
   *
   * @throws {@link PickScoreError}
   */
  static async load(options: LoadOptions): Promise<Scorer> {
    const { model, device = "auto", precision = "auto", memory = "normal", cache = "on", signal, onProgress } = options ?? {};
    const source = modelSource(model);
    oneOf("device", device, ["auto", "webgpu", "cpu"]);
    oneOf("precision", precision, ["auto", "f32", "f16", "q8"]);
    oneOf("cache", cache, ["on", "optional", "off"]);
    oneOf("memory", memory, ["normal", "low"]);
    if (memory === "low" && (typeof source !== "string" || cache !== "on")) {
      throw new PickScoreError("bad-argument", '`memory: "low"` needs a model that is kept: an address, and `cache: "on"`');
    }
    throwIfAborted(signal);
    const support = await probe();
    const chosen = requireDevice(support, device);
    const tile = chosen.device === "webgpu" ? knownTile(support) : {};
    if (cache !== "off" && typeof source === "string") {
      // Asks the browser not to clear it by itself. Not waited for: a browser may ask the visitor in turn, and declining changes nothing here.
      void navigator.storage?.persist?.().catch(() => false);
    }
    const request = { type: "load", model: source, ...chosen, ...tile, precision, memory, cache } as const;
    const [connection, info] = await Connection.open(request, { signal, onProgress });
    if (info.tile !== undefined) rememberTile(info);
    return new Scorer(connection, info);
  }

  /**
   * Scores one prompt with images (PNG, JPEG, WebP, GIF, BMP or TIFF; others as far as the browser reads them), in the order given. Prompts
   * and images that have been seen before cost nothing.
   *
   * @throws {@link PickScoreError}
   */
  async score(prompt: string, images: Iterable<Blob>, options: Call = {}): Promise<ScoreResult> {
    checkPrompts([prompt]);
    const request = { type: "score", prompt, images: blobs(images), options: callOptions(options) } as const;
    return this.#connection.call(request, options);
  }

  /**
   * Unit-length embeddings of prompts, in the order given.
   *
   * @throws {@link PickScoreError}
   */
  async embedText(prompts: string[], options: Call = {}): Promise<Float32Array[]> {
    checkPrompts(prompts);
    return this.#connection.call({ type: "texts", prompts }, options);
  }

  /**
   * Unit-length embeddings of images, in the order given; a skipped image's is empty.
   *
   * @throws {@link PickScoreError}
   */
  async embedImages(images: Iterable<Blob>, options: Call = {}): Promise<Float32Array[]> {
    return (await this.readImages(images, options)).embeddings;
  }

  /**
   * What {@link embedImages} gives, with what became of each image.
   *
   * @throws {@link PickScoreError}
   */
  async readImages(images: Iterable<Blob>, options: Call = {}): Promise<EmbedResult> {
    return this.#connection.call({ type: "images", images: blobs(images), options: callOptions(options) }, options);
  }

  /**
   * The decoded image, as the library reads it: RGBA, alpha dropped. For pages that show images which the browser cannot, such as TIFF.
   *
   * @throws {@link PickScoreError}
   */
  async decodeImage(image: Blob, options: Pick<Call, "signal"> = {}): Promise<ImageData> {
    blobs([image]);
    return this.#connection.call({ type: "decode", image }, options);
  }

  /**
   * Scores one prompt with images by their embeddings, as {@link embedImages} gives them: what has been embedded once is scored with any
   * number of prompts, and its probabilities among any number of others, without being read again. An empty embedding scores NaN.
   *
   * @throws {@link PickScoreError}
   */
  async scoreEmbeddings(prompt: string, images: Float32Array[], options: Pick<Call, "signal"> = {}): Promise<EmbeddingScores> {
    checkPrompts([prompt]);
    if (!Array.isArray(images) || !images.every((image) => image instanceof Float32Array)) {
      throw new PickScoreError("bad-argument", "an embedding is not a Float32Array");
    }
    // In one piece, which a browser copies to the worker much faster than a thousand.
    const lengths = images.map(({ length }) => length);
    const embeddings = new Float32Array(lengths.reduce((sum, length) => sum + length, 0));
    images.reduce((at, image) => (embeddings.set(image, at), at + image.length), 0);
    return this.#connection.call({ type: "compare", prompt, embeddings, lengths }, options);
  }

  /** Ends the worker and gives back the memory of page and GPU. Calls that wait fail with `disposed`. */
  async dispose(): Promise<void> {
    await this.#connection.close();
  }
}

export { Scorer as PickScore };

/** `hf:owner/name` and Hugging Face's model pages are directories of files. */
function expand(model: string): string {
  const page = /^(?:hf:|https:\/\/huggingface\.co\/)([\w.-]+\/[\w.-]+?)\/?(?:\/tree\/([^/?#]+)\/?)?$/.exec(model);
  return page ? `https://huggingface.co/${page[1]}/resolve/${page[2] ?? "main"}/` : model;
}

function callOptions(options: Call): { unreadable: UnreadablePolicy } {
  const unreadable = options.unreadable ?? "throw";
  oneOf("unreadable", unreadable, ["throw", "skip"]);
  return { unreadable };
}

function oneOf(name: string, value: unknown, allowed: string[]): void {
  if (allowed.includes(value as string)) return;
  const list = allowed.map((word) => `"${word}"`).join(", ");
  throw new PickScoreError("bad-argument", `\`${name}\` is ${JSON.stringify(value)}; expected ${list}`);
}

function checkPrompts(prompts: unknown): void {
  if (Array.isArray(prompts) && prompts.every((prompt) => typeof prompt === "string")) return;
  throw new PickScoreError("bad-argument", "a prompt is not a string");
}

/** The items of an iterable; nothing if it is not one. */
function itemsOf(list: unknown): unknown[] | undefined {
  const iterator = (list as Partial<Iterable<unknown>> | null | undefined)?.[Symbol.iterator];
  return typeof iterator === "function" && typeof list !== "string" ? [...(list as Iterable<unknown>)] : undefined;
}

/** Images as a message carries them. */
function blobs(images: unknown): Blob[] {
  const list = itemsOf(images);
  if (!list) throw new PickScoreError("bad-argument", "`images` is not iterable; expected Blobs or Files, such as `input.files`");
  const other = list.findIndex((image) => !(image instanceof Blob));
  if (other >= 0) throw new PickScoreError("bad-argument", `image ${other} is not a Blob or a File`, other);
  return list as Blob[];
}

/** The model as a message carries it: an absolute address, or files. */
function modelSource(model: unknown): string | File[] {
  if (typeof model === "string" && model.trim() !== "") {
    try {
      return new URL(expand(model.trim()), document.baseURI).href;
    } catch {
      throw new PickScoreError("bad-argument", `\`model\` is ${JSON.stringify(model)}, which is not an address`);
    }
  }
  const files = itemsOf(model) ?? [];
  if (files.length === 0 || !files.every((file) => file instanceof File)) {
    throw new PickScoreError("bad-argument", "`model` is the address of a model, or its files");
  }
  return files as File[];
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new PickScoreError("aborted", "the call was aborted");
}
