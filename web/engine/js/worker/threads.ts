/** Threads of the CPU path: workers of this worker, on the same memory. */

import init, { plan_threads, prepare_threads, run_thread } from "../../pkg/cpu-threads/engine";
import type { ToWorker } from "../protocol";

/** Most threads: beyond, memory is what they wait for. */
const MOST = 16;

/** Whether this page may share memory, and has cores to share it with. */
export function threadsAllowed(): boolean {
  return globalThis.crossOriginIsolated && navigator.hardwareConcurrency > 1;
}

/** Starts the threads of a started engine; how many there are. */
export async function startThreads(module: WebAssembly.Module, memory: WebAssembly.Memory): Promise<number> {
  const count = Math.min(navigator.hardwareConcurrency, MOST);
  prepare_threads();
  // A worker that was started from a script of the page's has that script's address, which is gone by now.
  const address = self.location.protocol === "blob:" ? import.meta.url : self.location.href;
  const workers = Array.from({ length: count }, () => new Worker(address, { type: "module" }));
  await Promise.all(
    workers.map(
      (worker) =>
        new Promise<void>((resolve, reject) => {
          worker.addEventListener("message", () => resolve(), { once: true });
          worker.addEventListener("error", (event) => reject(new Error(event.message || "a thread does not start")), { once: true });
          worker.postMessage({ type: "thread", module, memory } satisfies ToWorker);
        }),
    ),
  );
  plan_threads(count);
  return count;
}

/** Makes this worker a thread of the engine that started it. */
export async function becomeThread({ module, memory }: ToWorker & { type: "thread" }): Promise<void> {
  await init({ module_or_path: module, memory });
  postMessage("ready");
  // Waits for work for as long as the worker lives.
  run_thread();
}
