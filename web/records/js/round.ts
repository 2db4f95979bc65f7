/** Rounds of pairs. */

import type { Round as WasmRound } from "../pkg/records";
import { guarded, RecordsError } from "./error";
import type { Choice, Mode, Pair, RoundProgress, RoundSettings, RoundState, RoundStep } from "./types";
import { functions } from "./wasm";

/**
 * A round of pairs. {@link Round.restore} continues it from storage: from the whole {@link Round.state}, or from the {@link Round.step} that
 * was stored after each answer, whose size does not grow.
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

  /** @throws RecordsError with code `"round"` where the state is damaged or of a version to come */
  static restore(state: string | RoundState): Round {
    if (typeof state !== "string" && (typeof state !== "object" || state === null)) {
      throw new RecordsError("bad-argument", "the state of a round is not a string or an object");
    }
    const { Round: wasm } = functions();
    return new Round(guarded(() => wasm.restore(typeof state === "string" ? state : JSON.stringify(state))));
  }

  get mode(): Mode {
    return guarded(() => this.#round.mode());
  }

  /** The pair to show; null when the round is over. */
  get pair(): Pair | null {
    return guarded(() => this.#round.pair()) ?? null;
  }

  get progress(): RoundProgress {
    return guarded(() => this.#round.progress());
  }

  /** The image that stays, or where none does the first of the ranking so far; null before anything was answered, and in mode `"retest"`. */
  get best(): string | null {
    return this.#round.best() ?? null;
  }

  /**
   * Answers the pair that is shown and gives the next. `record` is the uid of the record that was made of it; {@link Round.undo} gives it back.
   *
   * @throws RecordsError with code `"round-over"`
   */
  choose(choice: Choice, record: string): Pair | null {
    guarded(() => this.#round.choose(choice, record));
    return this.pair;
  }

  /** Takes answers back, as many as asked for or there are, and gives their records' uids, the latest first. */
  undo(count = 1): string[] {
    return guarded(() => this.#round.undo(count));
  }

  /** What the latest answer changed, to be stored with the steps before it. */
  get step(): RoundStep {
    return guarded(() => this.#round.step());
  }

  /** The whole round as JSON, for {@link Round.restore}. */
  state(): string {
    return this.#round.state();
  }
}
