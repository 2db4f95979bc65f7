/**
 * Scores what lies on the table with the model that is loaded: pictures are embedded batch by batch, each once; after every batch the engine scores all of
 * them with every prompt. Nothing is asked for: it runs whenever there is something to do, and can be paused.
 */

import { session } from "../engine/session";
import type { PickScore } from "../engine/library";
import { Store } from "../state/store";
import { codeOf } from "../text/errors";
import { board, changed, tell } from "./board";
import type { Picture } from "./picture";

export interface Run {
  state: "idle" | "running" | "paused" | "failed";
  /** Pictures that are done, unreadable ones among them. */
  done: number;
  total: number;
  /** Seconds a picture, once there is a measure. */
  pace: number | undefined;
  error: unknown;
  /** Prompts of which the model reads only the beginning. */
  truncated: ReadonlySet<string>;
}

export const run = new Store<Run>({ state: "idle", done: 0, total: 0, pace: undefined, error: undefined, truncated: new Set() });

/** How long one batch should take: as often the table moves. */
const BATCH_SECONDS = 0.45;
/** Most pictures of a batch, whose files the worker then holds. */
const LARGEST = 32;
/** The largest part of the time that scoring all anew may take while pictures are embedded. */
const SHARE = 0.1;

let working = false;
let abort: AbortController | undefined;
/** The model that the embeddings are of. */
let embeddedBy: PickScore | undefined;
/** What the shown scores were made from, prompts and pictures; other ones mean that they have to be made again. */
let scored = { prompts: "", pictures: "" };
/** When pictures alone are reason enough to score all anew. */
let due = 0;

board.subscribe(() => void work());
session.subscribe(() => void work());

/** Stops after the image that is being computed. What is done stays. */
export function pause(): void {
  run.patch({ state: "paused" });
  abort?.abort();
}

/** Goes on where it was paused, or where it failed. */
export function resume(): void {
  run.patch({ state: "idle", error: undefined });
  void work();
}

async function work(): Promise<void> {
  const { scorer } = session.value;
  if (scorer !== embeddedBy && !working) forget(scorer);
  if (working || !scorer || run.value.state === "failed") return;
  working = true;
  let worked = false;
  try {
    let batch = 2;
    for (;;) {
      if (session.value.scorer !== scorer) break;
      const waiting = board.value.pictures.filter(isWaiting);
      count(waiting.length);
      // Nothing that could be resumed.
      if (waiting.length === 0 && run.value.state === "paused") run.patch({ state: "idle" });
      const ends = waiting.length === 0 || run.value.state === "paused";
      const made = await scoreAll(scorer, ends);
      worked ||= made || !ends;
      if (made) continue;
      if (ends) break;
      run.patch({ state: "running" });
      const started = performance.now();
      const pictures = waiting.slice(0, batch);
      abort = new AbortController();
      await embed(scorer, pictures, abort.signal);
      const seconds = (performance.now() - started) / 1000;
      const pace = seconds / pictures.length;
      run.patch({ pace: run.value.pace === undefined ? pace : 0.7 * run.value.pace + 0.3 * pace });
      batch = Math.max(1, Math.min(LARGEST, 2 * batch, Math.round(BATCH_SECONDS / pace)));
    }
    if (run.value.state === "running") run.patch({ state: "idle" });
  } catch (error) {
    const code = codeOf(error);
    // Another model took this one's place, or the visitor paused.
    if (code !== "aborted" && code !== "disposed") run.patch({ state: "failed", error });
    else if (run.value.state === "running") run.patch({ state: "idle" });
  } finally {
    working = false;
    abort = undefined;
    // Whoever is told of nothing would have this run again, for ever.
    if (worked) tell();
  }
  // What came while it ended.
  const { state } = run.value;
  if (session.value.scorer !== scorer || (state === "idle" && board.value.pictures.some(isWaiting))) queueMicrotask(() => void work());
}

function isWaiting({ embedding, problem }: Picture): boolean {
  return embedding === undefined && problem === undefined;
}

function count(waiting: number): void {
  const total = board.value.pictures.length;
  if (run.value.total !== total || run.value.done !== total - waiting) run.patch({ total, done: total - waiting });
}

/** Another model: nothing of the last one's holds. */
function forget(scorer: PickScore | undefined): void {
  embeddedBy = scorer;
  scored = { prompts: "", pictures: "" };
  due = 0;
  for (const picture of board.value.pictures) {
    delete picture.embedding;
    delete picture.problem;
    delete picture.byBrowser;
    picture.results.clear();
  }
  run.value = { state: "idle", done: 0, total: board.value.pictures.length, pace: undefined, error: undefined, truncated: new Set() };
  changed();
}

/** Embeds pictures, each of which is read once. */
async function embed(scorer: PickScore, pictures: readonly Picture[], signal: AbortSignal): Promise<void> {
  const files = pictures.map(({ file }) => file);
  const { embeddings, skipped, decodedByBrowser } = await scorer.readImages(files, { signal, unreadable: "skip" });
  for (const [index, picture] of pictures.entries()) {
    const embedding = embeddings[index];
    if (embedding && embedding.length > 0) picture.embedding = embedding;
  }
  for (const { index, code, message } of skipped) {
    const picture = pictures[index];
    if (picture) picture.problem = { code, message };
  }
  for (const index of decodedByBrowser) {
    const picture = pictures[index];
    if (picture) picture.byBrowser = true;
  }
  changed();
}

/** Scores every embedded picture with every prompt, if anything of that is new; for the sake of new pictures not too often before the last of them. */
async function scoreAll(scorer: PickScore, last: boolean): Promise<boolean> {
  const { prompts } = board.value;
  const pictures = board.value.pictures.filter(({ embedding }) => embedding !== undefined);
  const key = { prompts: JSON.stringify(prompts), pictures: pictures.map(({ id }) => id).join() };
  if (key.prompts === scored.prompts && (key.pictures === scored.pictures || (!last && performance.now() < due))) return false;
  const started = performance.now();
  const truncated = new Set<string>();
  const embeddings = pictures.map(({ embedding }) => embedding as Float32Array);
  for (const prompt of prompts) {
    const result = await scorer.scoreEmbeddings(prompt, embeddings);
    if (result.truncated) truncated.add(prompt);
    for (const [index, picture] of pictures.entries()) {
      picture.results.set(prompt, { score: result.scores[index] as number, probability: result.probabilities[index] as number });
    }
    changed();
  }
  // Prompts that are gone.
  const current = new Set(prompts);
  for (const { results } of board.value.pictures) for (const prompt of results.keys()) if (!current.has(prompt)) results.delete(prompt);
  run.patch({ truncated });
  scored = key;
  due = performance.now() + (performance.now() - started) * (1 / SHARE - 1);
  changed();
  return true;
}
