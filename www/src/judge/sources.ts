/** Images that are already there: on the screen Score, and in the host's sample set. */

import { board } from "../score/board";
import type { Picture } from "../score/picture";
import { loadSamples } from "../score/samples";
import { filesOf } from "../score/file";
import { askForAll } from "../score/table/permission";
import type { Incoming } from "./draft";

/** The images on Score (the selected ones, or all); none if there are only samples. */
export function onTable(): readonly Picture[] {
  const { pictures } = board.value;
  const selected = pictures.filter(({ selected }) => selected);
  return selected.length > 1 ? selected : pictures.some(({ isSample }) => !isSample) ? pictures : [];
}

/**
 * The files of those images that can be read, how many cannot, and the prompts of Score. Call it
 * for a click: the browser may have to ask for permission.
 */
export async function filesOnTable(): Promise<{ pictures: Incoming[]; prompts: string[]; unread: number }> {
  const wanted = onTable();
  if (wanted.some(({ away }) => away === "permission")) await askForAll();
  const files = await filesOf(wanted);
  return { unread: wanted.length - files.size, pictures: [...files].map(([{ path }, file]) => ({ file, path })), prompts: [...board.value.prompts] };
}

/** The sample set; `undefined` if the host offers none. */
export async function samples(): Promise<{ pictures: Incoming[]; prompt: string } | undefined> {
  const found = await loadSamples();
  if (!found) return undefined;
  const files = await filesOf(found.pictures);
  return { prompt: found.prompt, pictures: [...files].map(([{ path }, file]) => ({ file, path, written: null })) };
}
