/** The axis of a ranking's chart. */

import type { Ranked } from "../collection/library";

/** The mean of all ratings. */
export const MIDDLE = 1000;

export interface Axis {
  ticks: number[];
  /** A rating's position, in percent of the width. */
  at: (rating: number) => number;
}

/**
 * Ticks at multiples of 100 that span all intervals, some of them labelled. Intervals are cut at
 * 1400 from the centre (odds of 3,000 to 1).
 */
export function axisOf(rows: readonly Ranked[]): Axis {
  const ends = rows.flatMap(({ rating: { low, high } }) => [low - MIDDLE, high - MIDDLE].map(Math.abs));
  const most = Math.min(1400, 100 * Math.max(2, Math.ceil(Math.max(0, ...ends) / 100)));
  const step = most > 800 ? 400 : most > 400 ? 200 : 100;
  const ticks = Array.from({ length: 2 * Math.floor(most / step) + 1 }, (_, index) => MIDDLE + (index - Math.floor(most / step)) * step);
  const at = (rating: number) => {
    const held = Math.max(-most, Math.min(most, rating - MIDDLE));
    return Math.round((4 + (92 * (held + most)) / (2 * most)) * 100) / 100;
  };
  return { ticks, at };
}
