/**
 * The worker, which holds one model. Requests run one after the other; a cancelled one stops before
 * the next image. The same script, started again, is a thread of the engine or decodes images.
 */

import { asPickScoreError, PickScoreError, plain } from "../error";
import type { FromWorker, Request, Results, ToWorker } from "../protocol";
import type { Context } from "./context";
import { becomeDecoder } from "./decoder";
import { load } from "./load";
import type { Model } from "./model";
import { becomeThread } from "./threads";

const running = new Map<number, AbortController>();
let queue: Promise<unknown> = Promise.resolve();
let model: Model | undefined;
let lost = false;

function post(message: FromWorker): void {
  postMessage(message);
}

/** Reports that this worker must be replaced. */
function lose(error: PickScoreError): void {
  if (lost) return;
  lost = true;
  post({ type: "lost", error: plain(error) });
}

async function run(request: Request, context: Context): Promise<Results[keyof Results]> {
  if (request.type === "load") {
    model = await load(request, context);
    return model.info;
  }
  if (request.type === "dispose") {
    model?.dispose();
    model = undefined;
    return undefined;
  }
  if (!model) throw new PickScoreError("disposed", "the scorer has been disposed of");
  switch (request.type) {
    case "texts":
      return model.texts(request.prompts, context);
    case "images":
      return model.images(request.images, request.options, context);
    case "decode":
      return model.decode(request.image);
    case "score":
      return model.score(request.prompt, request.images, request, context);
    case "compare":
      return model.compare(request.prompt, request.embeddings, request.sizes, request.lengths, context);
  }
}

async function answer(id: number, request: Request, signal: AbortSignal): Promise<void> {
  const context: Context = {
    signal,
    progress: (stage, loaded, total) => {
      post({ type: "progress", id, progress: total === undefined ? { stage, loaded } : { stage, loaded, total } });
    },
    lost: (reason) => lose(new PickScoreError("device-lost", `the GPU was lost (${reason})`)),
  };
  try {
    signal.throwIfAborted();
    const value = await run(request, context);
    if (!lost) post({ type: "result", id, value });
  } catch (thrown) {
    const error = asPickScoreError(thrown);
    // The page repeats the calls of a lost worker.
    if (lost) return;
    if (error.code === "crashed") return lose(error);
    if (error.code === "device-failed" && request.type !== "load" && (await lostSoon())) return;
    post({ type: "error", id, error: plain(error) });
  } finally {
    running.delete(id);
  }
}

/** Waits for the loss of the device, which the browser may report after a call has failed. */
async function lostSoon(): Promise<boolean> {
  for (let waited = 0; waited < 500 && !lost; waited += 20) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return lost;
}

// A panic in a browser callback rejects no promise, so the pending call would never end.
addEventListener("error", (event) => {
  event.preventDefault();
  lose(asPickScoreError(event.error ?? event));
});

addEventListener("message", (event: MessageEvent<ToWorker>) => {
  const message = event.data;
  if (message.type === "thread") {
    void becomeThread(message);
    return;
  }
  if (message.type === "decoder") {
    void becomeDecoder(message);
    return;
  }
  if (message.type === "decoder-failed") {
    model?.decoderFailed(message.id);
    return;
  }
  if (message.type === "cancel") {
    running.get(message.id)?.abort();
    return;
  }
  const abort = new AbortController();
  running.set(message.id, abort);
  queue = queue.then(() => answer(message.id, message, abort.signal));
});
