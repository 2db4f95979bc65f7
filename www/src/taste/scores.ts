/**
 * Scores the images of the screen Score by the visitor's tastes, from the base scorer's scores and
 * embeddings. Loaded once there is a taste to use.
 */

import "./note";
import { keptEmbeddings } from "../engine/kept";
import { tasteKey } from "../engine/panel";
import { session } from "../engine/session";
import { board, scoresChanged } from "../score/board";
import { byOwnPrompt, OWN } from "../score/own";
import { type Picture, resultsOf } from "../score/picture";
import { promptsOf } from "../score/shown";
import { settings } from "../state/settings";
import { ask } from "./client";
import { elsewhere, type KeptTaste, listTastes } from "./kept";
import { noted } from "./note";
import { use } from "./used";

let tastes: Promise<KeptTaste[]> | undefined;
let working = false;
let again = false;
/** The images behind the scores of each taste and prompt. */
const done = new Map<string, string>();

/** Scores everything again: a taste has changed. */
export function renew(): void {
  tastes = undefined;
  done.clear();
  void work();
}

board.subscribe(() => void work());
settings.subscribe(() => void work());
elsewhere.subscribe(renew);

async function work(): Promise<void> {
  again = true;
  if (working) return;
  working = true;
  try {
    while (again) {
      again = false;
      const isFresh = tastes === undefined;
      tastes ??= listTastes();
      const kept = await tastes;
      noted.value = kept;
      // Another tab may have changed them, and those in memory are gone after a reload. A list that
      // was read earlier would bring back what the settings have left since.
      if (isFresh) use(kept);
      for (const { base, readsPrompt } of settings.value.tastes) {
        const taste = kept.find((one) => one.base === base);
        for (const prompt of taste ? promptsOf({ readsPrompt }) : []) await score(taste as KeptTaste, prompt);
      }
    }
  } catch (error) {
    // The column stays empty.
    console.warn("Scores by a taste stopped:", error);
  } finally {
    working = false;
  }
}

/**
 * Scores the images that the base scorer has scored for a prompt, if they are others than before.
 */
async function score(taste: KeptTaste, prompt: string): Promise<void> {
  const groups = prompt === OWN ? [...byOwnPrompt(board.value.pictures)] : [[prompt, board.value.pictures] as const];
  for (const [words, group] of groups) {
    const ready = group.filter(({ scores }) => scores.get(taste.base)?.has(prompt));
    const key = `${taste.base} ${words}`;
    const state = JSON.stringify([prompt, ready.map(({ id, scores }) => [id, scores.get(taste.base)?.get(prompt)?.score])]);
    if (ready.length === 0 || done.get(key) === state) continue;
    const embeddings = await embeddingsOf(taste, ready);
    const known = ready.filter((picture) => embeddings.has(picture));
    const bases = known.map(({ scores }) => scores.get(taste.base)?.get(prompt)?.score as number);
    if (known.length === 0 || bases.includes(Number.NaN)) continue;
    const images = await ask("apply", { text: taste.text, scores: bases, embeddings: known.map((picture) => embeddings.get(picture) as Float32Array) });
    for (const [index, picture] of known.entries()) {
      const image = images[index];
      if (image) resultsOf(picture, tasteKey(taste.base)).set(prompt, { ...image });
    }
    if (known.length === ready.length) done.set(key, state);
    scoresChanged();
  }
}

/** The embeddings by the base scorer: of the loaded model, or kept. */
async function embeddingsOf({ base, info }: KeptTaste, pictures: readonly Picture[]): Promise<Map<Picture, Float32Array>> {
  const isLoaded = session.value.info?.fingerprint === base;
  const found = new Map<Picture, Float32Array>();
  if (isLoaded) for (const picture of pictures) if (picture.embedding) found.set(picture, picture.embedding);
  const others = pictures.filter((picture) => picture.uid !== undefined && !found.has(picture));
  const kept = others.length === 0 ? undefined : await keptEmbeddings(base, others.map(({ uid }) => uid as string));
  for (const picture of others) {
    const embedded = kept?.get(picture.uid as string);
    if (embedded) found.set(picture, embedded.vector);
  }
  return new Map([...found].filter(([, { length }]) => length === info.dimensions));
}
