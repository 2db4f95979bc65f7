/** Fits and applies tastes off the main thread. */

import type * as Library from "../../../web/records/js/records";
import type { CallName, Calls, FromWorker, ScoredRecord, ToWorker } from "./protocol";

type Records = typeof Library;
type Work = { [Name in CallName]: (records: Records, ask: Calls[Name]["ask"], run: { id: number; signal: AbortSignal }) => Calls[Name]["answer"] | Promise<Calls[Name]["answer"]> };

let loading: Promise<Records> | undefined;
const running = new Map<number, AbortController>();
/** The taste that learns choice by choice, and the images whose scores it was last asked about. */
let learner: Library.TasteLearner | undefined;
let pool = "";

const work: Work = {
  async fit({ fitTaste }, { scores, ...ask }, { id, signal }) {
    const onProgress = ({ loaded, total }: { loaded: number; total: number }) => answer({ id, part: "progress", loaded, total });
    const { taste, ...report } = await fitTaste({ ...ask, scores: (prompt, uid) => scores.get(prompt)?.get(uid), signal, onProgress });
    return { ...report, text: taste.text };
  },
  read({ Taste }, { text }) {
    const { info } = Taste.read(text);
    return { text, info };
  },
  rename({ Taste }, { text, name }) {
    const renamed = Taste.read(text).renamed(name);
    return { text: renamed.text, info: renamed.info };
  },
  apply({ Taste }, { text, scores, embeddings }) {
    return Taste.read(text).apply(scores, embeddings);
  },
  learn({ TasteLearner, tasteScale }, { scorer, embeddings, choices, deviation, scores }) {
    learner?.free();
    learner = undefined;
    pool = "";
    const [first] = embeddings.values();
    if (!first) return null;
    learner = TasteLearner.start({ dimensions: first.length, scale: tasteScale(scorer, scores), ...(deviation !== undefined && { deviation }) });
    for (const [uid, embedding] of embeddings) learner.addImage(uid, embedding);
    add(choices);
    return null;
  },
  add(_records, { choices }) {
    add(choices);
    return null;
  },
  undo(_records, { count }) {
    for (let undone = 0; undone < count; undone++) learner?.undo();
    return null;
  },
  next(_records, { images, asked }) {
    if (!learner) return null;
    const key = JSON.stringify(images);
    if (key !== pool) learner.setPool(images);
    pool = key;
    return learner.next(asked);
  },
};

function add(choices: readonly ScoredRecord[]): void {
  for (const { record, left, right } of choices) learner?.add(record, { left, right });
}

addEventListener("message", ({ data }: MessageEvent<ToWorker>) => {
  if (data.call === "cancel") running.get(data.id)?.abort();
  else void run(data);
});

async function run({ id, call, ask, library }: Exclude<ToWorker, { call: "cancel" }>): Promise<void> {
  const abort = new AbortController();
  running.set(id, abort);
  try {
    const records = await load(library);
    const found = await (work[call] as Work["read"])(records, ask as Calls["read"]["ask"], { id, signal: abort.signal });
    answer({ id, part: "answer", answer: found });
  } catch (error) {
    const { code = "internal", message } = error as { code?: string; message: string };
    answer({ id, part: "error", code, message });
  } finally {
    running.delete(id);
  }
}

function load(address: string): Promise<Records> {
  loading ??= (import(/* @vite-ignore */ address) as Promise<Records>).then(async (records) => {
    await records.ready();
    return records;
  });
  loading.catch(() => {
    loading = undefined;
  });
  return loading;
}

function answer(words: FromWorker): void {
  postMessage(words);
}
