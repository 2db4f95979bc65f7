/** How well each of the chosen scorers predicts the visitor's choices. */

import { imageFile } from "../collection/collection";
import { type PreferenceRecord, records as recordsLibrary, type ScorerAgreement } from "../collection/library";
import { keptScores } from "../engine/kept";
import { library } from "../engine/library";
import { type Column, columns } from "../engine/panel";
import { loadModel, session } from "../engine/session";
import { scoresOf } from "./scoring";

/** A scorer beside the visitor's choices. */
export interface Beside {
  column: Column;
  agreement: ScorerAgreement | null;
  /** Number of choices of which an image has no score yet. */
  missing: number;
  /** Accuracy in the paper, if it is the published model, as a share. */
  paper: number | undefined;
}

/** The version that a record of a scorer needs; it does not change the agreement. */
const VERSION = "1";
/** Images scored at a time. */
const BATCH = 8;

/** The scorers with the scores that are kept. */
export async function beside(labelled: readonly PreferenceRecord[]): Promise<Beside[]> {
  const { scorerAgreement } = await recordsLibrary();
  const { SCORERS } = await library();
  const found: Beside[] = [];
  for (const column of columns()) {
    const scores = await keptOf(column, labelled);
    const scored = labelled.flatMap((record) => {
      const [left, right] = [record.left, record.right].map(({ image_uid }) => scores(record.prompt, image_uid));
      if (left === undefined || right === undefined) return [];
      return [{ ...record, left: { ...record.left, score: left }, right: { ...record.right, score: right }, scorer: { name: column.title, version: VERSION } }];
    });
    const paper = SCORERS.find(({ title }) => title === column.title)?.accuracy;
    found.push({
      column,
      agreement: scored.length === 0 ? null : scorerAgreement(scored),
      missing: labelled.length - scored.length,
      paper: paper === undefined || paper === null ? undefined : paper / 100,
    });
  }
  return found;
}

/** Looks up the kept scores of a scorer. */
async function keptOf({ key, readsPrompt }: Column, labelled: readonly PreferenceRecord[]): Promise<(prompt: string, uid: string) => number | undefined> {
  const kept = new Map<string, Map<string, number>>();
  for (const [prompt, uids] of imagesOf(labelled, readsPrompt)) kept.set(prompt, await keptScores(key, prompt, [...uids]));
  return (prompt, uid) => kept.get(readsPrompt ? prompt : "")?.get(uid);
}

/** The images of choices by prompt. */
function imagesOf(labelled: readonly PreferenceRecord[], readsPrompt: boolean): Map<string, Set<string>> {
  const images = new Map<string, Set<string>>();
  for (const { prompt, left, right } of labelled) {
    const key = readsPrompt ? prompt : "";
    const uids = images.get(key) ?? new Set();
    images.set(key, uids.add(left.image_uid).add(right.image_uid));
  }
  return images;
}

/**
 * Scores the images of choices with every scorer that lacks some, one after the other. `done` is
 * called after every few images. Stops at the first model that cannot be loaded, which the session
 * reports.
 */
export async function scoreBeside(labelled: readonly PreferenceRecord[], done: (title: string) => void): Promise<void> {
  for (const { column, missing } of await beside(labelled)) {
    if (missing === 0) continue;
    done(column.title);
    if (!column.isLoaded) {
      if (!column.choice) continue;
      await loadModel(column.choice);
    }
    const { scorer } = session.value;
    if (!scorer) return;
    for (const [prompt, uids] of imagesOf(labelled, scorer.info.readsPrompt)) {
      const all = [...uids];
      for (let at = 0; at < all.length; at += BATCH) {
        const files = await Promise.all(all.slice(at, at + BATCH).map(async (uid) => ({ uid, file: await imageFile(uid) })));
        await scoresOf(scorer, prompt, files.flatMap(({ uid, file }) => (file ? [{ uid, file }] : [])));
        done(column.title);
      }
    }
  }
}
