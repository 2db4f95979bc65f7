/** How often people prefer one of two images, where the scorer says so. */

import type { Column } from "../../engine/panel";
import { session } from "../../engine/session";

/** Scorers that are trained so that differences of their scores are log-odds. */
const WITH_ODDS: readonly string[] = ["pickscore", "clip"];

/** Whether the scores of a scorer give probabilities. */
export function hasOdds(column: Column | undefined): boolean {
  const { info } = session.value;
  if (!column) return false;
  if (column.isTaste) return true;
  return column.isLoaded && info ? info.hasProbabilities : column.scorer !== undefined && WITH_ODDS.includes(column.scorer);
}

/**
 * The probability that people prefer the image with the first score: the softmax of the two. Scores
 * have been multiplied by the model's logit scale already.
 */
export function preferredOver(score: number, other: number): number {
  return 1 / (1 + Math.exp(other - score));
}

/** Times out of a hundred; never all or none, because no prediction is certain. */
export function timesOf100(probability: number): number {
  return Math.min(99, Math.max(1, Math.round(100 * probability)));
}
