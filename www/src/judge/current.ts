/** The state of the screen Judge: adding images, judging a round, or its results. */

import { listRecords, listRounds, openCollection, removeRound } from "../collection/collection";
import { type Held, hold } from "../collection/hold";
import { type PreferenceRecord, records } from "../collection/library";
import { randomSeed, randomUid, raterUid } from "../collection/rater";
import type { PlaceRow, Plan, PromptSet, RoundRow } from "../collection/rows";
import { Store } from "../state/store";
import type { Adviser } from "../taste/adviser";
import { Draft, startRound } from "./draft";
import { Play } from "./play";
import { RoundScores } from "./scoring";

export interface Current {
  stage: "opening" | "failed" | "setup" | "judging" | "summary";
  draft?: Draft | undefined;
  play?: Play | undefined;
  scores?: RoundScores | undefined;
  /** A round that another tab has. */
  elsewhere?: { row: RoundRow; place: PlaceRow } | undefined;
  /** Why it could not begin. */
  error?: unknown;
  /** This tab's round was continued in another one. */
  lost?: boolean;
  /** This version of the page cannot read a stored round. */
  unreadable?: boolean;
}

export const current = new Store<Current>({ stage: "opening" });

export const FIRST_PLAN: Plan = { mode: "winner-stays", open: false, controls: false, limit: 0, seed: 0 };

let begun: Promise<void> | undefined;

/** Continues where this browser was. */
export function openJudge(): Promise<void> {
  begun ??= open().catch((error: unknown) => {
    begun = undefined;
    current.value = { stage: "failed", error };
  });
  return begun;
}

async function open(): Promise<void> {
  current.value = { stage: "opening" };
  await Promise.all([records(), openCollection()]);
  let elsewhere: Current["elsewhere"];
  let unreadable = false;
  for (const { round, place } of await listRounds()) {
    if (round.kind !== "round" || !place) continue;
    const held = await hold(round.uid);
    if (!held) {
      if (!place.finished) elsewhere ??= { row: round, place };
      continue;
    }
    try {
      await enter(round, held);
    } catch (error) {
      // Possibly written by a newer version of the page. It stays stored, and its choices are in
      // the collection anyway.
      console.warn("A round cannot be continued:", error);
      unreadable = true;
      held.release();
      continue;
    }
    if (elsewhere) current.patch({ elsewhere });
    return;
  }
  await setUp(elsewhere);
  if (unreadable) current.patch({ unreadable });
}

/** Shows a round, or its summary if it is finished. */
async function enter(row: RoundRow, held: Held): Promise<void> {
  show(await Play.resume(row, held));
}

function show(play: Play): void {
  current.value.scores?.stop();
  current.value = { stage: play.finished ? "summary" : "judging", play, scores: new RoundScores(play.row) };
  void advise(play);
  play.held.lost.addEventListener("abort", () => {
    if (current.value.play === play) void robbed();
  });
}

let adviser: Adviser | undefined;

/** Lets the visitor's taste choose the pairs, if the round is so planned. */
async function advise(play: Play): Promise<void> {
  adviser?.stop();
  adviser = undefined;
  const { mode, byTaste } = play.row.plan;
  if (mode !== "active" || !byTaste || play.finished) return;
  try {
    const made = await import("../taste/adviser");
    if (current.value.play !== play) return;
    adviser = new made.Adviser(play.row);
    play.advice = adviser;
  } catch {
    // The round's own pairs are shown.
  }
}

/** Another tab took the round. */
export async function robbed(): Promise<void> {
  const uid = current.value.play?.row.uid;
  current.value.scores?.stop();
  const found = (await listRounds()).find(({ round }) => round.uid === uid);
  await setUp(found?.place && !found.place.finished ? { row: found.round, place: found.place } : undefined);
  current.patch({ lost: true });
}

/** Shows the setup, with the previous draft if there is one. */
export async function setUp(elsewhere?: Current["elsewhere"]): Promise<void> {
  let draft: Draft | undefined;
  for (const { round } of await listRounds()) {
    if (round.kind !== "draft") continue;
    const held = await hold(round.uid);
    if (held) {
      draft = new Draft(round, held);
      break;
    }
  }
  draft ??= await Draft.make(FIRST_PLAN);
  adviser?.stop();
  current.value.scores?.stop();
  current.value = { stage: "setup", draft, elsewhere };
}

/** Takes over a round from another tab. */
export async function takeOver(uid: string): Promise<void> {
  const held = await hold(uid, true);
  // Read again: the other tab may have changed it.
  const found = (await listRounds()).find(({ round }) => round.uid === uid);
  if (!held || !found?.place) return setUp();
  current.value.draft?.held.release();
  await enter(found.round, held);
}

/** Begins a round with the draft's images. */
export async function begin(): Promise<void> {
  const { draft } = current.value;
  if (!draft) return;
  const { play } = await draft.begin();
  show(play);
}

/** Shows the results: the round has ended, or ends early. */
export async function finish(): Promise<void> {
  const { play } = current.value;
  if (!play) return;
  if (!play.finished) await play.finish();
  current.patch({ stage: "summary" });
}

/** From the results back to the round. */
export async function goOn(): Promise<void> {
  const { play } = current.value;
  if (!play) return;
  await play.reopen();
  if (!play.finished) current.patch({ stage: "judging" });
}

/** From the results to a new round. The choices of the last one stay in the collection. */
export async function another(): Promise<void> {
  const { play, scores } = current.value;
  await scores?.fillIn();
  scores?.stop();
  if (play) {
    await removeRound(play.row.uid);
    play.held.release();
  }
  await setUp();
}

/**
 * Pairs for a retest: the visitor's own choices with an answer, no control pairs, each pair of a
 * prompt once.
 */
export function retestable(all: readonly PreferenceRecord[]): PreferenceRecord[] {
  const pairs = new Map<string, PreferenceRecord>();
  const rater = raterUid();
  for (const record of all) {
    if (!record.has_label || record.control !== null || record.rater_uid !== rater) continue;
    const images = [record.left.image_uid, record.right.image_uid].sort();
    const key = JSON.stringify([record.prompt, ...images]);
    if (!pairs.has(key)) pairs.set(key, record);
  }
  return [...pairs.values()];
}

/** Pairs per retest: a few minutes of work. */
export const RETEST_PAIRS = 20;

/** Begins a retest: earlier pairs again, in random order and on random sides. */
export async function beginRetest(): Promise<void> {
  const seed = randomSeed();
  const chosen = shuffled(retestable(await listRecords()), seed).slice(0, RETEST_PAIRS);
  const sets = new Map<string, PromptSet>();
  const items = new Map<string, RoundRow["items"][number]>();
  for (const { uid, prompt, left, right } of chosen) {
    const set = sets.get(prompt) ?? { prompt, images: [], earlier: [] };
    sets.set(prompt, set);
    set.earlier?.push({ left: left.image_uid, right: right.image_uid, record: uid });
    for (const { image_uid, model } of [left, right]) {
      if (!set.images.includes(image_uid)) set.images.push(image_uid);
      items.set(image_uid, { uid: image_uid, path: "", model, written: null });
    }
  }
  const { draft, play: before } = current.value;
  const row: RoundRow = {
    uid: `round-${randomUid()}`,
    kind: "round",
    session: randomUid(),
    created: Date.now(),
    images: [...items.keys()],
    items: [...items.values()],
    sets: [...sets.values()],
    plan: { ...FIRST_PLAN, mode: "retest", seed },
  };
  const { play } = await startRound(row, []);
  if (before) {
    await removeRound(before.row.uid);
    before.held.release();
  }
  draft?.held.release();
  show(play);
}

/** The list in random order. */
function shuffled<T>(list: readonly T[], seed: number): T[] {
  const order = [...list];
  let state = seed % 2147483647 || 1;
  for (let end = order.length - 1; end > 0; end--) {
    // Park and Miller's generator is good enough to choose which pairs come again.
    state = (state * 48271) % 2147483647;
    const other = state % (end + 1);
    [order[end], order[other]] = [order[other] as T, order[end] as T];
  }
  return order;
}
