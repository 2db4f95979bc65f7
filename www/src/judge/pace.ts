/** How long answers take, and how long the rest of a round will. */

import type { Mode, PreferenceRecord } from "../collection/library";

/** Answers that the pace follows from: enough to be steady, few enough to follow a change. */
const LATEST = 11;
/** Answers before a pace is shown. */
const FIRST = 3;
/** Seconds that an answer takes before anything is known about the visitor. */
const USUAL_PAIR = 3;
const USUAL_GROUP = 6;

export class Pace {
  readonly #seconds: number[];

  private constructor(seconds: number[]) {
    this.#seconds = seconds;
  }

  /** The pace of earlier answers, oldest first. */
  static of(records: readonly PreferenceRecord[]): Pace {
    return new Pace(secondsOf(records));
  }

  add(seconds: number): void {
    this.#seconds.push(seconds);
  }

  remove(): void {
    this.#seconds.pop();
  }

  /** The median of the latest answers in seconds, once there are a few. */
  get each(): number | undefined {
    const latest = this.#seconds.slice(-LATEST);
    return latest.length < FIRST ? undefined : median(latest);
  }
}

/** The time of each answer. The records of a group are one answer. */
export function secondsOf(records: readonly PreferenceRecord[]): number[] {
  const groups = new Set<string>();
  const seconds: number[] = [];
  for (const { seconds: taken, group_uid: group } of records) {
    // Records that older pages stored have no such field.
    if (taken === null || (group && groups.has(group))) continue;
    if (group) groups.add(group);
    seconds.push(taken);
  }
  return seconds;
}

/** Seconds per answer in a mode, from the visitor's earlier answers or else a usual value. */
export function expectedSeconds(mode: Mode, records: readonly PreferenceRecord[]): number {
  const isGroup = mode === "best-of-four";
  const alike = records.filter(({ group_uid: group }) => Boolean(group) === isGroup);
  return Pace.of(alike).each ?? (isGroup ? USUAL_GROUP : USUAL_PAIR);
}

/** 0 for an empty list. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
