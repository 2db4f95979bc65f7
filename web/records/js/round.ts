/** Rounds of pairs. */

import type { Round as WasmRound } from "../pkg/records";
import { guarded, RecordsError } from "./error";
import type { Choice, Mode, Pair, RoundProgress, RoundSettings } from "./types";
import { functions } from "./wasm";

/** A round of pairs. Its {@link Round.state} goes into storage after each answer, and {@link Round.restore} goes on in the same place. */
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
  static restore(state: string): Round {
    if (typeof state !== "string") throw new RecordsError("bad-argument", "the state of a round is not a string");
    const { Round: wasm } = functions();
    return new Round(guarded(() => wasm.restore(state)));
  }

  get mode(): Mode {
    return this.#round.mode() as Mode;
  }

  /** The pair to show; null when the round is over. */
  get pair(): Pair | null {
    return JSON.parse(this.#round.pair()) as Pair | null;
  }

  get progress(): RoundProgress {
    return JSON.parse(this.#round.progress()) as RoundProgress;
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
    return JSON.parse(guarded(() => this.#round.choose(choice, record))) as Pair | null;
  }

  /** Takes answers back, as many as asked for or there are, and gives their records' uids, the latest first. */
  undo(count = 1): string[] {
    return guarded(() => this.#round.undo(count));
  }

  /** The whole round as JSON. */
  state(): string {
    return this.#round.state();
  }
}
