/**
 * The workers that decode images while this one computes. The page starts them; each is connected
 * to this worker by a port.
 */

import type { DecoderSetup, FromDecoder, FromWorker, ToDecoder } from "../protocol";
import type { Prepared } from "./prepare";

/** Most workers. More would take memory, and no device computes that fast. */
const MOST = 8;
/** Most images that wait in one worker, so that it has work while this one is busy. */
const QUEUE = 8;
/** Size of the files above which no more than two wait in one worker, in bytes. */
const QUEUED_BYTES = 16e6;

/** Most hashes that a worker is told at once; it decodes the others again. */
const NEWS = 8192;

/** An image that another worker decodes. */
export interface Job {
  image: Blob;
  /** Whether it is decoded even if its content is known. */
  force: boolean;
  /** Called with the result, or with nothing if the worker failed. */
  done: (prepared: Prepared<Float32Array> | undefined) => void;
}

interface Decoder {
  id: number;
  port: MessagePort;
  isReady: boolean;
  /** Whether it has ever finished an image. */
  works: boolean;
  /** Unfinished jobs, oldest first. */
  jobs: Map<number, Job>;
  bytes: number;
  /** Hashes of images that this worker knows and the decoder does not. */
  news: string[];
}

export class Decoders {
  readonly #setup: () => Promise<DecoderSetup>;
  readonly #known: () => Iterable<string>;
  readonly #workers = new Map<number, Decoder>();
  #started = false;
  #next = 0;
  /** Called when a worker can take images. */
  onReady: () => void = () => undefined;

  /** `known` are the hashes of the images that need not be decoded when a worker starts. */
  constructor(setup: () => Promise<DecoderSetup>, known: () => Iterable<string>) {
    this.#setup = setup;
    this.#known = known;
  }

  /** Number of workers that can take images. */
  get size(): number {
    return [...this.#workers.values()].filter(({ isReady }) => isReady).length;
  }

  /** Starts the workers, at the first call only: as many as there are cores besides this one's. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    void this.#open(Math.min(navigator.hardwareConcurrency - 1, MOST));
  }

  /** Hands out an image; returns false if every worker has enough to do. */
  give(job: Job): boolean {
    const free = [...this.#workers.values()].filter(({ isReady, jobs, bytes }) => {
      return isReady && (jobs.size < 2 || (jobs.size < QUEUE && bytes < QUEUED_BYTES));
    });
    const [decoder] = free.sort((a, b) => a.jobs.size - b.jobs.size);
    if (!decoder) return false;
    const id = this.#next++;
    decoder.jobs.set(id, job);
    decoder.bytes += job.image.size;
    const { image, force } = job;
    this.#post(decoder, { type: "decode", id, image, force, known: decoder.news });
    decoder.news = [];
    return true;
  }

  /** Takes back an image that no worker has begun. */
  takeBack(): Job | undefined {
    const [decoder] = [...this.#workers.values()].sort((a, b) => b.jobs.size - a.jobs.size);
    // The oldest one is being decoded.
    if (!decoder || decoder.jobs.size < 2) return undefined;
    const [id, job] = [...decoder.jobs].pop() as [number, Job];
    this.#drop(decoder, [id]);
    return job;
  }

  /** Drops all images. */
  clear(): void {
    for (const decoder of this.#workers.values()) this.#drop(decoder, [...decoder.jobs.keys()]);
  }

  /** Tells the workers that an image need not be decoded again. */
  learn(key: string): void {
    for (const { news } of this.#workers.values()) {
      if (news.push(key) > NEWS) news.shift();
    }
  }

  /** Gives up a worker. It is replaced if it has ever worked. */
  fail(id: number): void {
    const decoder = this.#workers.get(id);
    if (!decoder) return;
    this.#workers.delete(id);
    decoder.port.close();
    for (const job of decoder.jobs.values()) job.done(undefined);
    if (decoder.works) void this.#open(1);
  }

  async #open(count: number): Promise<void> {
    if (!(count > 0)) return;
    let setup: DecoderSetup;
    try {
      setup = await this.#setup();
    } catch {
      // Without its module, this worker decodes all images itself.
      return;
    }
    const ports = Array.from({ length: count }, () => {
      const { port1, port2 } = new MessageChannel();
      const decoder: Decoder = { id: this.#next++, port: port1, isReady: false, works: false, jobs: new Map(), bytes: 0, news: [...this.#known()] };
      this.#workers.set(decoder.id, decoder);
      port1.onmessage = ({ data }: MessageEvent<FromDecoder>) => this.#receive(decoder, data);
      return { id: decoder.id, port: port2 };
    });
    postMessage({ type: "decoders", ports, ...setup } satisfies FromWorker, { transfer: ports.map(({ port }) => port) });
  }

  #receive(decoder: Decoder, message: FromDecoder): void {
    if (message.type === "ready") {
      decoder.isReady = true;
      this.onReady();
      return;
    }
    decoder.works = true;
    // Absent if the image is no longer wanted.
    const job = decoder.jobs.get(message.id);
    if (!job) return;
    decoder.jobs.delete(message.id);
    decoder.bytes -= job.image.size;
    job.done(message.prepared);
  }

  #drop(decoder: Decoder, ids: number[]): void {
    if (ids.length === 0) return;
    for (const id of ids) {
      decoder.bytes -= decoder.jobs.get(id)?.image.size ?? 0;
      decoder.jobs.delete(id);
    }
    this.#post(decoder, { type: "drop", ids });
  }

  #post(decoder: Decoder, message: ToDecoder): void {
    decoder.port.postMessage(message);
  }
}
