/** Which images a rule selects: the best ones, those above a threshold, or buckets. */

import { columns } from "../../engine/panel";
import type { Board } from "../board";
import { averaged, meanRanks } from "../columns";
import { ranks, ranksOf } from "../order";
import { byOwnPrompt, OWN } from "../own";
import type { Picture } from "../picture";
import type { Bucket } from "../selected";

/** What decides. */
export type Measure = "rank" | "score" | "probability" | "bucket";

/** An image with its result, best first in a list of them. */
export interface Ranked {
  picture: Picture;
  score: number;
  probability: number | undefined;
}

/** The images that have a score for a prompt, best first. */
export function rankedBy(pictures: readonly Picture[], prompt: string | undefined): Ranked[] {
  if (prompt === undefined) return [];
  const found = pictures.flatMap((picture): Ranked[] => {
    const result = picture.results.get(prompt);
    return result ? [{ picture, score: result.score, probability: result.probability }] : [];
  });
  return found.sort((a, b) => b.score - a.score || a.picture.id - b.picture.id);
}

/** The images' places: by the mean of the scorers' ranks if the board is sorted by it. */
export function placesOf({ pictures, sort }: Pick<Board, "pictures" | "sort">, prompt: string | undefined): ReadonlyMap<Picture, number> {
  if (prompt === undefined) return new Map();
  const scorers = columns();
  if (sort !== "mean" || averaged(scorers).length < 2) return ranks(pictures, prompt);
  const means = meanRanks(scorers, prompt, pictures);
  return ranksOf(pictures, (picture) => {
    const mean = means.get(picture);
    return mean === undefined ? undefined : { score: -mean };
  });
}

/**
 * The images in the first places; by own prompts, those of each prompt. Of images that share a
 * place, those added first.
 */
export function best(places: ReadonlyMap<Picture, number>, count: number, prompt: string | undefined): Set<Picture> {
  const ordered = [...places].sort(([a, one], [b, other]) => one - other || a.id - b.id).map(([picture]) => picture);
  const groups = prompt === OWN ? [...byOwnPrompt(ordered).values()] : [ordered];
  return new Set(groups.flatMap((group) => group.slice(0, Math.max(0, count))));
}

/** The images whose score or probability reaches a threshold. */
export function reaching(ranked: readonly Ranked[], by: "score" | "probability", least: number): Set<Picture> {
  return new Set(ranked.filter((one) => (one[by] ?? Number.NEGATIVE_INFINITY) >= least).map(({ picture }) => picture));
}

/** The images in some buckets. */
export function inBuckets(pictures: readonly Picture[], buckets: ReadonlySet<Bucket>): Set<Picture> {
  return new Set(pictures.filter(({ bucket }) => bucket !== undefined && buckets.has(bucket)));
}

/** How likely one of these is chosen from all. */
export function together(ranked: readonly Ranked[], chosen: ReadonlySet<Picture>): number {
  return ranked.reduce((sum, { picture, probability }) => (chosen.has(picture) ? sum + (probability ?? 0) : sum), 0);
}

/** A scale for a slider and a histogram. */
export interface Scale {
  least: number;
  most: number;
  /** The histogram's counts from `least` to `most`. */
  bins: readonly number[];
}

/** The values in equal steps. `undefined` if there are none. */
export function scaleOf(values: readonly number[], bins: number): Scale | undefined {
  if (values.length === 0) return undefined;
  const least = values.reduce((a, b) => Math.min(a, b));
  const most = values.reduce((a, b) => Math.max(a, b));
  const counts = new Array<number>(bins).fill(0);
  for (const value of values) {
    const at = most === least ? 0 : Math.min(bins - 1, Math.floor(((value - least) / (most - least)) * bins));
    counts[at] = (counts[at] as number) + 1;
  }
  return { least, most, bins: counts };
}
