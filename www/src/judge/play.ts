/**
 * A round being judged: which pair is shown, how a choice is stored and undone. Each step is stored
 * before the next pair is shown.
 */

import { advance, stepsOf } from "../collection/collection";
import type { Held } from "../collection/hold";
import { type Choice, type Pair, type PreferenceRecord, records, type Round, type RoundSettings } from "../collection/library";
import { randomUid, raterUid } from "../collection/rater";
import { askToKeep } from "../collection/persistence";
import { answerRow, answerUid, type Item, type PlaceRow, type PromptSet, type RoundRow } from "../collection/rows";
import { APP_VERSION } from "../collection/version";
import type { RoundScores } from "./scoring";
import { pairsOf } from "./sets";

/** The current pair. */
export interface Shown {
  prompt: string;
  pair: Pair;
}

export class Play {
  readonly row: RoundRow;
  readonly held: Held;
  readonly items: ReadonlyMap<string, Item>;
  readonly #rounds: (Round | null)[];
  #place: PlaceRow;
  /** Steps run one at a time. */
  #busy = false;
  /**
   * This session's choices in order, as far as this page made them, for the line below the pair.
   */
  last: PreferenceRecord | undefined;

  private constructor(row: RoundRow, held: Held, place: PlaceRow, rounds: (Round | null)[]) {
    this.row = row;
    this.held = held;
    this.items = new Map(row.items.map((item) => [item.uid, item]));
    this.#place = place;
    this.#rounds = rounds;
  }

  /**
   * The position in a round that begins. Settings that the library refuses are refused here, before
   * anything is stored.
   */
  static async begin(row: RoundRow, now: number): Promise<PlaceRow> {
    const { Round } = await records();
    const place = { uid: row.uid, revision: 0, at: 0, finished: false, updated: now };
    return { ...place, ...stored(Round.start(settingsOf(row, 0))) };
  }

  /** Continues a round from what is stored of it. */
  static async resume(row: RoundRow, held: Held): Promise<Play> {
    const { Round } = await records();
    const steps = await stepsOf(row.uid);
    if (!steps || "states" in steps.place) throw new Error("the stored position in this round is missing or damaged");
    const { place } = steps;
    const rounds = row.sets.map((_, set) => {
      const answers = steps.answers.filter((answer) => answer.set === set).map(({ answer }) => answer);
      if (answers.length === 0) return set === place.at ? Round.start(settingsOf(row, set)) : null;
      // The sets before the one that is being judged are over.
      const pair = set === place.at ? place.pair : null;
      return Round.restore({ round_version: place.version, settings: settingsOf(row, set), answers, pair });
    });
    return new Play(row, held, place, rounds);
  }

  get #round(): Round {
    return this.#rounds[this.#place.at] as Round;
  }

  get set(): PromptSet {
    return this.row.sets[this.#place.at] as PromptSet;
  }

  /** The current pair; null when everything has been judged. */
  get shown(): Shown | null {
    const pair = this.#place.finished ? null : this.#round.pair;
    return pair && { prompt: this.set.prompt, pair };
  }

  get finished(): boolean {
    return this.#place.finished || this.#round.pair === null;
  }

  get busy(): boolean {
    return this.#busy;
  }

  /** Pairs answered, pairs in total as far as known, and answers that can be undone. */
  get progress(): { answered: number; total: number; undoable: number } {
    const sum = { answered: 0, total: 0, undoable: 0 };
    for (const [index, set] of this.row.sets.entries()) {
      const { answered, total, undoable } = this.#rounds[index]?.progress ?? { answered: 0, total: this.#expected(set), undoable: 0 };
      sum.answered += answered;
      sum.total += total;
      sum.undoable += undoable;
    }
    return sum;
  }

  #expected({ images, earlier }: PromptSet): number {
    const { mode, limit } = this.row.plan;
    return mode === "retest" ? (earlier?.length ?? 0) : pairsOf(mode, images.length, limit);
  }

  /**
   * Answers the pair that is shown. Rejects if the choice could not be stored; the pair is then
   * shown as before.
   */
  async choose(choice: Choice, seconds: number, scores: RoundScores): Promise<PreferenceRecord | undefined> {
    const { shown } = this;
    if (!shown || this.#busy) return undefined;
    return this.#step(async (place) => {
      const { Round } = await records();
      const record = this.#record(shown, choice, seconds, scores);
      const round = this.#round;
      const set = place.at;
      round.choose(choice, record.uid);
      try {
        const { answer } = round.step;
        if (!answer) throw new Error("the round has no answer after a choice");
        let next = round;
        if (round.pair === null && set + 1 < this.row.sets.length) {
          place.at = set + 1;
          next = this.#rounds[place.at] ?? Round.start(settingsOf(this.row, place.at));
        } else if (round.pair === null) {
          place.finished = true;
        }
        Object.assign(place, stored(next));
        await advance(place, { add: { record, answer: answerRow(this.row.uid, set, shown.pair.number, answer) } });
        this.#rounds[place.at] = next;
      } catch (error) {
        round.undo(1);
        throw error;
      }
      this.last = record;
      void askToKeep();
      return record;
    });
  }

  /** Undoes the last choice, also across prompts. */
  async undo(): Promise<boolean> {
    if (this.#busy || this.progress.undoable === 0) return false;
    const undone = await this.#step(async (place) => {
      while (place.at > 0 && (this.#rounds[place.at]?.progress.undoable ?? 0) === 0) place.at -= 1;
      const round = this.#rounds[place.at] as Round;
      const { answer } = round.step;
      if (!answer) return undefined;
      round.undo(1);
      try {
        Object.assign(place, stored(round), { finished: false });
        const number = round.progress.answered;
        await advance(place, { remove: { record: answer.record, answer: answerUid(this.row.uid, place.at, number) } });
      } catch (error) {
        round.choose(answer.choice, answer.record);
        throw error;
      }
      this.last = undefined;
      return answer.record;
    });
    return undone !== undefined;
  }

  /** Ends early. */
  async finish(): Promise<void> {
    await this.#step(async (place) => {
      place.finished = true;
      await advance(place, {});
    });
  }

  /** Continues after {@link finish}. */
  async reopen(): Promise<void> {
    if (this.#round.pair === null) return;
    await this.#step(async (place) => {
      place.finished = false;
      await advance(place, {});
    });
  }

  async #step<R>(work: (place: PlaceRow) => Promise<R>): Promise<R | undefined> {
    if (this.#busy) return undefined;
    this.#busy = true;
    const place = { ...this.#place, revision: this.#place.revision + 1, updated: Date.now() };
    try {
      const result = await work(place);
      this.#place = place;
      return result;
    } finally {
      this.#busy = false;
    }
  }

  #record({ prompt, pair }: Shown, choice: Choice, seconds: number, scores: RoundScores): PreferenceRecord {
    const { plan, session } = this.row;
    const scored = scores.ofPair(prompt, pair.left, pair.right);
    const side = (uid: string, score: number | null) => ({ image_uid: uid, model: this.items.get(uid)?.model ?? null, score });
    const left = side(pair.left, scored?.left ?? null);
    const right = side(pair.right, scored?.right ?? null);
    return {
      record_version: 1,
      uid: randomUid(),
      prompt,
      left,
      right,
      has_label: choice !== "skip",
      label: choice === "skip" ? null : choice,
      created_at: Date.now(),
      session_uid: session,
      rater_uid: raterUid(),
      mode: plan.mode,
      control: pair.control,
      retest_of: pair.retestOf,
      seconds,
      scores_visible: plan.open && scored !== undefined,
      scorer: scored?.scorer ?? null,
      app_version: APP_VERSION,
    };
  }
}

/** The fields of a place that describe the round being judged. */
function stored(round: Round): Pick<PlaceRow, "version" | "pair"> {
  const { round_version, pair } = round.step;
  return { version: round_version, pair };
}

/** The settings from which the records library creates the round of a set. */
function settingsOf({ plan, sets }: RoundRow, index: number): RoundSettings {
  const { images, controls = [], earlier } = sets[index] as PromptSet;
  const seed = (plan.seed + index) % Number.MAX_SAFE_INTEGER;
  if (plan.mode === "retest") return { mode: "retest", seed, earlier: earlier ?? [] };
  return {
    mode: plan.mode,
    seed,
    images,
    ...(plan.limit > 0 && { limit: plan.limit }),
    ...(controls.length > 0 && { controls }),
  };
}
