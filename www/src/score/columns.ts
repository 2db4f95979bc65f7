/** The columns of the table, by prompt or by scorer, and the mean of the scorers' ranks. */

import type { Column } from "../engine/panel";
import { number, scoreNumber } from "../text/format";
import { scoreText } from "../text/score";
import type { MatrixColumn } from "./matrix";
import { ranksFor } from "./order";
import { promptWords } from "./own";
import { largestScore, type Picture, type Result } from "./picture";

/** The index of the mean rank among the columns, if there is one, is the number of scorers. */
export function byScorer(scorers: readonly Column[], prompt: string, pictures: readonly Picture[]): MatrixColumn[] {
  const made = scorers.map(({ key, title }): MatrixColumn => {
    const result = (picture: Picture): Result | undefined => picture.scores.get(key)?.get(prompt);
    const ranks = ranksFor(pictures, prompt, result);
    const largest = largestScore(pictures, key);
    return { title, isPrompt: false, hint: scoreText.sortByScorer(title), width: longest(pictures, result, largest), cell: (picture) => cell(result(picture), ranks.get(picture), largest) };
  });
  if (averaged(scorers).length < 2) return made;
  const means = meanRanks(scorers, prompt, pictures);
  // Own prompts are ranked each for itself.
  const rankedFor = (picture: Picture) => promptWords(prompt, picture);
  const best = new Map<string, number>();
  for (const [picture, value] of means) best.set(rankedFor(picture), Math.min(value, best.get(rankedFor(picture)) ?? value));
  const mean: MatrixColumn = {
    title: scoreText.meanRank,
    isPrompt: false,
    hint: scorers.some(({ isTaste }) => isTaste) ? scoreText.sortByMeanNoTaste : scoreText.sortByMean,
    width: number(pictures.length, 1).length,
    cell: (picture) => {
      const value = means.get(picture);
      return value === undefined ? undefined : { value: number(value, 1), rank: undefined, isBest: value === best.get(rankedFor(picture)) };
    },
  };
  return [...made, mean];
}

export function byPrompt(prompts: readonly string[], ranks: readonly ReadonlyMap<Picture, number>[], largest: number): MatrixColumn[] {
  return prompts.map((prompt, index) => ({
    title: prompt,
    isPrompt: true,
    hint: scoreText.sortByPrompt(prompt),
    width: longest(ranks[index]?.keys() ?? [], ({ results }) => results.get(prompt), largest),
    cell: (picture) => cell(picture.results.get(prompt), ranks[index]?.get(picture), largest),
  }));
}

/** The characters of the longest score, which is the lowest or the highest one. */
function longest(pictures: Iterable<Picture>, resultOf: (picture: Picture) => Result | undefined, largest: number): number {
  let [low, high] = [0, 0];
  for (const picture of pictures) {
    const { score } = resultOf(picture) ?? { score: 0 };
    [low, high] = [Math.min(low, score), Math.max(high, score)];
  }
  return Math.max(...[low, high].map((score) => scoreNumber(score, largest).length));
}

/** A cell. `largest` is the largest score of its scorer, which decides the number of digits. */
function cell(result: Result | undefined, rank: number | undefined, largest: number): ReturnType<MatrixColumn["cell"]> {
  if (!result || rank === undefined) return undefined;
  return { value: scoreNumber(result.score, largest), rank, share: result.probability, isBest: rank === 1 };
}

/**
 * The scorers whose mean is taken. A taste contains the scorer that it was learned on top of, which
 * would count twice.
 */
export function averaged(scorers: readonly Column[]): readonly Column[] {
  return scorers.filter(({ isTaste }) => !isTaste);
}

/** The mean of the ranks of the images that every scorer has scored; tastes are left out. */
export function meanRanks(columns: readonly Column[], prompt: string, pictures: readonly Picture[]): Map<Picture, number> {
  const scorers = averaged(columns);
  const complete = pictures.filter(({ scores }) => scorers.every(({ key }) => scores.get(key)?.has(prompt)));
  const ranks = scorers.map(({ key }) => ranksFor(complete, prompt, ({ scores }) => scores.get(key)?.get(prompt)));
  return new Map(complete.map((picture) => [picture, ranks.reduce((sum, of) => sum + (of.get(picture) ?? 0), 0) / scorers.length]));
}
