/** Learns a taste from the visitor's choices, on top of the loaded model. */

import { listRecords } from "../collection/collection";
import type { PreferenceRecord } from "../collection/library";
import { raterUid } from "../collection/rater";
import type { PickScore } from "../engine/library";
import type { LoadChoice } from "../engine/session";
import { settings } from "../state/settings";
import { ask } from "./client";
import { type KeptTaste, listSuggested } from "./kept";
import { embeddingsOf, scoresFor } from "./known";

/** What is being done: images are embedded, then folds are fitted. */
export interface Learning {
  stage: "images" | "folds";
  loaded: number;
  total: number;
}

/** The visitor's own choices; imported ones are other people's. */
export async function ownRecords(): Promise<PreferenceRecord[]> {
  const rater = raterUid();
  return (await listRecords()).filter(({ rater_uid }) => rater_uid === rater);
}

/** Whether a taste can be learned on top of this model: it embeds images and is stored. */
export function canLearn(scorer: PickScore | undefined): scorer is PickScore {
  return scorer !== undefined && scorer.info.embedsImages && scorer.info.fingerprint !== undefined;
}

/** Fits a taste to all choices, and measures it. */
export async function learn(
  scorer: PickScore,
  choice: LoadChoice | undefined,
  name: string,
  { signal, onProgress }: { signal: AbortSignal; onProgress: (learning: Learning) => void },
): Promise<KeptTaste> {
  const { info } = scorer;
  const records = await ownRecords();
  const labelled = records.filter(({ has_label, control }) => has_label && control === null);
  const uids = [...new Set(labelled.flatMap(({ left, right }) => [left.image_uid, right.image_uid]))];
  const embedded = await embeddingsOf(scorer, uids, { signal, onProgress: (loaded, total) => onProgress({ stage: "images", loaded, total }) });
  const scores = new Map<string, Map<string, number>>();
  for (const [prompt, images] of byPrompt(labelled)) {
    signal.throwIfAborted();
    scores.set(prompt, await scoresFor(scorer, prompt, images, embedded));
  }
  const embeddings = new Map([...embedded].map(([uid, { vector }]) => [uid, vector]));
  const withoutVisibleScores = !settings.value.learnsVisible;
  const suggested = await listSuggested().catch(() => new Set<string>());
  const learned = labelled.filter(({ left, right, scores_visible }) => embedded.has(left.image_uid) && embedded.has(right.image_uid) && !(scores_visible && withoutVisibleScores));
  const request = { name, scorer: { name: info.scorer, fingerprint: info.identity }, records, embeddings, scores, withoutVisibleScores };
  const { text, ...report } = await ask("fit", request, { signal, onProgress: ({ loaded, total }) => onProgress({ stage: "folds", loaded, total }) });
  const read = await ask("read", { text });
  return {
    base: info.fingerprint ?? "",
    model: choice?.name ?? info.model,
    text,
    info: read.info,
    readsPrompt: info.readsPrompt,
    paused: false,
    report,
    hard: learned.filter(({ uid }) => suggested.has(uid)).length,
    updated: Date.now(),
  };
}

/** The images of each prompt, once each. */
export function byPrompt(records: readonly PreferenceRecord[]): Map<string, string[]> {
  const found = new Map<string, Set<string>>();
  for (const { prompt, left, right } of records) {
    const images = found.get(prompt) ?? new Set();
    found.set(prompt, images.add(left.image_uid).add(right.image_uid));
  }
  return new Map([...found].map(([prompt, images]) => [prompt, [...images]]));
}
