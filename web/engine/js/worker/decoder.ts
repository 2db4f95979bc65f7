/** A worker that decodes images for the engine's worker. */

import init, { Decoder } from "../../pkg/decoder/decoder";
import type { FromDecoder, ToDecoder, ToWorker } from "../protocol";
import { prepare, type ReadFile, readFile } from "./prepare";
import { Recent } from "./recent";

/**
 * Largest memory of the module in bytes, which never shrinks. Above it the worker ends after the
 * image, and the engine's worker asks for another one: an image of 100 megapixels takes twice that.
 */
const LARGEST_MEMORY = 512 << 20;

interface Job {
  id: number;
  image: Blob;
  force: boolean;
  /** The file, once it is being read. */
  file?: Promise<ReadFile>;
}

/** Turns this worker into a decoder. */
export async function becomeDecoder({ module, processor, kept, port }: ToWorker & { type: "decoder" }): Promise<void> {
  const post = (message: FromDecoder, transfer: Transferable[] = []) => port.postMessage(message, transfer);
  const jobs: Job[] = [];
  const known = new Recent<true>(kept);
  let working = false;
  let decoder: Decoder;
  let memory: WebAssembly.Memory;

  const work = async () => {
    if (working) return;
    working = true;
    for (let job = jobs.shift(); job; job = jobs.shift()) {
      const file = await (job.file ?? readFile(job.image));
      // Read and hashed by the browser while this thread decodes.
      const [next] = jobs;
      if (next) next.file ??= readFile(next.image);
      const { id, image, force } = job;
      const prepared = await prepare(image, file, decoder, (key) => !force && known.get(key) === true);
      // The engine's worker tries again, and reports what happens then.
      if (prepared.problem && !prepared.problem.code.startsWith("image-")) throw new Error(prepared.problem.detail);
      if (prepared.key !== "") known.set(prepared.key, true);
      post({ type: "done", id, prepared }, prepared.pixels ? [prepared.pixels.buffer as ArrayBuffer] : []);
      if (memory.buffer.byteLength > LARGEST_MEMORY) throw new Error("the memory is too large");
    }
    working = false;
  };
  // The page terminates this worker.
  const fail = () => postMessage("failed");

  try {
    ({ memory } = await init({ module_or_path: module }));
    decoder = new Decoder(processor);
  } catch {
    return fail();
  }
  port.onmessage = ({ data }: MessageEvent<ToDecoder>) => {
    if (data.type === "drop") {
      for (const id of data.ids) {
        const at = jobs.findIndex((job) => job.id === id);
        if (at >= 0) jobs.splice(at, 1);
      }
      return;
    }
    for (const key of data.known) known.set(key, true);
    jobs.push(data);
    work().catch(fail);
  };
  post({ type: "ready" });
}
