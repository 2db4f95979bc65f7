import type { StartDecoders, ToWorker } from "./protocol";
import { startWorker } from "./start";

/**
 * Starts workers that decode images for the engine's worker. `failed` is told of each that fails.
 */
export function startDecoders({ ports, module, processor, kept }: StartDecoders, failed: (id: number) => void): Worker[] {
  return ports.map(({ id, port }) => {
    const worker = startWorker();
    // It talks to the engine's worker, and to the page only when it has to be replaced.
    for (const sign of ["error", "messageerror", "message"] as const) {
      worker.addEventListener(sign, (event) => {
        event.preventDefault();
        worker.terminate();
        failed(id);
      });
    }
    worker.postMessage({ type: "decoder", port, module, processor, kept } satisfies ToWorker, [port]);
    return worker;
  });
}
