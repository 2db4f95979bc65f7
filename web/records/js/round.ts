/** Rounds of pairs and groups. */

import type { Round as WasmRound } from "../pkg/records";
import { guarded, RecordsError } from "./error";
import type { Choice, Group, GroupChoice, GroupPair, Mode, Pair, RoundProgress, RoundSettings, RoundState, RoundStep } from "./types";
import { functions } from "./wasm";

/**
 * A round of pairs or groups. {@link Round.restore} continues it from storage: from the whole
 * {@link Round.state}, or from each {@link Round.step} that was stored after an answer. The size of
 * a step does not grow with the number of answers.
 */
export class Round {
  readonly #round: WasmRound;

  private constructor(round: WasmRound) {
    this.#round = round;
  }

  /** @throws RecordsError with code `"round"` */
  static start(settings: RoundSettings): Round {
    const { Round: wasm } = functions();
    return new Round(guarded(() => wasm.start(JSON.stringify(settings))));
  }

  /** @throws RecordsError with code `"round"` if the state is damaged or has an unknown version */
  static restore(state: string | RoundState): Round {
    if (typeof state !== "string" && (typeof state !== "object" || state === null)) {
      throw new RecordsError("bad-argument", "the state of a round is not a string or an object");
    }
    const { Round: wasm } = functions();
    return new Round(guarded(() => wasm.restore(typeof state === "string" ? state : JSON.stringify(state))));
  }

  get mode(): Mode {
    return this.#round.mode();
  }

  /** Whether nothing is left to ask. */
  get isOver(): boolean {
    return this.#round.isOver();
  }

  /** The pair to show; null if the round is over or a group is shown. */
  get pair(): Pair | null {
    return guarded(() => this.#round.pair()) ?? null;
  }

  /**
   * The group to show; null if the round is over or a pair is shown. Mode `"best-of-four"` shows
   * groups, and pairs only as controls.
   */
  get group(): Group | null {
    return guarded(() => this.#round.group()) ?? null;
  }

  get progress(): RoundProgress {
    return guarded(() => this.#round.progress());
  }

  /**
   * The uid of the best image so far: the one that stays, or else the first of the ranking; null
   * before the first label and in mode `"retest"`.
   */
  get best(): string | null {
    return this.#round.best() ?? null;
  }

  /**
   * Answers the pair and returns the next one, if a pair follows. `record` is the uid of the record
   * of the answer, which {@link Round.undo} returns.
   *
   * @throws RecordsError with code `"round-over"`, or `"round"` if a group is shown
   */
  choose(choice: Choice, record: string): Pair | null {
    guarded(() => this.#round.choose(choice, record));
    return this.pair;
  }

  /**
   * Asks another pair of the pool in place of the current one, in mode `"active"`: one that
   * something else finds more informative, such as {@link TasteLearner.next}. False, and nothing
   * changes, if that pair cannot be asked now: it was asked, or a control pair is shown.
   */
  suggest(one: string, other: string): boolean {
    return guarded(() => this.#round.suggest(one, other));
  }

  /**
   * The pairs of the group that an answer gives: the best image and each of the others. Each
   * becomes a record with the label `choice`.
   *
   * @throws RecordsError with code `"round-over"`, or `"round"` if a pair is shown
   */
  pairsOf(choice: GroupChoice): GroupPair[] {
    return guarded(() => this.#round.pairsOf(choice)).pairs;
  }

  /**
   * Answers the group. `records` are the uids of the records of {@link Round.pairsOf}, in the same
   * order, which {@link Round.undo} returns.
   *
   * @throws RecordsError with code `"round-over"`, or `"round"` if a pair is shown
   */
  chooseBest(choice: GroupChoice, records: readonly string[]): void {
    guarded(() => this.#round.chooseBest(choice, [...records]));
  }

  /**
   * Removes up to `count` answers and returns the uids of their records, the latest first.
   */
  undo(count = 1): string[] {
    return guarded(() => this.#round.undo(count));
  }

  /** The change made by the latest answer, to be stored with the earlier steps. */
  get step(): RoundStep {
    return guarded(() => this.#round.step());
  }

  /** The whole round as JSON, for {@link Round.restore}. */
  state(): string {
    return this.#round.state();
  }
}
