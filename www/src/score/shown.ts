/** Which scorer's results and which prompts are shown. */

import { type Column, columns } from "../engine/panel";
import { board } from "./board";
import { ranks } from "./order";
import { memo } from "./memo";
import { OWN } from "./own";
import { largestScore, type Picture } from "./picture";

/** The scorer that the images are ranked by. */
export function shownColumn(): Column | undefined {
  const all = columns();
  return all.find(({ key }) => key === board.value.column) ?? all[0];
}

const ONLY_OWN: readonly string[] = [OWN];
const ANY: readonly string[] = [""];

/**
 * The prompts that a scorer scores: `""` for one that reads none, if there are none; {@link OWN}
 * for the files' own.
 */
export function promptsOf(scorer: Pick<Column, "readsPrompt"> | undefined): readonly string[] {
  const { prompts, prompting } = board.value;
  if (prompting === "own") return ONLY_OWN;
  return prompts.length > 0 || !scorer || scorer.readsPrompt ? prompts : ANY;
}

/** The prompts that are shown. */
export function shownPrompts(): readonly string[] {
  return promptsOf(shownColumn());
}

/** The prompt that the images are ranked by. */
export function shownPrompt(): string | undefined {
  const prompts = shownPrompts();
  return prompts[Math.min(board.value.active, prompts.length - 1)];
}

const NONE: readonly ReadonlyMap<Picture, number>[] = [];
const computed = memo((prompts: readonly string[], pictures: readonly Picture[]) => prompts.map((prompt) => ranks(pictures, prompt)));

const measured = memo(largestScore);

/** The largest score of the scorer that is shown, without its sign. */
export function shownLargest(): number {
  const { pictures, scored } = board.value;
  const key = shownColumn()?.key ?? "";
  return measured([key, pictures, scored], pictures, key);
}

/** The ranks by each prompt that is shown. */
export function shownRanks(): readonly ReadonlyMap<Picture, number>[] {
  const { pictures, scored } = board.value;
  const prompts = shownPrompts();
  return prompts.length === 0 ? NONE : computed([prompts, pictures, scored, shownColumn()?.key], prompts, pictures);
}
