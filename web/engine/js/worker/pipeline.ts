/** The images of one call on their way to the device: handed out, decoded, taken in order. */

import type { Decoders, Job } from "./decoders";
import { prepare, type Prepared, type ReadFile, readFile } from "./prepare";
import type { ImagePixels, ImageReader } from "./wasm";

/** What a call needs to decode images. */
export interface Means {
  decoders: Decoders;
  /** Decodes in this worker. */
  reader: ImageReader;
  /** Writes pixels that another worker computed to the engine's memory. */
  adopt: (values: Float32Array) => ImagePixels;
  /** Whether an image with this hash need not be decoded. */
  isKnown: (key: string) => boolean;
}

/** An image that this worker decodes. */
interface Own {
  place: number;
  force: boolean;
  file: Promise<ReadFile>;
}

export class Pipeline {
  readonly #images: readonly Blob[];
  readonly #means: Means;
  readonly #done = new Map<number, Prepared<ImagePixels>>();
  /** The first image that was not handed out. */
  #next = 0;
  /** Images whose content was known but has been forgotten. */
  #forgotten: number[] = [];
  /** Images that another worker could not decode. */
  #failed: number[] = [];
  /** The places of images that others decode. */
  readonly #places = new Map<Job, number>();
  /** The image that this worker decodes next; its file is being read. */
  #own: Own | undefined;
  #changed = false;
  #closed = false;
  #wake: () => void = () => undefined;

  constructor(images: readonly Blob[], means: Means) {
    this.#images = images;
    this.#means = means;
    means.decoders.onReady = () => this.notify();
  }

  /** Hands out images up to the one at `end`. */
  handOut(end: number): void {
    while (this.#forgotten.length > 0 || this.#next < end) {
      const [again] = this.#forgotten;
      const place = again ?? this.#next;
      const job: Job = { image: this.#images[place] as Blob, force: again !== undefined, done: (prepared) => this.#receive(job, prepared) };
      if (!this.#means.decoders.give(job)) return;
      this.#places.set(job, place);
      if (again === undefined) this.#next++;
      else this.#forgotten.shift();
    }
  }

  /** The prepared image at a place, if it has arrived. */
  take(place: number): Prepared<ImagePixels> | undefined {
    const prepared = this.#done.get(place);
    this.#done.delete(place);
    return prepared;
  }

  /** Has an image decoded whose content was known but has been forgotten. */
  again(place: number): void {
    this.#forgotten.push(place);
  }

  /**
   * Decodes one image before `end` in this worker; returns false if there is none left.
   * `readsAhead` if this worker will soon decode another one, which is then read meanwhile.
   */
  async help(end: number, readsAhead: boolean): Promise<boolean> {
    const own = this.#own ?? this.#claim(end);
    this.#own = undefined;
    if (!own) return false;
    const file = await own.file;
    // Read and hashed by the browser while this thread decodes.
    if (readsAhead) this.#own = this.#claim(end);
    const isKnown = (key: string) => !own.force && this.#means.isKnown(key);
    this.#done.set(own.place, await prepare(this.#images[own.place] as Blob, file, this.#means.reader, isKnown));
    return true;
  }

  /** Resolves when an image has arrived, a worker can take images, or {@link notify} was called. */
  async changed(): Promise<void> {
    if (!this.#changed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#changed = false;
  }

  notify(): void {
    this.#changed = true;
    this.#wake();
  }

  /** Drops what is left. */
  close(): void {
    this.#closed = true;
    this.#means.decoders.clear();
    this.#means.decoders.onReady = () => undefined;
    for (const { pixels } of this.#done.values()) pixels?.free();
    this.#done.clear();
  }

  /** Takes an image to decode in this worker, from another worker's queue if necessary. */
  #claim(end: number): Own | undefined {
    const failed = this.#failed.shift();
    const forgotten = failed === undefined ? this.#forgotten.shift() : undefined;
    let place = failed ?? forgotten;
    if (place === undefined && this.#next < end) place = this.#next++;
    let force = place !== undefined && forgotten !== undefined;
    if (place === undefined) {
      const job = this.#means.decoders.takeBack();
      if (!job) return undefined;
      place = this.#places.get(job) as number;
      this.#places.delete(job);
      force = job.force;
    }
    return { place, force, file: readFile(this.#images[place] as Blob) };
  }

  #receive(job: Job, prepared: Prepared<Float32Array> | undefined): void {
    const place = this.#places.get(job);
    this.#places.delete(job);
    if (this.#closed || place === undefined) return;
    if (prepared) {
      const { pixels, ...rest } = prepared;
      this.#done.set(place, pixels ? { ...rest, pixels: this.#means.adopt(pixels) } : rest);
    } else {
      this.#failed.push(place);
    }
    this.notify();
  }
}

/** Lets messages that have arrived be handled, such as results and cancellations. */
export async function turn(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  await new Promise((resolve) => {
    port1.onmessage = resolve;
    port2.postMessage(null);
  });
  port1.close();
}
