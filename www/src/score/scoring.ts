/**
 * Scores the images with the loaded model, then with the other chosen scorers, one after the other.
 * Images are embedded in batches, each image once; after every batch the engine scores all of them
 * with every prompt. What is kept from earlier is not computed again. Runs by itself whenever there
 * is something to do, and can be paused.
 */

import { type Embedded, keepEmbeddings, keepScores, keptEmbeddings, keptScores } from "../engine/kept";
import { type Column, columns, loadedKey } from "../engine/panel";
import type { Info, PickScore } from "../engine/library";
import { loadModel, session } from "../engine/session";
import { settings } from "../state/settings";
import { Store } from "../state/store";
import { codeOf } from "../text/errors";
import { board, changed, scoresChanged, tell } from "./board";
import { filesOf, whenRenewed } from "./file";
import { byOwnPrompt, OWN, ownPrompt } from "./own";
import { type Picture, resultsOf, shown } from "./picture";
import { identify } from "./reading";
import { promptsOf, shownColumn } from "./shown";

export interface Run {
  state: "idle" | "running" | "paused" | "failed";
  /** Finished images, including unreadable ones. */
  done: number;
  total: number;
  /** Seconds per image, once measured. */
  pace: number | undefined;
  error: unknown;
  /** Prompts of which the model reads only the beginning. */
  truncated: ReadonlySet<string>;
}

export const run = new Store<Run>({ state: "idle", done: 0, total: 0, pace: undefined, error: undefined, truncated: new Set() });

/** Target time of a batch, which is how often the grid updates. */
const BATCH_SECONDS = 0.45;
/** Maximum images per batch, whose files the worker then holds. */
const LARGEST = 32;
/** Maximum share of the time that rescoring may take while images are embedded. */
const SHARE = 0.1;

let working = false;
let abort: AbortController | undefined;
/** The model of the embeddings. */
let embeddedBy: PickScore | undefined;
/** The prompts and images behind the shown scores; any change means scoring again. */
let scored = { prompts: "", pictures: "" };
/** The images behind the scores of each own prompt. */
const scoredOwn = new Map<string, string>();
/** Images whose file cannot be read now, and of which no embedding is kept. */
const unseeable = new Set<Picture>();
/** When new images alone justify rescoring everything. */
let due = 0;
/** Scorers whose model could not be loaded, until the visitor tries again. */
const failed = new Set<string>();

board.subscribe(() => {
  show();
  void work();
});
session.subscribe(() => {
  show();
  void work();
});
settings.subscribe(() => {
  show();
  void work();
});

whenRenewed(() => {
  // The images are the same, but not their embeddings.
  scored = { prompts: "", pictures: "" };
  scoredOwn.clear();
});

/** Stops after the current image. Results so far are kept. */
export function pause(): void {
  run.patch({ state: "paused" });
  abort?.abort();
}

/** Continues after a pause or a failure. */
export function resume(): void {
  failed.clear();
  unseeable.clear();
  run.patch({ state: "idle", error: undefined });
  void work();
}

async function work(): Promise<void> {
  const { scorer, info, loading } = session.value;
  if (scorer !== embeddedBy && !working) forget(scorer);
  if (working || run.value.state === "failed") return;
  if (!scorer || !info) {
    if (!loading) void others();
    return;
  }
  working = true;
  let worked = false;
  try {
    let batch = 2;
    for (;;) {
      if (session.value.scorer !== scorer) break;
      const waiting = waitingFor(info);
      count(waiting.length);
      // Nothing to resume.
      if (waiting.length === 0 && run.value.state === "paused") run.patch({ state: "idle" });
      const ends = waiting.length === 0 || run.value.state === "paused";
      const made = info.embedsImages && (await (board.value.prompting === "own" ? scoreOwn : scoreAll)(scorer, info, ends));
      worked ||= made || !ends;
      if (made) continue;
      if (ends) break;
      run.patch({ state: "running" });
      const started = performance.now();
      const pictures = waiting.slice(0, batch);
      abort = new AbortController();
      await (info.embedsImages ? embed : scoreEach)(scorer, info, pictures, abort.signal);
      const seconds = (performance.now() - started) / 1000;
      const pace = seconds / pictures.length;
      run.patch({ pace: run.value.pace === undefined ? pace : 0.7 * run.value.pace + 0.3 * pace });
      batch = Math.max(1, Math.min(LARGEST, 2 * batch, Math.round(BATCH_SECONDS / pace)));
    }
    if (run.value.state === "running") run.patch({ state: "idle" });
  } catch (error) {
    const code = codeOf(error);
    // The model was replaced, or the visitor paused.
    if (code !== "aborted" && code !== "disposed") run.patch({ state: "failed", error });
    else if (run.value.state === "running") run.patch({ state: "idle" });
  } finally {
    working = false;
    abort = undefined;
    // Notifying without a change would start this run again, endlessly.
    if (worked) tell();
  }
  // Starts again if something was added meanwhile.
  const { state } = run.value;
  if (session.value.scorer !== scorer || (state === "idle" && waitingFor(info).length > 0)) queueMicrotask(() => void work());
  else if (state === "idle") void others();
}

let othersWork = false;

/**
 * Fills in the kept scores of the scorers that are not loaded, and loads the next one with missing
 * scores.
 */
async function others(): Promise<void> {
  if (othersWork || board.value.pictures.length === 0) return;
  othersWork = true;
  try {
    for (const column of columns().filter(({ isLoaded }) => !isLoaded)) {
      const prompts = promptsOf(column);
      if (prompts.length === 0) continue;
      await identify(board.value.pictures);
      if (await fill(column, prompts)) scoresChanged();
      const { loading } = session.value;
      const isMissing = (picture: Picture) => picture.problem === undefined && picture.away === undefined && lacks(picture, column.key, prompts);
      if (working || loading || run.value.state !== "idle") return;
      if (!column.choice || failed.has(column.key) || !board.value.pictures.some(isMissing)) continue;
      await loadModel(column.choice);
      if (session.value.failed) failed.add(column.key);
      return;
    }
  } finally {
    othersWork = false;
  }
}

/** Adds the kept scores of a scorer. Returns whether there were any. */
async function fill({ key, readsPrompt }: Column, prompts: readonly string[]): Promise<boolean> {
  let some = false;
  for (const prompt of prompts) {
    const bare = board.value.pictures.filter((picture) => picture.uid && lacks(picture, key, [prompt]));
    for (const [words, group] of wordsOf(prompt, bare)) {
      const kept = await keptScores(key, readsPrompt ? words : "", group.map(({ uid }) => uid as string));
      for (const picture of group) {
        const score = kept.get(picture.uid as string);
        if (score === undefined) continue;
        resultsOf(picture, key).set(prompt, { score });
        some = true;
      }
    }
  }
  return some;
}

/** Whether a score of these prompts is missing; nothing is missing where a file says no prompt. */
function lacks(picture: Picture, key: string, prompts: readonly string[]): boolean {
  return prompts.some((prompt) => !picture.scores.get(key)?.has(prompt) && (prompt !== OWN || ownPrompt(picture) !== undefined));
}

/** What the engine reads for a prompt, with the images that it reads it for. */
function wordsOf(prompt: string, pictures: Picture[]): Map<string, Picture[]> {
  return prompt === OWN ? byOwnPrompt(pictures) : new Map([[prompt, pictures]]);
}

/** Chooses the scorer whose results are shown. */
function show(): void {
  const key = shownColumn()?.key ?? "";
  if (shown.key === key) return;
  shown.key = key;
  scoresChanged();
}

/** The images that the loaded model has not read, or not scored if it has no embeddings. */
function waitingFor(info: Info): Picture[] {
  const readable = board.value.pictures.filter((picture) => picture.problem === undefined && !(picture.away && unseeable.has(picture)));
  if (info.embedsImages) return readable.filter(({ embedding }) => embedding === undefined);
  const key = loadedKey();
  const prompts = promptsOf(info);
  return readable.filter((picture) => lacks(picture, key, prompts));
}

function count(waiting: number): void {
  const { pictures, prompting } = board.value;
  const total = pictures.length;
  // With many own prompts, reading the images is only half of the work.
  if (prompting === "own") waiting = Math.max(waiting, pictures.filter((picture) => picture.problem === undefined && !picture.away && lacks(picture, loadedKey(), [OWN])).length);
  if (run.value.total !== total || run.value.done !== total - waiting) run.patch({ total, done: total - waiting });
}

/** A new model: the last one's embeddings are of no use. */
function forget(scorer: PickScore | undefined): void {
  embeddedBy = scorer;
  scored = { prompts: "", pictures: "" };
  scoredOwn.clear();
  unseeable.clear();
  due = 0;
  const kept = new Set(columns().map(({ key }) => key));
  for (const picture of board.value.pictures) {
    delete picture.embedding;
    delete picture.problem;
    delete picture.byBrowser;
    for (const key of picture.scores.keys()) if (!kept.has(key)) picture.scores.delete(key);
  }
  run.value = { state: "idle", done: 0, total: board.value.pictures.length, pace: undefined, error: undefined, truncated: new Set() };
  show();
  scoresChanged();
}

/** Embeds images; each is read once, unless its embedding is kept. */
async function embed(scorer: PickScore, info: Info, pictures: readonly Picture[], signal: AbortSignal): Promise<void> {
  const { fingerprint } = info;
  if (fingerprint !== undefined) await identify(pictures);
  const uids = pictures.flatMap(({ uid }) => (uid ? [uid] : []));
  const kept = fingerprint === undefined ? new Map<string, Embedded>() : await keptEmbeddings(fingerprint, uids);
  const unseen: Picture[] = [];
  for (const picture of pictures) {
    const found = kept.get(picture.uid ?? "");
    if (found?.vector.length !== info.dimensions) unseen.push(picture);
    else take(picture, found);
  }
  const files = await filesOf(unseen);
  for (const picture of unseen) if (!files.has(picture)) unseeable.add(picture);
  if (files.size > 0) {
    const made = await scorer.readImages(files.values(), { signal, unreadable: "skip" });
    const fresh = new Map<string, Embedded>();
    const read = [...files.keys()];
    for (const [index, picture] of read.entries()) {
      const [vector, length] = [made.embeddings[index], made.lengths[index]];
      if (!vector || vector.length === 0 || length === undefined) continue;
      const embedded = { vector, length, byBrowser: made.decodedByBrowser.includes(index) };
      take(picture, embedded);
      if (picture.uid) fresh.set(picture.uid, embedded);
    }
    for (const { index, code, message } of made.skipped) {
      const picture = read[index];
      if (picture) picture.problem = { code, message };
    }
    if (fingerprint !== undefined) void keepEmbeddings(fingerprint, fresh);
  }
  changed();
}

/** Scores images with a model that reads prompt and image together, as far as no score is kept. */
async function scoreEach(scorer: PickScore, info: Info, pictures: readonly Picture[], signal: AbortSignal): Promise<void> {
  const column = columns().find(({ isLoaded }) => isLoaded);
  if (!column) return;
  const prompts = promptsOf(info);
  if (info.fingerprint !== undefined) {
    await identify(pictures);
    await fill(column, prompts);
  }
  const truncated = new Set<string>();
  const files = await filesOf(pictures);
  for (const picture of pictures) if (!files.has(picture)) unseeable.add(picture);
  for (const prompt of prompts) {
    const bare = [...files.keys()].filter((picture) => picture.problem === undefined && lacks(picture, column.key, [prompt]));
    for (const [words, group] of wordsOf(prompt, bare)) {
      if (group.length === 0) continue;
      const result = await scorer.score(words, group.map((picture) => files.get(picture) as File), { signal, unreadable: "skip" });
      if (result.truncated) truncated.add(words);
      const skipped = new Map(result.skipped.map(({ index, code, message }) => [index, { code, message }]));
      const fresh = new Map<string, number>();
      for (const [index, picture] of group.entries()) {
        const problem = skipped.get(index);
        const score = result.scores[index] as number;
        if (problem) picture.problem = problem;
        else resultsOf(picture, column.key).set(prompt, { score });
        if (result.decodedByBrowser.includes(index)) picture.byBrowser = true;
        if (!problem && picture.uid) fresh.set(picture.uid, score);
      }
      if (info.fingerprint !== undefined) void keepScores(info.fingerprint, words, fresh);
    }
  }
  run.patch({ truncated: new Set([...run.value.truncated, ...truncated]) });
  scoresChanged();
}

function take(picture: Picture, { vector, length, byBrowser }: Embedded): void {
  picture.embedding = vector;
  picture.length = length;
  if (byBrowser) picture.byBrowser = true;
}

/**
 * Scores every embedded image with every prompt, if images or prompts are new. For new images
 * alone, it does so only now and then until the last one.
 */
async function scoreAll(scorer: PickScore, info: Info, last: boolean): Promise<boolean> {
  const column = columns().find(({ isLoaded }) => isLoaded);
  if (!column) return false;
  const prompts = promptsOf(info);
  const pictures = board.value.pictures.filter(({ embedding }) => embedding !== undefined);
  const key = { prompts: JSON.stringify(prompts), pictures: pictures.map(({ id }) => id).join() };
  if (key.prompts === scored.prompts && (key.pictures === scored.pictures || (!last && performance.now() < due))) return false;
  // While the embeddings of a restored table come in, its scores are there already.
  if (!last && !pictures.some((picture) => lacks(picture, column.key, prompts))) return false;
  const started = performance.now();
  const truncated = new Set<string>();
  const embeddings = pictures.map(({ embedding }) => embedding as Float32Array);
  const lengths = pictures.map(({ length }) => length as number);
  // One score counts for every prompt if the scorer reads none.
  for (const prompt of info.readsPrompt ? prompts : [""]) {
    const result = await scorer.scoreEmbeddings(prompt, embeddings, { lengths });
    if (result.truncated) truncated.add(prompt);
    // Only what is new is stored: after every batch, all images are scored again.
    const fresh = new Map<string, number>();
    for (const [index, picture] of pictures.entries()) {
      const score = result.scores[index] as number;
      const probability = result.probabilities?.[index];
      const results = resultsOf(picture, column.key);
      const readFor = info.readsPrompt ? [prompt] : prompts;
      if (picture.uid && readFor.some((of) => results.get(of)?.score !== score)) fresh.set(picture.uid, score);
      for (const of of readFor) results.set(of, { score, ...(probability !== undefined && { probability }) });
    }
    if (info.fingerprint !== undefined) void keepScores(info.fingerprint, prompt, fresh);
    scoresChanged();
  }
  // Removes scores of prompts that are gone.
  const current = new Set(["", OWN, ...prompts]);
  for (const { scores } of board.value.pictures) {
    for (const results of scores.values()) for (const prompt of results.keys()) if (!current.has(prompt)) results.delete(prompt);
  }
  run.patch({ truncated });
  scored = key;
  due = performance.now() + (performance.now() - started) * (1 / SHARE - 1);
  scoresChanged();
  return true;
}

/**
 * Scores embedded images with their own prompts: each prompt's images together, where an image or a
 * prompt is new. Stops between two prompts if the visitor pauses or wants something else.
 */
async function scoreOwn(scorer: PickScore, info: Info, last: boolean): Promise<boolean> {
  const column = columns().find(({ isLoaded }) => isLoaded);
  if (!column) return false;
  const groups = byOwnPrompt(board.value.pictures.filter(({ embedding }) => embedding !== undefined));
  const idsOf = (group: readonly Picture[]) => group.map(({ id }) => id).join();
  const isStale = ([prompt, group]: [string, Picture[]]) => scoredOwn.get(prompt) !== idsOf(group) && (last || group.some((picture) => lacks(picture, column.key, [OWN])));
  const stale = [...groups].filter(isStale);
  if (stale.length === 0 || (!last && performance.now() < due)) return false;
  const started = performance.now();
  const truncated = new Set(run.value.truncated);
  let made = false;
  for (const [prompt, group] of stale) {
    if (run.value.state === "paused" || board.value.prompting !== "own" || session.value.scorer !== scorer) break;
    const words = info.readsPrompt ? prompt : "";
    const embeddings = group.map(({ embedding }) => embedding as Float32Array);
    const result = await scorer.scoreEmbeddings(words, embeddings, { lengths: group.map(({ length }) => length as number) });
    if (result.truncated) truncated.add(prompt);
    const fresh = new Map<string, number>();
    for (const [index, picture] of group.entries()) {
      const score = result.scores[index] as number;
      const probability = result.probabilities?.[index];
      const results = resultsOf(picture, column.key);
      if (picture.uid && results.get(OWN)?.score !== score) fresh.set(picture.uid, score);
      results.set(OWN, { score, ...(probability !== undefined && { probability }) });
    }
    if (info.fingerprint !== undefined) void keepScores(info.fingerprint, words, fresh);
    scoredOwn.set(prompt, idsOf(group));
    made = true;
    if (last) count(0);
    scoresChanged();
  }
  run.patch({ truncated });
  due = performance.now() + (performance.now() - started) * (1 / SHARE - 1);
  return made;
}
