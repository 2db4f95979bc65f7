/** Rounds of pairs. */

import type { Round as WasmRound } from "../pkg/records";
import { guarded, RecordsError } from "./error";
import type { Choice, Mode, Pair, RoundProgress, RoundSettings, RoundState, RoundStep } from "./types";
import { functions } from "./wasm";

/**
 * A round of pairs. {@link Round.restore} continues it from storage: from the whole
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

  /** The pair to show; null if the round is over. */
  get pair(): Pair | null {
    return guarded(() => this.#round.pair()) ?? null;
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
   * Answers the pair and returns the next one. `record` is the uid of the record of the answer,
   * which {@link Round.undo} returns.
   *
   * @throws RecordsError with code `"round-over"`
   */
  choose(choice: Choice, record: string): Pair | null {
    guarded(() => this.#round.choose(choice, record));
    return this.pair;
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
