/** A loaded model, with caches of embeddings by prompt and by the SHA-256 of image files. */

import { asPickScoreError, PickScoreError } from "../error";
import type { EmbeddingScores, EmbedResult, ImagesRead, Info, ScoreResult } from "../types";
import type { CallOptions } from "../protocol";
import { sha256 } from "../store";
import { decodeInBrowser } from "./decode";
import type { Context } from "./context";
import { Recent } from "./recent";
import { byTaste, readTaste, softmax } from "./taste";
import type { Engine, Scorer } from "./wasm";

/** Number of cached embeddings of each kind, 4 KB each. */
const KEPT = 8192;
/** Number of cached images of a model without embeddings, 0.6 MB each. */
const KEPT_TOKENS = 256;
/** Images that are scored together with a prompt at a time. */
const TOGETHER = 16;
/** Prompts per batch. */
const PROMPTS = 16;
/** Longest duration of a batch, and thus of the delay of a cancellation. */
const BATCH_MILLISECONDS = 2500;
/** Largest batch on the CPU. Larger ones are not faster and take more memory. */
const CPU_BATCH = 4;
/** Largest image file, in bytes. */
const LARGEST_FILE = 512e6;

/**
 * The result for an image: its embedding, or the tokens of a model without embeddings; or an error.
 */
interface Outcome {
  embedding?: Float32Array;
  /** Its length before normalisation. */
  length?: number;
  problem?: PickScoreError;
  /** Whether the browser decoded it. */
  byBrowser?: boolean;
}

/** Loads a tower onto the device in place of the other and returns its scorer. */
export type TakeTurns = (tower: "text" | "vision", context: Pick<Context, "signal" | "progress">) => Promise<Scorer>;

/** Properties of a loaded model that only the worker needs. */
export interface Limits {
  /** Largest number of images per batch. */
  batch: number;
  /** Whether the scorer reads embeddings as they were before normalisation. */
  readsLengths: boolean;
}

export class Model {
  readonly info: Info;
  /** The current scorer. With `memory: "low"` it has one tower and is replaced by the next one. */
  #scorer: Scorer;
  #alive = true;
  readonly #takeTurns: TakeTurns | undefined;
  readonly #engine: Engine;
  readonly #largestBatch: number;
  /** Whether the scorer reads embeddings as they were before normalisation. */
  readonly #readsLengths: boolean;
  readonly #texts = new Recent<Float32Array>(KEPT);
  readonly #images: Recent<Outcome>;
  #batch = 1;

  constructor(scorer: Scorer, engine: Engine, info: Info, { batch, readsLengths }: Limits, takeTurns?: TakeTurns) {
    this.#takeTurns = takeTurns;
    this.#scorer = scorer;
    this.#engine = engine;
    this.info = info;
    this.#images = new Recent(info.embedsImages ? KEPT : KEPT_TOKENS);
    this.#readsLengths = readsLengths;
    this.#largestBatch = info.device === "cpu" ? Math.min(batch, CPU_BATCH) : batch;
  }

  async texts(prompts: string[], context: Context): Promise<Float32Array[]> {
    if (!this.info.embedsPrompts) throw noEmbedding(this.info, "prompts");
    await this.#revive(context);
    for (const [index, prompt] of prompts.entries()) {
      try {
        this.#scorer.truncates(prompt);
      } catch (error) {
        const { code, detail } = asPickScoreError(error);
        throw new PickScoreError(code, detail, { index });
      }
    }
    const found = new Map(prompts.map((prompt) => [prompt, this.#texts.get(prompt)]));
    const unseen = [...found].filter(([, embedding]) => !embedding).map(([prompt]) => prompt);
    if (unseen.length > 0) await this.#hold("text", context);
    for (let at = 0; at < unseen.length; at += PROMPTS) {
      context.signal.throwIfAborted();
      const batch = unseen.slice(at, at + PROMPTS);
      const embeddings = split(await this.#scorer.embed_texts(batch), batch.length);
      for (const [index, prompt] of batch.entries()) {
        const embedding = embeddings[index] as Float32Array;
        this.#texts.set(prompt, embedding);
        found.set(prompt, embedding);
      }
    }
    // Copies, so that callers cannot modify the cache.
    return prompts.map((prompt) => (found.get(prompt) as Float32Array).slice());
  }

  async images(images: Blob[], options: CallOptions, context: Context): Promise<EmbedResult> {
    if (!this.info.embedsImages) throw noEmbedding(this.info, "images");
    await this.#revive(context);
    const outcomes = await this.#embed(images, options, context);
    return {
      embeddings: outcomes.map(({ embedding }) => embedding?.slice() ?? new Float32Array()),
      lengths: outcomes.map(({ length }) => length ?? 0),
      ...summary(outcomes),
    };
  }

  /** Decodes an image with the library, or with the browser if its format is not supported. */
  async decode(image: Blob, context: Context): Promise<ImageData> {
    await this.#revive(context);
    const { bytes, problem } = await read(image);
    if (problem) throw problem;
    try {
      const { width, height, data } = this.#scorer.decode(bytes) as { width: number; height: number; data: Uint8ClampedArray<ArrayBuffer> };
      return new ImageData(data, width, height);
    } catch (error) {
      const decoded = asPickScoreError(error).code === "image-format" ? await decodeInBrowser(image, bytes) : null;
      if (!decoded) throw imageProblem(error);
      return decoded;
    }
  }

  async score(prompt: string, images: Blob[], { options, taste: file }: { options: CallOptions; taste?: unknown }, context: Context): Promise<ScoreResult> {
    if (file !== undefined && !this.info.embedsImages) throw noEmbedding(this.info, "images");
    const taste = file === undefined ? undefined : readTaste(file, this.info);
    await this.#revive(context);
    const truncated = this.#truncates(prompt);
    const outcomes = await this.#embed(images, options, context);
    const embedded = outcomes.filter(({ embedding }) => embedding !== undefined);
    const features = embedded.map(({ embedding }) => embedding as Float32Array);
    const present = outcomes.map(({ embedding }) => embedding !== undefined);
    if (!this.info.embedsImages) {
      const scored = place(await this.#together(prompt, features, context), present);
      return { scores: scored, probabilities: null, truncated, ...summary(outcomes) };
    }
    const text = await this.#text(prompt, context);
    const lengths = embedded.map(({ length }) => length ?? 1);
    const scored = await this.#score(text, joined(features), lengths, present);
    if (!taste) return { ...scored, truncated, ...summary(outcomes) };
    const scores = byTaste(taste, scored.scores, outcomes.map(({ embedding }) => embedding));
    return { scores, probabilities: softmax(scores), truncated, ...summary(outcomes) };
  }

  /**
   * Scores embeddings of images; the size of a skipped image's embedding is 0. `lengths` are those
   * before normalisation.
   */
  async compare(prompt: string, embeddings: Float32Array, sizes: number[], lengths: number[] | null, context: Context): Promise<EmbeddingScores> {
    const { embedsImages, dimensions } = this.info;
    if (!embedsImages) throw noEmbedding(this.info, "images");
    await this.#revive(context);
    const truncated = this.#truncates(prompt);
    const wrong = sizes.findIndex((size) => size !== 0 && size !== dimensions);
    if (wrong >= 0) {
      const found = sizes[wrong];
      throw new PickScoreError("bad-argument", `embedding ${wrong + 1} has ${found} values; expected ${dimensions}`, { index: wrong });
    }
    if (lengths === null && this.#readsLengths) {
      throw new PickScoreError("bad-argument", "HP reads embeddings as they were before normalisation; pass the `lengths` that `readImages` returns");
    }
    const text = await this.#text(prompt, context);
    const present = sizes.map((size) => size > 0);
    const known = present.flatMap((is, index) => (is ? [lengths?.[index] ?? 1] : []));
    return { ...(await this.#score(text, embeddings, known, present)), truncated };
  }

  /** The embedding of a prompt; nothing if the scorer reads none. */
  async #text(prompt: string, context: Context): Promise<Float32Array | undefined> {
    return this.info.readsPrompt ? (await this.texts([prompt], context))[0] : undefined;
  }

  #truncates(prompt: string): boolean {
    return this.info.readsPrompt && this.#scorer.truncates(prompt);
  }

  /** Scores and probabilities of the embeddings that are present; NaN for the others. */
  async #score(
    text: Float32Array | undefined,
    embeddings: Float32Array,
    lengths: number[],
    present: boolean[],
  ): Promise<Pick<EmbeddingScores, "scores" | "probabilities">> {
    const both = await this.#scorer.score(text, embeddings, new Float32Array(lengths));
    return {
      scores: place(both, present),
      probabilities: this.info.hasProbabilities ? place(both.subarray(lengths.length), present) : null,
    };
  }

  /** Scores of images by a text encoder that reads their tokens together with the prompt. */
  async #together(prompt: string, tokens: Float32Array[], context: Context): Promise<Float32Array> {
    const scores: Float32Array[] = [];
    for (let at = 0; at < tokens.length; at += TOGETHER) {
      context.signal.throwIfAborted();
      const some = tokens.slice(at, at + TOGETHER);
      scores.push(await this.#scorer.score_together(prompt, joined(some), some.length));
    }
    return joined(scores);
  }

  /** Frees the memory of the model and of its device. */
  dispose(): void {
    if (this.#alive) this.#scorer.free();
    this.#engine.device.destroy();
  }

  /** Embeds images, in the given order. Identical files are embedded once. */
  async #embed(images: Blob[], options: CallOptions, context: Context): Promise<Outcome[]> {
    const outcomes: Outcome[] = images.map(() => ({}));
    let done = 0;
    let waiting: { key: string; pixels: Float32Array; byBrowser: boolean; places: number[] }[] = [];
    const progress = (places: number) => {
      done += places;
      context.progress("images", done, images.length);
    };
    const run = async () => {
      const batch = waiting;
      waiting = [];
      await this.#hold("vision", context);
      const started = performance.now();
      const made = await this.#scorer.features(joined(batch.map(({ pixels }) => pixels)));
      const lengths = made.subarray(made.length - batch.length);
      const embeddings = split(made.subarray(0, made.length - batch.length), batch.length);
      this.#adapt(batch.length, performance.now() - started);
      for (const [index, { key, byBrowser, places }] of batch.entries()) {
        const outcome: Outcome = { embedding: embeddings[index] as Float32Array, length: lengths[index] as number, byBrowser };
        this.#images.set(key, outcome);
        for (const place of places) outcomes[place] = outcome;
        progress(places.length);
      }
    };
    for (const [place, image] of images.entries()) {
      context.signal.throwIfAborted();
      const { key, bytes, problem } = await read(image);
      const seen = this.#images.get(key);
      const twin = waiting.find((other) => other.key === key);
      if (twin) {
        twin.places.push(place);
        continue;
      }
      let outcome = seen ?? (problem ? { problem } : undefined);
      if (!outcome) {
        try {
          waiting.push({ key, ...(await this.#pixels(image, bytes)), places: [place] });
        } catch (error) {
          outcome = { problem: imageProblem(error) };
          this.#images.set(key, outcome);
        }
      }
      if (outcome) {
        outcomes[place] = outcome;
        progress(1);
      }
      if (outcome?.problem && options.unreadable === "throw") {
        const { code, message } = outcome.problem;
        throw new PickScoreError(code, `image ${place + 1} of ${images.length}${named(image)}: ${message}`, { index: place });
      }
      if (waiting.length >= this.#batch) await run();
    }
    context.signal.throwIfAborted();
    if (waiting.length > 0) await run();
    return outcomes;
  }

  /** Ensures that a tower is on the device. */
  async #hold(tower: "text" | "vision", { signal, progress }: Context): Promise<void> {
    if (!this.#takeTurns) return;
    this.#alive = false;
    this.#scorer = await this.#takeTurns(tower, { signal, progress });
    this.#alive = true;
  }

  /** Ensures that any tower is on the device. An aborted call may have left none. */
  async #revive(context: Context): Promise<void> {
    if (!this.#alive) await this.#hold(this.info.readsPrompt ? "text" : "vision", context);
  }

  /** Decodes and preprocesses an image, with the browser's decoder as a fallback. */
  async #pixels(image: Blob, bytes: Uint8Array<ArrayBuffer>): Promise<{ pixels: Float32Array; byBrowser: boolean }> {
    try {
      return { pixels: this.#scorer.pixels(bytes), byBrowser: false };
    } catch (error) {
      if (asPickScoreError(error).code !== "image-format") throw error;
      const decoded = await decodeInBrowser(image, bytes);
      if (!decoded) throw error;
      const { width, height, data } = decoded;
      return { pixels: this.#scorer.pixels_of_rgba(width, height, new Uint8Array(data.buffer)), byBrowser: true };
    }
  }

  /** Adapts the batch size, so that batches are as large as possible but can be cancelled soon. */
  #adapt(images: number, milliseconds: number): void {
    if (images < this.#batch) return;
    const fitting = Math.floor((BATCH_MILLISECONDS / Math.max(milliseconds, 1)) * images);
    this.#batch = Math.max(1, Math.min(fitting, 2 * this.#batch, this.#largestBatch));
  }
}

function noEmbedding({ scorer }: Info, what: "prompts" | "images"): PickScoreError {
  return new PickScoreError("no-embedding", `the scorer ${scorer} has no embeddings of ${what}`);
}

/** Reads an image file and its SHA-256. */
async function read(image: Blob): Promise<{ key: string; bytes: Uint8Array<ArrayBuffer>; problem?: PickScoreError }> {
  const none = new Uint8Array();
  const failed = (code: "image-too-large" | "image-damaged", message: string) => ({
    key: "",
    bytes: none,
    problem: new PickScoreError(code, message),
  });
  if (image.size > LARGEST_FILE) {
    return failed("image-too-large", `the file has ${image.size} bytes; expected at most ${LARGEST_FILE}`);
  }
  try {
    const bytes = new Uint8Array(await image.arrayBuffer());
    return { key: await sha256(bytes), bytes };
  } catch (error) {
    return failed("image-damaged", `the file cannot be read (${(error as Error).message}); was it moved or changed?`);
  }
}

/** Lists skipped images and those decoded by the browser. */
function summary(outcomes: readonly Outcome[]): ImagesRead {
  const found: ImagesRead = { skipped: [], decodedByBrowser: [] };
  for (const [index, { problem, byBrowser }] of outcomes.entries()) {
    if (problem) found.skipped.push({ index, code: problem.code, message: problem.message });
    if (byBrowser) found.decodedByBrowser.push(index);
  }
  return found;
}

/** Converts an exception to the error of an image; rethrows a crash of the engine. */
function imageProblem(error: unknown): PickScoreError {
  const problem = asPickScoreError(error);
  if (problem.code === "crashed") throw problem;
  return problem;
}

/** The name of an image file for messages. */
function named(image: Blob): string {
  return image instanceof File && image.name ? ` (${image.name})` : "";
}

/** Values of the images that are present; NaN for the others. */
function place(values: Float32Array, present: boolean[]): number[] {
  let at = 0;
  return present.map((is) => (is ? (values[at++] ?? Number.NaN) : Number.NaN));
}

/** Splits `[count, length]` into `count` arrays. */
function split(values: Float32Array, count: number): Float32Array[] {
  const length = values.length / Math.max(count, 1);
  return Array.from({ length: count }, (_, index) => values.slice(index * length, (index + 1) * length));
}

/** Concatenates arrays. */
function joined(parts: Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
