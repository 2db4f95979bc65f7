/** Images that are already there: on the screen Score, and in the host's sample set. */

import { board } from "../score/board";
import { loadSamples } from "../score/samples";
import type { Incoming } from "./draft";

/**
 * The images on Score (the selected ones, or all) and its prompts; undefined if there are only
 * samples.
 */
export function onTable(): { pictures: Incoming[]; prompts: string[] } {
  const { pictures, prompts } = board.value;
  const selected = pictures.filter(({ selected }) => selected);
  const taken = selected.length > 1 ? selected : pictures.some(({ isSample }) => !isSample) ? pictures : [];
  return { pictures: taken.map(({ file, path }) => ({ file, path })), prompts: [...prompts] };
}

/** The sample set; `undefined` if the host offers none. */
export async function samples(): Promise<{ pictures: Incoming[]; prompt: string } | undefined> {
  const found = await loadSamples();
  return found && { prompt: found.prompt, pictures: found.pictures.map(({ file, path }) => ({ file, path, written: null })) };
}
