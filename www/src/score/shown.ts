/** Which scorer's results and which prompts are shown. */

import { type Column, columns } from "../engine/panel";
import { board } from "./board";

/** The scorer that the images are ranked by. */
export function shownColumn(): Column | undefined {
  const all = columns();
  return all.find(({ key }) => key === board.value.column) ?? all[0];
}

/** The prompts that a scorer scores: `""` for one that reads none, if there are none. */
export function promptsOf(scorer: Pick<Column, "readsPrompt"> | undefined): readonly string[] {
  const { prompts } = board.value;
  return prompts.length > 0 || !scorer || scorer.readsPrompt ? prompts : [""];
}

/** The prompts that are shown. */
export function shownPrompts(): readonly string[] {
  return promptsOf(shownColumn());
}

/** The prompt that the images are ranked by. */
export function shownPrompt(): string | undefined {
  return shownPrompts()[board.value.active];
}
