/** Threads of the CPU path: other workers on this one's memory. */

import init, { plan_threads, prepare_threads, run_thread } from "../../pkg/cpu-threads/engine";
import type { StartThreads, ThreadsStarted, ToWorker } from "../protocol";

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

/** Makes this worker a thread of the engine that started it. */
export async function becomeThread({ module, memory }: ToWorker & { type: "thread" }): Promise<void> {
  await init({ module_or_path: module, memory });
  postMessage("ready");
  // Waits for work for as long as the worker lives.
  run_thread();
}
