/** A queue of thumbnails, made a few at a time, last requested first. */

import type { Thumbnail, ThumbnailRequest } from "./thumbnail.worker";

/**
 * Concurrent decoders: more would hold more whole images in memory and slow the page on few cores.
 */
const AT_ONCE = navigator.hardwareConcurrency > 2 ? 2 : 1;
/** Pixels of the longer edge: the largest tile on a high-density screen. */
const SIDE = 512;

export interface Waiting {
  id: number;
  file: Blob;
  done: (thumbnail: Thumbnail) => void;
}

export class Thumbnails {
  #workers: Worker[] = [];
  #idle: Worker[] = [];
  readonly #waiting: Waiting[] = [];
  readonly #running = new Map<number, Waiting>();

  /** Requests a thumbnail. */
  request(waiting: Waiting): void {
    this.#waiting.push(waiting);
    if (this.#workers.length < AT_ONCE) this.#start();
    this.#next();
  }

  /** Moves images on the screen to the front of the queue. */
  prefer(ids: ReadonlySet<number>): void {
    if (this.#waiting.length < 2) return;
    this.#waiting.sort((a, b) => Number(ids.has(b.id)) - Number(ids.has(a.id)));
  }

  /** Forgets an image. */
  cancel(id: number): void {
    const at = this.#waiting.findIndex((waiting) => waiting.id === id);
    if (at >= 0) this.#waiting.splice(at, 1);
    this.#running.delete(id);
  }

  #start(): void {
    const worker = new Worker(new URL("./thumbnail.worker.ts", import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data }: MessageEvent<Thumbnail>) => {
      const waiting = this.#running.get(data.id);
      this.#running.delete(data.id);
      waiting?.done(data);
      this.#idle.push(worker);
      this.#next();
    });
    this.#workers.push(worker);
    this.#idle.push(worker);
  }

  #next(): void {
    while (this.#idle.length > 0 && this.#waiting.length > 0) {
      const worker = this.#idle.pop() as Worker;
      const waiting = this.#waiting.shift() as Waiting;
      this.#running.set(waiting.id, waiting);
      worker.postMessage({ id: waiting.id, file: waiting.file, side: SIDE } satisfies ThumbnailRequest);
    }
  }
}
