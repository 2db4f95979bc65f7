/**
 * Scores as they are shown, by scorer and prompt. `engine/kept.ts` keeps scores by content so that
 * nothing is computed twice; these rows bring the table back at once, with its probabilities and
 * before any model is loaded.
 */

import { OWN } from "../own";
import { type Picture, type Result, resultsOf } from "../picture";
import { change, table } from "./database";
import type { ResultRow } from "./rows";

/** While images are scored, results are stored at most this often, in milliseconds. */
const OFTEN = 2000;

let saved = 0;
let last = Number.NEGATIVE_INFINITY;
let isDue = false;
let later: ReturnType<typeof setTimeout> | undefined;

/** The results of this state are stored. */
export function agreeOnResults(scored: number): void {
  saved = scored;
}

/** Follows the state of the scores, and calls `schedule` when they should be stored. */
export function followResults(scored: number, schedule: () => void): void {
  if (scored === saved || later !== undefined) return;
  later = setTimeout(
    () => {
      later = undefined;
      isDue = true;
      schedule();
    },
    Math.max(0, last + OFTEN - performance.now()),
  );
}

/** The rows of all results. */
function* rows(pictures: readonly Picture[]): Generator<ResultRow> {
  const all = new Map<string, Set<string>>();
  for (const { scores } of pictures) {
    for (const [key, results] of scores) {
      const prompts = all.get(key) ?? new Set();
      for (const prompt of results.keys()) prompts.add(prompt);
      all.set(key, prompts);
    }
  }
  for (const [key, prompts] of all) {
    for (const prompt of prompts) {
      const found = pictures.filter(({ scores }) => scores.get(key)?.has(prompt));
      const result = ({ scores }: Picture) => scores.get(key)?.get(prompt) as Result;
      yield {
        key,
        prompt,
        ids: Uint32Array.from(found, ({ id }) => id),
        scores: Float64Array.from(found, (picture) => result(picture).score),
        probabilities: Float64Array.from(found, (picture) => result(picture).probability ?? Number.NaN),
      };
    }
  }
}

/** Stores the results if they are due, each row for itself. */
export async function saveResults(pictures: readonly Picture[], scored: number): Promise<void> {
  if (!isDue) return;
  isDue = false;
  saved = scored;
  last = performance.now();
  const current = new Set<string>();
  for (const row of rows(pictures)) {
    current.add(`${row.key} ${row.prompt}`);
    await change(["results"], "relaxed", (transaction) => void transaction.objectStore("results").put(row).catch(() => undefined));
  }
  const keys = (await table()?.getAllKeys("results")) ?? [];
  const old = keys.filter(([key, prompt]) => !current.has(`${key} ${prompt}`));
  await change(["results"], "relaxed", (transaction) => {
    for (const key of old) void transaction.objectStore("results").delete(key).catch(() => undefined);
  });
}

/** Puts stored results on the images of these numbers. */
export async function readResults(pictures: ReadonlyMap<number, Picture>, prompts: readonly string[]): Promise<void> {
  const wanted = new Set([...prompts, OWN, ""]);
  const keys = (await table()?.getAllKeys("results")) ?? [];
  for (const key of keys) {
    if (!wanted.has(key[1])) continue;
    const row = await table()?.get("results", key);
    if (!row) continue;
    for (const [index, id] of row.ids.entries()) {
      const picture = pictures.get(id);
      const probability = row.probabilities[index] ?? Number.NaN;
      if (picture) resultsOf(picture, row.key).set(row.prompt, { score: row.scores[index] as number, ...(!Number.isNaN(probability) && { probability }) });
    }
  }
}
