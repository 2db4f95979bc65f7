import type { StartThreads, ThreadsStarted, ToWorker } from "./protocol";
import { startWorker } from "./start";

/** Starts the threads of a worker's engine and tells the worker when they are ready. */
export function startThreads({ count, module, memory, port }: StartThreads): Worker[] {
  const workers = Array.from({ length: count }, startWorker);
  const ready = workers.map(
    (worker) =>
      new Promise<void>((resolve, reject) => {
        worker.addEventListener("message", () => resolve(), { once: true });
        worker.addEventListener("error", (event) => reject(new Error(event.message || "a thread failed to start")), { once: true });
        worker.postMessage({ type: "thread", module, memory } satisfies ToWorker);
      }),
  );
  const answer = (started: ThreadsStarted) => port.postMessage(started);
  Promise.all(ready).then(
    () => answer({}),
    (error: Error) => answer({ error: error.message }),
  );
  return workers;
}
