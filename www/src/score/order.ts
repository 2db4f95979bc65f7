/** Which images are shown, and in which order. */

import type { Picture, Result } from "./picture";
import { BUCKETS, type Bucket } from "./selected";

export type Sort = "score" | "mean" | "name" | "added";
export type Show = "all" | "selected" | Bucket | "unsorted" | "unreadable" | "unlike";

export interface View {
  sort: Sort;
  show: Show;
  /** Part of a path. */
  find: string;
  /** The prompt that `score` sorts by. */
  prompt: string | undefined;
  /** The mean ranks that `mean` sorts by. */
  means?: ReadonlyMap<Picture, number>;
}

const byName = new Intl.Collator(undefined, { numeric: true });

/** A view's images in order. Images without a score come last, in the order they were added. */
export function arrange(pictures: readonly Picture[], { sort, show, find, prompt, means }: View, isUnlike: (picture: Picture) => boolean): Picture[] {
  const words = find.trim().toLowerCase();
  const shown = pictures.filter((picture) => {
    if (words && !picture.path.toLowerCase().includes(words)) return false;
    if (show === "selected") return picture.selected;
    if (show === "unsorted") return picture.bucket === undefined;
    if ((BUCKETS as readonly string[]).includes(show)) return picture.bucket === show;
    if (show === "unreadable") return picture.problem !== undefined;
    return show === "all" || isUnlike(picture);
  });
  if (sort === "name") return shown.sort((a, b) => byName.compare(a.path, b.path) || a.id - b.id);
  if (sort === "added" || prompt === undefined) return shown;
  if (sort === "mean" && means) {
    const mean = (picture: Picture) => means.get(picture) ?? Number.MAX_VALUE;
    return shown.sort((a, b) => mean(a) - mean(b) || a.id - b.id);
  }
  return shown.sort((a, b) => scoreOf(b, prompt) - scoreOf(a, prompt) || a.id - b.id);
}

/** Ranks by one prompt; 1 is best, and equal scores share a rank, as in the command. */
export function ranks(pictures: readonly Picture[], prompt: string): Map<Picture, number> {
  return ranksOf(pictures, ({ results }) => results.get(prompt));
}

/** Ranks by any results, as {@link ranks}. Images without a result have no rank. */
export function ranksOf(pictures: readonly Picture[], resultOf: (picture: Picture) => Result | undefined): Map<Picture, number> {
  const scored = pictures.flatMap((picture) => {
    const result = resultOf(picture);
    return result ? [{ picture, score: result.score }] : [];
  });
  scored.sort((a, b) => b.score - a.score);
  const found = new Map<Picture, number>();
  let rank = 0;
  for (const [index, { picture, score }] of scored.entries()) {
    if (scored[index - 1]?.score !== score) rank = index + 1;
    found.set(picture, rank);
  }
  return found;
}

/** The score, or less than every score if there is none. */
function scoreOf(picture: Picture, prompt: string): number {
  return picture.results.get(prompt)?.score ?? -Number.MAX_VALUE;
}
