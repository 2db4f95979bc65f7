/** Images that are already there: on the screen Score, and in the host's sample set. */

import { board } from "../score/board";
import type { Picture } from "../score/picture";
import { loadSamples } from "../score/samples";
import { filesOf } from "../score/file";
import type { Incoming } from "./draft";

/** The images on Score (the selected ones, or all); none if there are only samples. */
export function onTable(): readonly Picture[] {
  const { pictures } = board.value;
  const selected = pictures.filter(({ selected }) => selected);
  return selected.length > 1 ? selected : pictures.some(({ isSample }) => !isSample) ? pictures : [];
}

/** The files of those images that can be read, and the prompts of Score. */
export async function filesOnTable(): Promise<{ pictures: Incoming[]; prompts: string[] }> {
  const files = await filesOf(onTable());
  return { pictures: [...files].map(([{ path }, file]) => ({ file, path })), prompts: [...board.value.prompts] };
}

/** The sample set; `undefined` if the host offers none. */
export async function samples(): Promise<{ pictures: Incoming[]; prompt: string } | undefined> {
  const found = await loadSamples();
  if (!found) return undefined;
  const files = await filesOf(found.pictures);
  return { prompt: found.prompt, pictures: [...files].map(([{ path }, file]) => ({ file, path, written: null })) };
}
