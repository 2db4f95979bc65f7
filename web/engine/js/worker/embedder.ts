/**
 * Embeds images, with a cache of the results by the SHA-256 of image files.
 *
 * Other workers decode images while the device computes. This worker decodes too while a GPU
 * computes and too few images are ready. A CPU computes in this worker; if its threads occupy all
 * cores, nothing is decoded meanwhile, and all workers decode between batches.
 */

import { asPickScoreError, PickScoreError } from "../error";
import type { CallOptions } from "../protocol";
import type { Info } from "../types";
import type { Context } from "./context";
import { decodeInBrowser } from "./decode";
import { Decoders } from "./decoders";
import { Pipeline, turn } from "./pipeline";
import { imageProblem, type Prepared, type ProcessorDescription, readFile } from "./prepare";
import { Recent } from "./recent";
import { release } from "./release";
import { split } from "./split";
import type { Engine, ImagePixels, ImageReader } from "./wasm";

/** Number of cached embeddings, 4 KB each. */
const KEPT = 8192;
/** Number of cached images of a model without embeddings, 0.6 MB each. */
const KEPT_TOKENS = 256;
/** Longest duration of a batch, and thus of the delay of a cancellation. */
const BATCH_MILLISECONDS = 2500;
/** Largest batch on the CPU. Larger ones are not faster and take more memory. */
const CPU_BATCH = 4;
/** Images that are decoded ahead for each worker that decodes, in addition to two batches. */
const AHEAD = 8;

/**
 * The result for an image: its embedding, or the tokens of a model without embeddings; or an error.
 */
export interface Outcome {
  embedding?: Float32Array;
  /** Its length before normalisation. */
  length?: number;
  problem?: PickScoreError;
  /** Whether the browser decoded it. */
  byBrowser?: boolean;
}

/** A prepared image and its places among the images of a call. */
interface Waiting {
  key: string;
  pixels: ImagePixels;
  byBrowser: boolean;
  places: number[];
}

/**
 * What the model computes of prepared images, which it frees: embeddings or tokens, followed by the
 * lengths of embeddings before normalisation.
 */
type Features = (pixels: ImagePixels[], context: Context) => Promise<Float32Array>;

export class Embedder {
  readonly #known: Recent<Outcome>;
  /** Decodes images in this worker. */
  readonly #reader: ImageReader;
  readonly #decoders: Decoders;
  readonly #features: Features;
  readonly #largestBatch: number;
  /** Writes pixels that another worker computed to the engine's memory. */
  readonly #adopt: (values: Float32Array) => ImagePixels;
  /** Whether the device computes in this worker. */
  readonly #blocks: boolean;
  /** Whether the device computes on all cores. */
  readonly #alternates: boolean;
  /**
   * Whether other workers decode. With HPS v2 on the CPU they do not: the engine's builds for the
   * CPU fuse multiplications and additions, and the last digits of its resize, the only one in
   * floating point, would depend on the worker.
   */
  readonly #shares: boolean;
  #batch = 1;

  constructor(reader: ImageReader, engine: Engine, info: Info, batch: number, features: Features) {
    const kept = info.embedsImages ? KEPT : KEPT_TOKENS;
    const processor = reader.describe() as ProcessorDescription;
    this.#known = new Recent(kept);
    this.#reader = reader;
    this.#decoders = new Decoders(async () => ({ module: await engine.decoder(), processor, kept }), () => this.#known.keys());
    this.#features = features;
    this.#blocks = info.device === "cpu";
    this.#alternates = info.threads > 1;
    this.#shares = !this.#blocks || processor.method !== "hps";
    this.#largestBatch = this.#blocks ? Math.min(batch, CPU_BATCH) : batch;
    this.#adopt = (values) => {
      const pixels = new engine.ImagePixels(info.imageSize, values);
      release(values);
      return pixels;
    };
  }

  free(): void {
    this.#reader.free();
  }

  /** Replaces a worker that decodes images. */
  decoderFailed(id: number): void {
    this.#decoders.fail(id);
  }

  /** Decodes an image with the library, or with the browser if its format is not supported. */
  async decode(image: Blob): Promise<ImageData> {
    const { bytes, problem } = await readFile(image);
    if (problem) throw asPickScoreError(problem);
    try {
      const { width, height, data } = this.#reader.decode(bytes) as { width: number; height: number; data: Uint8ClampedArray<ArrayBuffer> };
      return new ImageData(data, width, height);
    } catch (error) {
      const decoded = asPickScoreError(error).code === "image-format" ? await decodeInBrowser(image, bytes) : null;
      if (!decoded) throw imageProblem(error);
      return decoded;
    } finally {
      release(bytes);
    }
  }

  /** Embeds images, in the given order. Identical files are embedded once. */
  async embed(images: Blob[], options: CallOptions, context: Context): Promise<Outcome[]> {
    const call = new EmbedCall(images, options, context, this.#known, (key) => this.#decoders.learn(key));
    const pipeline = new Pipeline(images, { decoders: this.#decoders, reader: this.#reader, adopt: this.#adopt, isKnown: (key) => call.isKnown(key) });
    const wake = () => pipeline.notify();
    context.signal.addEventListener("abort", wake);
    if (images.length > 1 && this.#shares) this.#decoders.start();
    let end = 0;
    let computing: Promise<void> | undefined;
    const failures: unknown[] = [];
    try {
      while (true) {
        context.signal.throwIfAborted();
        if (failures.length > 0) throw failures[0];
        for (let read = pipeline.take(call.place); read; read = pipeline.take(call.place)) {
          const { place } = call;
          if (!call.settle(read)) pipeline.again(place);
        }
        const { place, waiting } = call;
        const workers = this.#decoders.size + 1;
        const size = this.#size(call, images.length);
        const isFull = waiting.length > 0 && (waiting.length >= size || place >= images.length);
        if (!this.#alternates) end = place - waiting.length + 2 * this.#batch + AHEAD * workers;
        else if (place >= end && !isFull && !computing) end = place + Math.max(size - waiting.length, workers);
        end = Math.min(end, images.length);
        pipeline.handOut(end);
        if (!computing && isFull && (!this.#alternates || place >= end)) {
          computing = this.#compute(call, size, context)
            .catch((error: unknown) => void failures.push(error))
            .finally(() => {
              computing = undefined;
              pipeline.notify();
            });
        }
        if (!computing && place >= images.length) return call.outcomes;
        const helps = this.#blocks ? !computing : waiting.length < size;
        if (!helps || !(await pipeline.help(end, !this.#blocks))) await pipeline.changed();
        await turn();
      }
    } catch (error) {
      // The scorer must not be replaced or freed while it computes. After a crash it never ends.
      if (asPickScoreError(error).code !== "crashed") await computing;
      throw error;
    } finally {
      context.signal.removeEventListener("abort", wake);
      pipeline.close();
      for (const { pixels } of call.waiting) pixels.free();
    }
  }

  /**
   * The number of images in the next batch. It does not depend on how fast images arrive, because
   * the last digits of results can depend on the batch.
   *
   * Towards the end, a GPU's batches get smaller, so that only a few images are left to compute
   * when the last one has been decoded.
   */
  #size(call: EmbedCall, images: number): number {
    const left = images - call.first;
    return this.#blocks ? this.#batch : Math.min(this.#batch, Math.max(1, Math.ceil(left / 2)));
  }

  /** Computes the next batch, of `size` images if there are so many. */
  async #compute(call: EmbedCall, size: number, context: Context): Promise<void> {
    const batch = call.takeBatch(size);
    const started = performance.now();
    const made = await this.#features(batch.map(({ pixels }) => pixels), context);
    this.#adapt(batch.length, performance.now() - started);
    call.finishBatch(made);
  }

  /** Adapts the batch size, so that batches are as large as possible but can be cancelled soon. */
  #adapt(images: number, milliseconds: number): void {
    if (images < this.#batch) return;
    const fitting = Math.floor((BATCH_MILLISECONDS / Math.max(milliseconds, 1)) * images);
    this.#batch = Math.max(1, Math.min(fitting, 2 * this.#batch, this.#largestBatch));
  }
}

/** The images of one call: which of them have an outcome, wait or are being computed. */
class EmbedCall {
  readonly outcomes: Outcome[];
  /** Prepared images that wait for the device. */
  readonly waiting: Waiting[] = [];
  /** The first image that has not been prepared. */
  place = 0;
  readonly #images: readonly Blob[];
  readonly #throws: boolean;
  readonly #context: Context;
  readonly #known: Recent<Outcome>;
  readonly #learn: (key: string) => void;
  #batch: Waiting[] = [];
  #done = 0;

  constructor(images: readonly Blob[], { unreadable }: CallOptions, context: Context, known: Recent<Outcome>, learn: (key: string) => void) {
    this.outcomes = images.map(() => ({}));
    this.#images = images;
    this.#throws = unreadable === "throw";
    this.#context = context;
    this.#known = known;
    this.#learn = learn;
  }

  /** The first image that waits, or else that has not been prepared. */
  get first(): number {
    return this.waiting[0]?.places[0] ?? this.place;
  }

  isKnown(key: string): boolean {
    return this.#known.get(key) !== undefined || this.#twin(key) !== undefined;
  }

  /** Uses the next image; returns false if it has to be decoded again. */
  settle({ key, pixels, byBrowser = false, problem }: Prepared<ImagePixels>): boolean {
    const { place } = this;
    const seen = this.#known.get(key);
    const twin = this.#twin(key);
    if (seen || twin) pixels?.free();
    else if (!pixels && !problem) return false;
    this.place++;
    if (twin) {
      twin.places.push(place);
    } else if (!seen && pixels) {
      this.waiting.push({ key, pixels, byBrowser, places: [place] });
    } else {
      this.#finish(place, seen ?? this.#failed(key, asPickScoreError(problem)));
    }
    return true;
  }

  /** Takes the images of a batch from those that wait. */
  takeBatch(most: number): readonly Waiting[] {
    this.#batch = this.waiting.splice(0, most);
    return this.#batch;
  }

  /** Uses what the device has computed of the batch. */
  finishBatch(made: Float32Array): void {
    const batch = this.#batch;
    this.#batch = [];
    const lengths = made.subarray(made.length - batch.length);
    const embeddings = split(made.subarray(0, made.length - batch.length), batch.length);
    for (const [index, { key, byBrowser, places }] of batch.entries()) {
      const outcome: Outcome = { embedding: embeddings[index] as Float32Array, length: lengths[index] as number, byBrowser };
      this.#keep(key, outcome);
      for (const place of places) this.outcomes[place] = outcome;
      this.#progress(places.length);
    }
  }

  /** An image with the same content that waits or is being computed. */
  #twin(key: string): Waiting | undefined {
    return [...this.#batch, ...this.waiting].find((other) => other.key === key);
  }

  #failed(key: string, problem: PickScoreError): Outcome {
    // A file without a key was not read, and may be readable later.
    if (key !== "") this.#keep(key, { problem });
    return { problem };
  }

  #keep(key: string, outcome: Outcome): void {
    this.#known.set(key, outcome);
    this.#learn(key);
  }

  #finish(place: number, outcome: Outcome): void {
    this.outcomes[place] = outcome;
    this.#progress(1);
    if (!outcome.problem || !this.#throws) return;
    const { code, message } = outcome.problem;
    const which = `image ${place + 1} of ${this.#images.length}${named(this.#images[place] as Blob)}`;
    throw new PickScoreError(code, `${which}: ${message}`, { index: place });
  }

  #progress(images: number): void {
    this.#done += images;
    this.#context.progress("images", this.#done, this.#images.length);
  }
}

/** The name of an image file for messages. */
function named(image: Blob): string {
  return image instanceof File && image.name ? ` (${image.name})` : "";
}
