/** Long computations in steps. */

import { throwIfAborted } from "./error";

/** Time between pauses for other tasks of the page, in milliseconds: less than a frame. */
const SLICE = 10;

/** Calls `step` until it returns false, with pauses in which the signal is heard. */
export async function inSteps(step: () => boolean, signal: AbortSignal | undefined): Promise<void> {
  for (let start = performance.now(); step(); ) {
    if (performance.now() - start < SLICE) continue;
    await others();
    throwIfAborted(signal);
    start = performance.now();
  }
}

/**
 * Lets other tasks of the page run. A timer would wait for a second in a hidden page.
 */
function others(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
