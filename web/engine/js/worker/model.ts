/** A loaded model with what it has seen: prompts by their text, images by the SHA-256 of their bytes. */

import { asPickScoreError, PickScoreError } from "../error";
import type { EmbeddingScores, EmbedResult, ImagesRead, Info, ScoreResult } from "../pickscore";
import type { CallOptions } from "../protocol";
import { sha256 } from "../store";
import { decodeInBrowser } from "./decode";
import type { Context } from "./main";
import { Recent } from "./recent";
import type { Engine, Scorer } from "./wasm";

/** Embeddings that are kept, 4 KB each. */
const KEPT = 8192;
/** Prompts that are run at once. */
const PROMPTS = 16;
/** How long one batch should take at most: as long as a cancelled call goes on in the worker. */
const BATCH_MILLISECONDS = 2500;
/** The largest batch on the CPU: more at once are no faster, and take memory. */
const CPU_BATCH = 4;
/** Largest image file that is read. */
const LARGEST_FILE = 512e6;

/** An image of a call: its embedding, or why there is none. */
interface Outcome {
  embedding?: Float32Array;
  problem?: PickScoreError;
  /** Whether the browser decoded it. */
  byBrowser?: boolean;
}

/** Brings a tower to the device and gives the scorer that has it. */
export type TakeTurns = (tower: "text" | "vision", context: Pick<Context, "signal" | "progress">) => Promise<Scorer>;

export class Model {
  readonly info: Info;
  /** The one that was used last: where the towers take turns there is one for each, of which one lives. */
  #scorer: Scorer;
  #alive = true;
  readonly #takeTurns: TakeTurns | undefined;
  readonly #engine: Engine;
  readonly #largestBatch: number;
  readonly #texts = new Recent<Float32Array>(KEPT);
  readonly #images = new Recent<Outcome>(KEPT);
  #batch = 1;

  constructor(scorer: Scorer, engine: Engine, info: Info, largestBatch: number, takeTurns?: TakeTurns) {
    this.#takeTurns = takeTurns;
    this.#scorer = scorer;
    this.#engine = engine;
    this.info = info;
    this.#largestBatch = info.device === "cpu" ? Math.min(largestBatch, CPU_BATCH) : largestBatch;
  }

  async texts(prompts: string[], context: Context): Promise<Float32Array[]> {
    await this.#revive(context);
    for (const [index, prompt] of prompts.entries()) {
      try {
        this.#scorer.truncates(prompt);
      } catch (error) {
        const { code, message } = asPickScoreError(error);
        throw new PickScoreError(code, message, index);
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
    // Copies: what a caller does to its own must not reach the next call.
    return prompts.map((prompt) => (found.get(prompt) as Float32Array).slice());
  }

  async images(images: Blob[], options: CallOptions, context: Context): Promise<EmbedResult> {
    await this.#revive(context);
    const outcomes = await this.#embed(images, options, context);
    return { embeddings: outcomes.map(({ embedding }) => embedding?.slice() ?? new Float32Array()), ...told(outcomes) };
  }

  /** An image as the library decodes it, else as the browser does. */
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

  async score(prompt: string, images: Blob[], options: CallOptions, context: Context): Promise<ScoreResult> {
    await this.#revive(context);
    const truncated = this.#scorer.truncates(prompt);
    const outcomes = await this.#embed(images, options, context);
    const [text] = await this.texts([prompt], context);
    const embeddings = joined(outcomes.flatMap(({ embedding }) => (embedding ? [embedding] : [])));
    const scored = this.#score(text as Float32Array, embeddings, outcomes.map(({ embedding }) => embedding !== undefined));
    return { ...scored, truncated, ...told(outcomes) };
  }

  /** Scores of embeddings that the page kept: no image is read again. One of no length is of an image that was skipped. */
  async compare(prompt: string, embeddings: Float32Array, lengths: number[], context: Context): Promise<EmbeddingScores> {
    const [text] = (await this.texts([prompt], context)) as [Float32Array];
    const strange = lengths.findIndex((length) => length !== 0 && length !== text.length);
    if (strange >= 0) {
      const found = lengths[strange];
      throw new PickScoreError("bad-argument", `embedding ${strange + 1} has ${found} numbers; this model's have ${text.length}`, strange);
    }
    const scored = this.#score(text, embeddings, lengths.map((length) => length > 0));
    return { ...scored, truncated: this.#scorer.truncates(prompt) };
  }

  /** Scores and probabilities of embeddings, put in the places of those that are there; NaN in the others. */
  #score(text: Float32Array, embeddings: Float32Array, there: boolean[]): { scores: number[]; probabilities: number[] } {
    const both = this.#scorer.score(text, embeddings);
    let at = 0;
    const places = there.map((is) => (is ? at++ : Number.NaN));
    return {
      scores: places.map((place) => both[place] ?? Number.NaN),
      probabilities: places.map((place) => both[at + place] ?? Number.NaN),
    };
  }

  /** Frees the memory of the model and of its device. */
  dispose(): void {
    if (this.#alive) this.#scorer.free();
    this.#engine.device.destroy();
  }

  /** Embeddings in the order given; images of equal bytes run once, whenever they were seen. */
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
      const embeddings = split(await this.#scorer.embed_pixels(joined(batch.map(({ pixels }) => pixels))), batch.length);
      this.#adapt(batch.length, performance.now() - started);
      for (const [index, { key, byBrowser, places }] of batch.entries()) {
        const outcome: Outcome = { embedding: embeddings[index] as Float32Array, byBrowser };
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
        throw new PickScoreError(code, `image ${place + 1} of ${images.length}${named(image)}: ${message}`, place);
      }
      if (waiting.length >= this.#batch) await run();
    }
    context.signal.throwIfAborted();
    if (waiting.length > 0) await run();
    return outcomes;
  }

  /** Has a tower on the device. */
  async #hold(tower: "text" | "vision", { signal, progress }: Context): Promise<void> {
    if (!this.#takeTurns) return;
    this.#alive = false;
    this.#scorer = await this.#takeTurns(tower, { signal, progress });
    this.#alive = true;
  }

  /** Has any tower on the device: a turn that was aborted left none. */
  async #revive(context: Context): Promise<void> {
    if (!this.#alive) await this.#hold("text", context);
  }

  /** An image as the model reads it. What the library does not decode, the browser may. */
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

  /** Batches grow while they are quick: a fast GPU wants many images at once, a slow one would keep a cancelled call waiting. */
  #adapt(images: number, milliseconds: number): void {
    if (images < this.#batch) return;
    const fitting = Math.floor((BATCH_MILLISECONDS / Math.max(milliseconds, 1)) * images);
    this.#batch = Math.max(1, Math.min(fitting, 2 * this.#batch, this.#largestBatch));
  }
}

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

/** What became of images, for whoever asked. */
function told(outcomes: readonly Outcome[]): ImagesRead {
  const found: ImagesRead = { skipped: [], decodedByBrowser: [] };
  for (const [index, { problem, byBrowser }] of outcomes.entries()) {
    if (problem) found.skipped.push({ index, code: problem.code, message: problem.message });
    if (byBrowser) found.decodedByBrowser.push(index);
  }
  return found;
}

/** Anything but a crash of the engine is the image's own fault. */
function imageProblem(error: unknown): PickScoreError {
  const problem = asPickScoreError(error);
  if (problem.code === "crashed") throw problem;
  return problem;
}

function named(image: Blob): string {
  return image instanceof File && image.name ? ` (${image.name})` : "";
}

/** `[count, length]` → `count` arrays. */
function split(values: Float32Array, count: number): Float32Array[] {
  const length = values.length / Math.max(count, 1);
  return Array.from({ length: count }, (_, index) => values.slice(index * length, (index + 1) * length));
}

function joined(parts: Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
