/** CPU threads: workers that share this worker's memory. */

import init, { plan_threads, prepare_threads, run_thread } from "../../pkg/cpu-threads/engine";
import type { StartThreads, ThreadsStarted, ToWorker } from "../protocol";

/** Most threads. More would be limited by memory bandwidth. */
const MOST = 16;

/** Whether the page may share memory and the device has several cores. */
export function threadsAllowed(): boolean {
  return globalThis.crossOriginIsolated && navigator.hardwareConcurrency > 1;
}

/** Starts the threads of the engine and returns their number. */
export async function startThreads(module: WebAssembly.Module, memory: WebAssembly.Memory): Promise<number> {
  const count = Math.min(navigator.hardwareConcurrency, MOST);
  prepare_threads();
  const { port1, port2 } = new MessageChannel();
  const started = new Promise<void>((resolve, reject) => {
    port1.onmessage = ({ data }: MessageEvent<ThreadsStarted>) => (data.error === undefined ? resolve() : reject(new Error(data.error)));
  });
  const request: StartThreads = { type: "threads", count, module, memory, port: port2 };
  postMessage(request, { transfer: [port2] });
  await started.finally(() => port1.close());
  plan_threads(count);
  return count;
}

/** Turns this worker into a thread of another worker's engine. */
export async function becomeThread({ module, memory }: ToWorker & { type: "thread" }): Promise<void> {
  await init({ module_or_path: module, memory });
  postMessage("ready");
  // Blocks until the worker is terminated.
  run_thread();
}
