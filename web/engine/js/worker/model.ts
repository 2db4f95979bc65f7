/** A loaded model, with a cache of embeddings of prompts. */

import { asPickScoreError, PickScoreError } from "../error";
import type { EmbeddingScores, EmbedResult, ImagesRead, Info, ScoreResult } from "../types";
import type { CallOptions } from "../protocol";
import type { Context } from "./context";
import { Embedder, type Outcome } from "./embedder";
import { Recent } from "./recent";
import { split } from "./split";
import { byTaste, readTaste, softmax } from "./taste";
import type { Engine, ImagePixels, PromptTokens, Scorer } from "./wasm";

/** Number of cached embeddings of prompts, 4 KB each. */
const KEPT = 8192;
/** Images that are scored together with a prompt at a time. */
const TOGETHER = 16;
/** Prompts per batch. */
const PROMPTS = 16;

/** A prompt as the model reads it. It is tokenized once. */
interface Prompt {
  /** Whether it is truncated to the context length. */
  truncated: boolean;
  /** Absent once it is embedded. */
  tokens?: PromptTokens;
  embedding?: Float32Array;
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
  /** Whether the scorer reads embeddings as they were before normalisation. */
  readonly #readsLengths: boolean;
  readonly #texts = new Recent<Prompt>(KEPT);
  readonly #embedder: Embedder;

  constructor(scorer: Scorer, engine: Engine, info: Info, { batch, readsLengths }: Limits, takeTurns?: TakeTurns) {
    this.#takeTurns = takeTurns;
    this.#scorer = scorer;
    this.#engine = engine;
    this.info = info;
    this.#readsLengths = readsLengths;
    const features = async (pixels: ImagePixels[], context: Context) => {
      await this.#hold("vision", context);
      return this.#scorer.features(pixels);
    };
    this.#embedder = new Embedder(scorer.reader(), engine, info, batch, features);
  }

  async texts(prompts: string[], context: Context): Promise<Float32Array[]> {
    if (!this.info.embedsPrompts) throw noEmbedding(this.info, "prompts");
    await this.#revive(context);
    const read = new Map<string, Prompt>();
    for (const [index, prompt] of prompts.entries()) {
      if (read.has(prompt)) continue;
      try {
        read.set(prompt, this.#prompt(prompt));
      } catch (error) {
        const { code, detail } = asPickScoreError(error);
        throw new PickScoreError(code, detail, { index });
      }
    }
    await this.#embedPrompts(read, context);
    // Copies, so that callers cannot modify the cache.
    return prompts.map((prompt) => (read.get(prompt)?.embedding as Float32Array).slice());
  }

  async images(images: Blob[], options: CallOptions, context: Context): Promise<EmbedResult> {
    if (!this.info.embedsImages) throw noEmbedding(this.info, "images");
    await this.#revive(context);
    const outcomes = await this.#embedder.embed(images, options, context);
    return {
      embeddings: outcomes.map(({ embedding }) => embedding?.slice() ?? new Float32Array()),
      lengths: outcomes.map(({ length }) => length ?? 0),
      ...summary(outcomes),
    };
  }

  /** Decodes an image with the library, or with the browser if its format is not supported. */
  decode(image: Blob): Promise<ImageData> {
    return this.#embedder.decode(image);
  }

  async score(prompt: string, images: Blob[], { options, taste: file }: { options: CallOptions; taste?: unknown }, context: Context): Promise<ScoreResult> {
    if (file !== undefined && !this.info.embedsImages) throw noEmbedding(this.info, "images");
    const taste = file === undefined ? undefined : readTaste(file, this.info);
    await this.#revive(context);
    const read = this.#readPrompt(prompt);
    const truncated = read?.truncated ?? false;
    const outcomes = await this.#embedder.embed(images, options, context);
    const embedded = outcomes.filter(({ embedding }) => embedding !== undefined);
    const features = embedded.map(({ embedding }) => embedding as Float32Array);
    const present = outcomes.map(({ embedding }) => embedding !== undefined);
    if (!this.info.embedsImages) {
      const scored = place(await this.#together(read?.tokens as PromptTokens, features, context), present);
      return { scores: scored, probabilities: null, truncated, ...summary(outcomes) };
    }
    const text = await this.#text(prompt, read, context);
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
    const read = this.#readPrompt(prompt);
    const truncated = read?.truncated ?? false;
    const wrong = sizes.findIndex((size) => size !== 0 && size !== dimensions);
    if (wrong >= 0) {
      const found = sizes[wrong];
      throw new PickScoreError("bad-argument", `embedding ${wrong + 1} has ${found} values; expected ${dimensions}`, { index: wrong });
    }
    if (lengths === null && this.#readsLengths) {
      throw new PickScoreError("bad-argument", "HP reads embeddings as they were before normalisation; pass the `lengths` that `readImages` returns");
    }
    const text = await this.#text(prompt, read, context);
    const present = sizes.map((size) => size > 0);
    const known = present.flatMap((is, index) => (is ? [lengths?.[index] ?? 1] : []));
    return { ...(await this.#score(text, embeddings, known, present)), truncated };
  }

  /** The embedding of a prompt; nothing if the scorer reads none. */
  async #text(prompt: string, read: Prompt | undefined, context: Context): Promise<Float32Array | undefined> {
    if (read) await this.#embedPrompts(new Map([[prompt, read]]), context);
    return read?.embedding;
  }

  /** A prompt that may be empty if the scorer reads none. */
  #readPrompt(prompt: string): Prompt | undefined {
    return this.info.readsPrompt ? this.#prompt(prompt) : undefined;
  }

  #prompt(prompt: string): Prompt {
    const known = this.#texts.get(prompt);
    if (known) return known;
    const tokens = this.#scorer.tokens(prompt);
    return { truncated: tokens.truncated, tokens };
  }

  /** Embeds the prompts that are not embedded yet. */
  async #embedPrompts(prompts: ReadonlyMap<string, Prompt>, context: Context): Promise<void> {
    const unseen = [...prompts].filter(([, { embedding }]) => !embedding);
    if (unseen.length > 0) await this.#hold("text", context);
    for (let at = 0; at < unseen.length; at += PROMPTS) {
      context.signal.throwIfAborted();
      const batch = unseen.slice(at, at + PROMPTS);
      // The engine frees the tokens.
      const tokens = batch.map(([, { tokens }]) => tokens as PromptTokens);
      const embeddings = split(await this.#scorer.embed_texts(tokens), batch.length);
      for (const [index, [prompt, read]] of batch.entries()) {
        delete read.tokens;
        read.embedding = embeddings[index] as Float32Array;
        this.#texts.set(prompt, read);
      }
    }
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
  async #together(prompt: PromptTokens, tokens: Float32Array[], context: Context): Promise<Float32Array> {
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
    this.#embedder.free();
    this.#engine.device.destroy();
  }

  /** Replaces a worker that decodes images. */
  decoderFailed(id: number): void {
    this.#embedder.decoderFailed(id);
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

}

function noEmbedding({ scorer }: Info, what: "prompts" | "images"): PickScoreError {
  return new PickScoreError("no-embedding", `the scorer ${scorer} has no embeddings of ${what}`);
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

/** Values of the images that are present; NaN for the others. */
function place(values: Float32Array, present: boolean[]): number[] {
  let at = 0;
  return present.map((is) => (is ? (values[at++] ?? Number.NaN) : Number.NaN));
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
