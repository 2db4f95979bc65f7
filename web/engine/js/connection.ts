import { startDecoders } from "./decoders";
import { asPickScoreError, PickScoreError } from "./error";
import type { FromWorker, LoadRequest, Request, Results, ToWorker } from "./protocol";
import { startWorker } from "./start";
import { startThreads } from "./threads";
import type { Info, LoadProgress } from "./types";

/** Names of the built files, which contain content hashes. Defined by the build. */
declare const GPU_FILE: string;
declare const CPU_FILE: string;
declare const CPU_RELAXED_FILE: string;
declare const CPU_THREADS_FILE: string;
declare const CPU_THREADS_RELAXED_FILE: string;
declare const DECODER_FILE: string;
declare const VOCABULARY_FILE: string;

interface Callbacks {
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: LoadProgress) => void) | undefined;
}

/** A request that has not been answered yet. */
interface Pending {
  request: Request;
  callbacks: Callbacks;
  resolve: (value: never) => void;
  reject: (error: PickScoreError) => void;
  /** Whether it was sent again, after a worker was lost. */
  repeated: boolean;
  stopListening: () => void;
}

/**
 * The page's connection to a worker. If the worker is lost with the GPU, the connection starts a
 * new worker, loads the model from storage and repeats the pending calls once.
 */
export class Connection {
  #worker: Worker;
  /** Workers that run as threads of the engine. */
  #threads: Worker[] = [];
  /** Workers that decode images for the engine's worker. */
  #decoders: Worker[] = [];
  #next = 0;
  readonly #pending = new Map<number, Pending>();
  readonly #load: LoadRequest;
  #info: Info | undefined;
  /** Set when no further call can succeed. */
  #ended: PickScoreError | undefined;
  /** Pending while a lost model is being reloaded. */
  #reloading: Promise<void> | undefined;

  private constructor(load: LoadRequest) {
    this.#load = load;
    this.#worker = this.#start();
  }

  /** Starts a worker and loads a model into it. */
  static async open(load: Omit<LoadRequest, "assets">, callbacks: Callbacks): Promise<[Connection, Info]> {
    const assets = {
      gpu: new URL(GPU_FILE, import.meta.url).href,
      cpu: new URL(CPU_FILE, import.meta.url).href,
      cpuRelaxed: new URL(CPU_RELAXED_FILE, import.meta.url).href,
      threads: new URL(CPU_THREADS_FILE, import.meta.url).href,
      threadsRelaxed: new URL(CPU_THREADS_RELAXED_FILE, import.meta.url).href,
      decoder: new URL(DECODER_FILE, import.meta.url).href,
      vocabulary: new URL(VOCABULARY_FILE, import.meta.url).href,
    };
    const connection = new Connection({ ...load, assets });
    try {
      connection.#info = await connection.#send(connection.#load, callbacks);
      return [connection, connection.#info];
    } catch (error) {
      connection.#end(asPickScoreError(error));
      throw error;
    }
  }

  /** Sends a request and waits for its result. */
  async call<R extends Request>(request: R, callbacks: Callbacks): Promise<Results[R["type"]]> {
    if (this.#ended) throw this.#ended;
    await this.#reloading;
    return this.#send(request, callbacks);
  }

  /** Terminates the worker. */
  async close(): Promise<void> {
    if (this.#ended) return;
    const closing = this.#send({ type: "dispose" }, {}).catch(() => undefined);
    const disposed = new PickScoreError("disposed", "the scorer has been disposed of");
    for (const [id, pending] of this.#pending) {
      if (pending.request.type === "dispose") continue;
      this.#post({ type: "cancel", id });
      this.#take(id)?.reject(disposed);
    }
    await closing;
    this.#end(disposed);
  }

  #start(): Worker {
    const worker = startWorker();
    worker.addEventListener("message", (event: MessageEvent<FromWorker>) => {
      if (worker === this.#worker) this.#receive(event.data);
    });
    worker.addEventListener("error", (event) => {
      if (worker !== this.#worker) return;
      const reason = event.message || "its files could not be loaded";
      this.#end(new PickScoreError("crashed", `the engine's worker stopped: ${reason}`));
    });
    return worker;
  }

  /** Terminates the worker, its threads and its decoders. */
  #stop(): void {
    for (const worker of [this.#worker, ...this.#threads, ...this.#decoders]) worker.terminate();
    this.#threads = [];
    this.#decoders = [];
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #send<R extends Request>(request: R, callbacks: Callbacks): Promise<Results[R["type"]]> {
    const { signal } = callbacks;
    if (this.#ended) return Promise.reject(this.#ended);
    if (signal?.aborted) return Promise.reject(new PickScoreError("aborted", "the call was aborted"));
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      // The worker rejects a cancelled request with `aborted` after it has stopped working on it.
      const abort = () => this.#post({ type: "cancel", id });
      signal?.addEventListener("abort", abort);
      const stopListening = () => signal?.removeEventListener("abort", abort);
      this.#pending.set(id, { request, callbacks, resolve, reject, repeated: false, stopListening });
      this.#post({ ...request, id });
    });
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    pending?.stopListening();
    return pending;
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case "progress":
        this.#pending.get(message.id)?.callbacks.onProgress?.(message.progress);
        break;
      case "result":
        this.#take(message.id)?.resolve(message.value as never);
        break;
      case "error":
        this.#take(message.id)?.reject(asPickScoreError(message.error));
        break;
      case "threads":
        // Threads of a terminated worker would never be terminated.
        if (!this.#ended) this.#threads = startThreads(message);
        break;
      case "decoders": {
        const worker = this.#worker;
        const failed = (id: number) => {
          if (worker === this.#worker) this.#post({ type: "decoder-failed", id });
        };
        if (!this.#ended) this.#decoders.push(...startDecoders(message, failed));
        break;
      }
      case "lost":
        this.#lose(asPickScoreError(message.error));
        break;
    }
  }

  /** Replaces a lost worker, if the model can be reloaded without the network. */
  #lose(error: PickScoreError): void {
    // If the worker is lost during loading, another attempt would probably fail too.
    if (!this.#info || this.#reloading) {
      this.#end(error);
      return;
    }
    const again = this.#info.cached || typeof this.#load.model !== "string";
    const waiting = [...this.#pending.entries()];
    if (!again || waiting.some(([, pending]) => pending.repeated)) {
      const why = again ? "and again when the call was repeated" : "and the model is not stored in this browser";
      this.#end(new PickScoreError(error.code, `${error.detail}, ${why}`, { advice: "load it again" }));
      return;
    }
    this.#stop();
    this.#worker = this.#start();
    for (const [id] of waiting) this.#pending.delete(id);
    this.#reloading = this.#send(this.#load, {}).then(
      () => {
        this.#reloading = undefined;
        for (const [id, pending] of waiting) {
          if (pending.callbacks.signal?.aborted) {
            pending.stopListening();
            pending.reject(new PickScoreError("aborted", "the call was aborted"));
            continue;
          }
          this.#pending.set(id, { ...pending, repeated: true });
          this.#post({ ...pending.request, id });
        }
      },
      (failure: unknown) => {
        const reason = asPickScoreError(failure).message;
        const ended = new PickScoreError("device-lost", `${error.detail}; loading the model again failed: ${reason}`);
        for (const [, pending] of waiting) {
          pending.stopListening();
          pending.reject(ended);
        }
        this.#end(ended);
      },
    );
  }

  #end(error: PickScoreError): void {
    this.#ended ??= error;
    this.#stop();
    for (const id of [...this.#pending.keys()]) this.#take(id)?.reject(error);
  }
}
