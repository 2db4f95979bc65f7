/** Pictures that are there already: on the screen Score, and in the host's sample set. */

import { board } from "../score/board";
import { loadSamples } from "../score/samples";
import type { Incoming } from "./draft";

/** What lies on the table of Score: the selected pictures, or all of them, and its prompts. Nothing where only samples lie there. */
export function onTable(): { pictures: Incoming[]; prompts: string[] } {
  const { pictures, prompts } = board.value;
  const selected = pictures.filter(({ selected }) => selected);
  const taken = selected.length > 1 ? selected : pictures.some(({ isSample }) => !isSample) ? pictures : [];
  return { pictures: taken.map(({ file, path }) => ({ file, path })), prompts: [...prompts] };
}

/** The sample set; `undefined` where the host offers none. */
export async function samples(): Promise<{ pictures: Incoming[]; prompt: string } | undefined> {
  const found = await loadSamples();
  return found && { prompt: found.prompt, pictures: found.pictures.map(({ file, path }) => ({ file, path, written: null })) };
}
