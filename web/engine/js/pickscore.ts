/**
 * PickScore in the browser: predicts which image people prefer for a prompt. Also runs the other
 * scorers that the paper compares.
 *
 * ```js
 * import { Scorer } from "./lib/pickscore.js";
 *
 * const scorer = await Scorer.load({ model: "hf:yuvalkirstain/PickScore_v1" });
 * const { scores, probabilities } = await scorer.score("a fox in the snow", files);
 * ```
 *
 * Importing this module loads nothing else. The engine is loaded by the first
 * {@link Scorer.load}.
 *
 * @packageDocumentation
 */

import { Connection } from "./connection";
import { PickScoreError } from "./error";
import { SCORERS } from "./scorers";
import { probe, requireDevice, type Selected } from "./support";
import { knownTile, rememberTile } from "./tile";
import type { Call, EmbeddingsCall, EmbeddingScores, EmbedResult, Info, LoadOptions, ScoreCall, ScoreResult, UnreadablePolicy } from "./types";

export { listCached, removeCached, type CachedModel } from "./cached";
export { PickScoreError, type ErrorCode } from "./error";
export { SCORERS, type ScorerName } from "./scorers";
export { probe, type Support } from "./support";
export type * from "./types";

/**
 * A loaded model, which runs in a worker. Calls are queued and may overlap. Also exported as
 * `PickScore`.
 *
 * Images are any iterable of `Blob`s: an array, `input.files`, `dataTransfer.files`, a generator.
 */
export class Scorer {
  /** Properties of the model and its device. */
  readonly info: Info;
  readonly #connection: Connection;

  private constructor(connection: Connection, info: Info) {
    this.#connection = connection;
    this.info = info;
  }

  /**
   * Loads a model from this browser's storage, or downloads it and stores it for the next visit.
   *
   * @throws {@link PickScoreError}
   */
  static async load(options: LoadOptions): Promise<Scorer> {
    const { model, scorer = "auto", head, device = "auto", precision = "auto", memory = "normal", cache = "on", signal, onProgress } = options ?? {};
    const source = modelSource(model);
    oneOf("scorer", scorer, ["auto", ...SCORERS.map(({ name }) => name)]);
    oneOf("device", device, ["auto", "webgpu", "cpu"]);
    oneOf("precision", precision, ["auto", "f32", "f16", "q8", "q8-fast"]);
    oneOf("cache", cache, ["on", "optional", "off"]);
    oneOf("memory", memory, ["normal", "low"]);
    if (memory === "low" && (typeof source !== "string" || cache !== "on")) {
      throw new PickScoreError("bad-argument", '`memory: "low"` requires a stored model: a URL and `cache: "on"`');
    }
    throwIfAborted(signal);
    const chosen = await select(device);
    if (cache !== "off" && typeof source === "string") {
      // Asks the browser not to evict the model. Not awaited, because the browser may prompt the
      // user, and the answer makes no difference here.
      void navigator.storage?.persist?.().catch(() => false);
    }
    const given = { scorer: scorer === "auto" ? null : scorer, head: headSource(head) };
    const request = { type: "load", model: source, ...given, ...chosen, precision, memory, cache } as const;
    const [connection, info] = await Connection.open(request, { signal, onProgress });
    if (info.tile !== undefined) rememberTile(info);
    return new Scorer(connection, info);
  }

  /**
   * Scores images for one prompt, in the given order. Scorers that read no prompt ignore it. Reads
   * PNG, JPEG, WebP, GIF, BMP and TIFF, and whatever else the browser supports. Embeddings of
   * recent prompts and images are cached. With `taste`, the scores are those of a person's taste.
   *
   * @throws {@link PickScoreError}
   */
  async score(prompt: string, images: Iterable<Blob>, options: ScoreCall = {}): Promise<ScoreResult> {
    checkPrompts([prompt]);
    const taste = options.taste === undefined ? {} : { taste: tasteFile(options.taste) };
    const request = { type: "score", prompt, images: blobs(images), options: callOptions(options), ...taste } as const;
    return this.#connection.call(request, options);
  }

  /**
   * Embeds prompts, in the given order, as unit-length vectors.
   *
   * @throws {@link PickScoreError} `no-embedding` if the scorer embeds no prompts
   */
  async embedText(prompts: string[], options: Call = {}): Promise<Float32Array[]> {
    checkPrompts(prompts);
    return this.#connection.call({ type: "texts", prompts }, options);
  }

  /**
   * Embeds images, in the given order, as unit-length vectors. The embedding of a skipped image is
   * empty.
   *
   * @throws {@link PickScoreError} `no-embedding` if the scorer embeds no images
   */
  async embedImages(images: Iterable<Blob>, options: Call = {}): Promise<Float32Array[]> {
    return (await this.readImages(images, options)).embeddings;
  }

  /**
   * As {@link embedImages}, and reports which images were skipped or decoded by the browser.
   *
   * @throws {@link PickScoreError}
   */
  async readImages(images: Iterable<Blob>, options: Call = {}): Promise<EmbedResult> {
    return this.#connection.call({ type: "images", images: blobs(images), options: callOptions(options) }, options);
  }

  /**
   * Decodes an image as the library reads it: RGBA with alpha dropped. For pages that show formats
   * that the browser does not support, such as TIFF.
   *
   * @throws {@link PickScoreError}
   */
  async decodeImage(image: Blob, options: Pick<Call, "signal"> = {}): Promise<ImageData> {
    blobs([image]);
    return this.#connection.call({ type: "decode", image }, options);
  }

  /**
   * Scores embeddings of {@link embedImages} for one prompt, without reading the images again. An
   * empty embedding scores NaN. HP's head reads embeddings as they were before normalisation, so
   * HP needs the `lengths` that {@link readImages} returns.
   *
   * @throws {@link PickScoreError} `no-embedding` if the scorer embeds no images
   */
  async scoreEmbeddings(prompt: string, images: Float32Array[], options: EmbeddingsCall = {}): Promise<EmbeddingScores> {
    checkPrompts([prompt]);
    if (!Array.isArray(images) || !images.every((image) => image instanceof Float32Array)) {
      throw new PickScoreError("bad-argument", "an embedding is not a Float32Array");
    }
    // One array is copied to the worker much faster than many.
    const sizes = images.map(({ length }) => length);
    const embeddings = new Float32Array(sizes.reduce((sum, size) => sum + size, 0));
    images.reduce((at, image) => (embeddings.set(image, at), at + image.length), 0);
    const { lengths = null, ...call } = options;
    if (lengths !== null && (!Array.isArray(lengths) || lengths.length !== images.length || !lengths.every(Number.isFinite))) {
      throw new PickScoreError("bad-argument", "`lengths` is not a list with a number for each embedding");
    }
    return this.#connection.call({ type: "compare", prompt, embeddings, sizes, lengths }, call);
  }

  /**
   * Terminates the worker and frees the memory of the page and the GPU. Pending calls fail with
   * `disposed`.
   */
  async dispose(): Promise<void> {
    await this.#connection.close();
  }
}

export { Scorer as PickScore };

/** Selects the device for a load, with the fastest tile of a GPU if it is known. */
async function select(wanted: "auto" | "webgpu" | "cpu"): Promise<Selected & { tile?: string }> {
  // The CPU does not need the GPU, which may be slow to answer.
  if (wanted === "cpu") return { device: "cpu", reason: "The CPU was requested." };
  const support = await probe();
  const chosen = requireDevice(support, wanted);
  return chosen.device === "webgpu" ? { ...chosen, ...knownTile(support) } : chosen;
}

/** Expands `hf:owner/name` and the URL of a Hugging Face model page to the URL of its files. */
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

/** The items of an iterable; `undefined` for anything else. */
function itemsOf(list: unknown): unknown[] | undefined {
  const iterator = (list as Partial<Iterable<unknown>> | null | undefined)?.[Symbol.iterator];
  return typeof iterator === "function" && typeof list !== "string" ? [...(list as Iterable<unknown>)] : undefined;
}

/** Checks that images are an iterable of blobs. */
function blobs(images: unknown): Blob[] {
  const list = itemsOf(images);
  if (!list) throw new PickScoreError("bad-argument", "`images` is not iterable; expected Blobs or Files, such as `input.files`");
  const other = list.findIndex((image) => !(image instanceof Blob));
  if (other >= 0) throw new PickScoreError("bad-argument", `image ${other} is not a Blob or a File`, { index: other });
  return list as Blob[];
}

/** The model as an absolute URL or as files. */
function modelSource(model: unknown): string | File[] {
  if (typeof model === "string" && model.trim() !== "") {
    try {
      return new URL(expand(model.trim()), document.baseURI).href;
    } catch {
      throw new PickScoreError("bad-argument", `\`model\` is ${JSON.stringify(model)}, which is not a URL`);
    }
  }
  const files = itemsOf(model) ?? [];
  if (files.length === 0 || !files.every((file) => file instanceof File)) {
    throw new PickScoreError("bad-argument", "`model` is neither a URL nor a list of files");
  }
  return files as File[];
}

/** The head as an absolute URL or a file. */
function headSource(head: unknown): string | File | null {
  if (head === undefined || head instanceof File) return head ?? null;
  try {
    if (typeof head === "string" && head.trim() !== "") return new URL(head.trim(), document.baseURI).href;
  } catch {
    // Reported below.
  }
  throw new PickScoreError("bad-argument", "`head` is neither a URL nor a file");
}

/** Largest `taste.json` in bytes, as `crate/taste/src/file.rs` has it, and its deepest nesting. */
const MOST_TASTE = 64 << 10;
const DEEPEST_TASTE = 8;

/** A parsed `taste.json`, of bounded size and depth. The worker checks what is in it. */
function tasteFile(taste: unknown): unknown {
  let json: unknown;
  let file: unknown;
  try {
    const { text } = (taste ?? {}) as { text?: unknown };
    // Cycles, big integers and too many levels cannot be written.
    json = typeof taste === "string" ? taste : typeof text === "string" ? text : JSON.stringify(taste);
  } catch {
    throw new PickScoreError("bad-taste", "the taste cannot be written as JSON");
  }
  if (typeof json !== "string") throw new PickScoreError("bad-taste", "the taste is not JSON");
  if (json.length > MOST_TASTE || new TextEncoder().encode(json).length > MOST_TASTE) {
    throw new PickScoreError("bad-taste", `the taste has more than ${MOST_TASTE} bytes`);
  }
  try {
    // Also a copy that can be sent to the worker.
    file = JSON.parse(json);
  } catch {
    throw new PickScoreError("bad-taste", "the taste is not JSON");
  }
  if (isDeeper(file, DEEPEST_TASTE)) throw new PickScoreError("bad-taste", "the taste is nested too deeply");
  return file;
}

/** Whether a value has more than `most` levels of objects and arrays. */
function isDeeper(value: unknown, most: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return most === 0 || Object.values(value).some((inner) => isDeeper(inner, most - 1));
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new PickScoreError("aborted", "the call was aborted");
}
