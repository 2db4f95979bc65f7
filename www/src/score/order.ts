/** Which pictures are shown, and in which order. */

import type { Picture } from "./picture";

export type Sort = "score" | "name" | "added";
export type Show = "all" | "selected" | "unreadable" | "unlike";

export interface View {
  sort: Sort;
  show: Show;
  /** Part of a path. */
  find: string;
  /** The prompt that `score` sorts by. */
  prompt: string | undefined;
}

const byName = new Intl.Collator(undefined, { numeric: true });

/** The pictures of a view, in its order. Pictures without a score follow those that have one, in the order they came. */
export function arrange(pictures: readonly Picture[], { sort, show, find, prompt }: View, isUnlike: (picture: Picture) => boolean): Picture[] {
  const words = find.trim().toLowerCase();
  const shown = pictures.filter((picture) => {
    if (words && !picture.path.toLowerCase().includes(words)) return false;
    if (show === "selected") return picture.selected;
    if (show === "unreadable") return picture.problem !== undefined;
    return show === "all" || isUnlike(picture);
  });
  if (sort === "name") return shown.sort((a, b) => byName.compare(a.path, b.path) || a.id - b.id);
  if (sort === "added" || prompt === undefined) return shown;
  return shown.sort((a, b) => scoreOf(b, prompt) - scoreOf(a, prompt) || a.id - b.id);
}

/** Ranks by one prompt, the best being 1; equal scores share a rank, as the command has it. */
export function ranks(pictures: readonly Picture[], prompt: string): Map<Picture, number> {
  const scored = pictures.filter((picture) => picture.results.has(prompt)).sort((a, b) => scoreOf(b, prompt) - scoreOf(a, prompt));
  const found = new Map<Picture, number>();
  let rank = 0;
  for (const [index, picture] of scored.entries()) {
    const before = scored[index - 1];
    if (!before || scoreOf(before, prompt) !== scoreOf(picture, prompt)) rank = index + 1;
    found.set(picture, rank);
  }
  return found;
}

/** Below every score where there is none. */
function scoreOf(picture: Picture, prompt: string): number {
  return picture.results.get(prompt)?.score ?? -Number.MAX_VALUE;
}
