import { asPickScoreError, PickScoreError } from "./error";
import type { FromWorker, LoadRequest, Request, Results, ToWorker } from "./protocol";
import type { Info, LoadProgress } from "./pickscore";
import { startThreads } from "./threads";
import { startWorker } from "./start";

/** The names of the built files, which carry their contents' hashes. The build puts them in. */
declare const GPU_FILE: string;
declare const CPU_FILE: string;
declare const CPU_RELAXED_FILE: string;
declare const CPU_THREADS_FILE: string;
declare const CPU_THREADS_RELAXED_FILE: string;

interface Listening {
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: LoadProgress) => void) | undefined;
}

/** A request that has not been answered. */
interface Pending {
  request: Request;
  listening: Listening;
  resolve: (value: never) => void;
  reject: (error: PickScoreError) => void;
  /** Whether it has been sent to a second worker, after the first was lost. */
  repeated: boolean;
  stopListening: () => void;
}

/**
 * The page's end of the worker. When the worker is lost with the GPU, the model is loaded into a new one, from storage, and the calls that
 * waited are made once more.
 */
export class Connection {
  #worker: Worker;
  /** Workers that are threads of its engine. */
  #threads: Worker[] = [];
  #next = 0;
  readonly #pending = new Map<number, Pending>();
  readonly #load: LoadRequest;
  #info: Info | undefined;
  /** Set once no call can succeed any more. */
  #ended: PickScoreError | undefined;
  /** While a lost model is being loaded again, the calls that wait for it. */
  #reloading: Promise<void> | undefined;

  private constructor(load: LoadRequest) {
    this.#load = load;
    this.#worker = this.#start();
  }

  /** Starts a worker and loads a model into it. */
  static async open(load: Omit<LoadRequest, "assets">, listening: Listening): Promise<[Connection, Info]> {
    const assets = {
      gpu: new URL(GPU_FILE, import.meta.url).href,
      cpu: new URL(CPU_FILE, import.meta.url).href,
      cpuRelaxed: new URL(CPU_RELAXED_FILE, import.meta.url).href,
      threads: new URL(CPU_THREADS_FILE, import.meta.url).href,
      threadsRelaxed: new URL(CPU_THREADS_RELAXED_FILE, import.meta.url).href,
    };
    const connection = new Connection({ ...load, assets });
    try {
      connection.#info = await connection.#send(connection.#load, listening);
      return [connection, connection.#info];
    } catch (error) {
      connection.#end(asPickScoreError(error));
      throw error;
    }
  }

  /** Makes a call. */
  async call<R extends Request>(request: R, listening: Listening): Promise<Results[R["type"]]> {
    if (this.#ended) throw this.#ended;
    await this.#reloading;
    return this.#send(request, listening);
  }

  /** Ends the worker. */
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

  /** Ends the worker with its threads. */
  #stop(): void {
    for (const worker of [this.#worker, ...this.#threads]) worker.terminate();
    this.#threads = [];
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #send<R extends Request>(request: R, listening: Listening): Promise<Results[R["type"]]> {
    const { signal } = listening;
    if (this.#ended) return Promise.reject(this.#ended);
    if (signal?.aborted) return Promise.reject(new PickScoreError("aborted", "the call was aborted"));
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      // The worker answers a cancelled request with `aborted`, once it has let go of what it was doing.
      const abort = () => this.#post({ type: "cancel", id });
      signal?.addEventListener("abort", abort);
      const stopListening = () => signal?.removeEventListener("abort", abort);
      this.#pending.set(id, { request, listening, resolve, reject, repeated: false, stopListening });
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
        this.#pending.get(message.id)?.listening.onProgress?.(message.progress);
        break;
      case "result":
        this.#take(message.id)?.resolve(message.value as never);
        break;
      case "error":
        this.#take(message.id)?.reject(asPickScoreError(message.error));
        break;
      case "threads":
        // Of a worker that was ended while it asked nobody waits for them, and nobody would end them.
        if (!this.#ended) this.#threads = startThreads(message);
        break;
      case "lost":
        this.#lose(asPickScoreError(message.error));
        break;
    }
  }

  /** The worker is of no more use: a new one takes over, if the model can be had without the network. */
  #lose(error: PickScoreError): void {
    // Lost while it was loaded, or loaded again: another try would end the same way.
    if (!this.#info || this.#reloading) {
      this.#end(error);
      return;
    }
    const again = this.#info.cached || typeof this.#load.model !== "string";
    const waiting = [...this.#pending.entries()];
    if (!again || waiting.some(([, pending]) => pending.repeated)) {
      const why = again ? "and again when the call was repeated" : "and the model is not stored in this browser";
      this.#end(new PickScoreError(error.code, `${error.message}, ${why}; load it again`));
      return;
    }
    this.#stop();
    this.#worker = this.#start();
    for (const [id] of waiting) this.#pending.delete(id);
    this.#reloading = this.#send(this.#load, {}).then(
      () => {
        this.#reloading = undefined;
        for (const [id, pending] of waiting) {
          if (pending.listening.signal?.aborted) {
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
        const ended = new PickScoreError("device-lost", `${error.message}; loading the model again failed: ${reason}`);
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
