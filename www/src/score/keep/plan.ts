/** What is saved, under which names, and the table beside it. */

import { columns } from "../../engine/panel";
import { board } from "../board";
import { toCsv, toCsvOfSeveral } from "../export";
import type { Picture } from "../picture";
import { shownPrompt, shownPrompts } from "../shown";
import { plainName, withRank } from "./names";
import { placesOf } from "./pick";
import type { Plan, SaveItem } from "./save";

/** Images with their names, best first. */
export function itemsOf(pictures: readonly Picture[], ranked: boolean): SaveItem[] {
  const places = placesOf(board.value, shownPrompt());
  const place = (picture: Picture) => places.get(picture) ?? Number.MAX_SAFE_INTEGER;
  const ordered = [...pictures].sort((a, b) => place(a) - place(b) || a.id - b.id);
  const last = ordered.reduce((most, picture) => Math.max(most, places.get(picture) ?? 0), 0);
  return ordered.map((picture) => {
    const name = plainName(picture.path);
    return { picture, name: ranked ? withRank(name, places.get(picture), last) : name };
  });
}

export function planOf(pictures: readonly Picture[], { ranked, csv }: { ranked: boolean; csv: boolean }): Plan {
  const [prompts, scorers, among] = [shownPrompts(), columns(), board.value.pictures];
  const table = (files: ReadonlyMap<Picture, string>) => {
    const saved = [...files.keys()];
    return scorers.length > 1 ? toCsvOfSeveral(saved, prompts, scorers, { among, files }) : toCsv(saved, prompts, { among, files });
  };
  const hasScores = prompts.length > 0 && pictures.some(({ scores }) => scores.size > 0);
  return { items: itemsOf(pictures, ranked), csv: csv && hasScores ? table : undefined };
}
