/** A round being judged: which pair is shown, what becomes of a choice, and how it is taken back. Each step is stored before the next pair shows. */

import { advance } from "../collection/collection";
import type { Held } from "../collection/hold";
import { type Choice, type Pair, type PreferenceRecord, records, type Round, type RoundSettings } from "../collection/library";
import { randomUid, raterUid } from "../collection/rater";
import type { Item, PlaceRow, PromptSet, RoundRow } from "../collection/rows";
import { askToKeep } from "../collection/persistence";
import { APP_VERSION } from "../collection/version";
import type { RoundScores } from "./scoring";
import { pairsOf } from "./sets";

/** What is shown. */
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
  /** One step at a time. */
  #busy = false;
  /** The choices of this session in their order, as far as this page made them: what the line under the pair tells. */
  last: PreferenceRecord | undefined;

  private constructor(row: RoundRow, held: Held, place: PlaceRow, rounds: (Round | null)[]) {
    this.row = row;
    this.held = held;
    this.items = new Map(row.items.map((item) => [item.uid, item]));
    this.#place = place;
    this.#rounds = rounds;
  }

  /** The place of a round that begins. */
  static async begin(row: RoundRow, now: number): Promise<PlaceRow> {
    const { Round } = await records();
    // The first set's now, so that settings which the library refuses are refused before anything is stored.
    const first = row.sets.length > 0 ? Round.start(settingsOf(row, 0)).state() : null;
    return { uid: row.uid, revision: 0, states: row.sets.map((_, index) => (index === 0 ? first : null)), at: 0, finished: false, updated: now };
  }

  /** Goes on where a round was. */
  static async resume(row: RoundRow, place: PlaceRow, held: Held): Promise<Play> {
    const { Round } = await records();
    const rounds = place.states.map((state) => (state === null ? null : Round.restore(state)));
    if (!rounds[place.at]) rounds[place.at] = Round.start(settingsOf(row, place.at));
    return new Play(row, held, place, rounds);
  }

  get #round(): Round {
    return this.#rounds[this.#place.at] as Round;
  }

  get set(): PromptSet {
    return this.row.sets[this.#place.at] as PromptSet;
  }

  /** What to show; null when everything was judged. */
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

  /** Pairs that are answered, pairs in all as far as is known, pairs that can be taken back. */
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

  /** Answers the pair that is shown. Rejects where the choice could not be stored; the pair is then shown as before. */
  async choose(choice: Choice, seconds: number, scores: RoundScores): Promise<PreferenceRecord | undefined> {
    const { shown } = this;
    if (!shown || this.#busy) return undefined;
    return this.#step(async (place) => {
      const record = this.#record(shown, choice, seconds, scores);
      const round = this.#round;
      const at = place.at;
      round.choose(choice, record.uid);
      place.states[at] = round.state();
      let next: Round | null = null;
      if (round.pair === null && at + 1 < this.row.sets.length) {
        place.at = at + 1;
        next = this.#rounds[place.at] ?? (await records()).Round.start(settingsOf(this.row, place.at));
        place.states[place.at] = next.state();
      } else if (round.pair === null) {
        place.finished = true;
      }
      try {
        await advance(place, { add: record });
      } catch (error) {
        round.undo(1);
        throw error;
      }
      if (next) this.#rounds[place.at] = next;
      this.last = record;
      void askToKeep();
      return record;
    });
  }

  /** Takes the last choice back, also that of the prompt before. */
  async undo(): Promise<boolean> {
    if (this.#busy || this.progress.undoable === 0) return false;
    const undone = await this.#step(async (place) => {
      while (place.at > 0 && (this.#rounds[place.at]?.progress.undoable ?? 0) === 0) place.at -= 1;
      const round = this.#rounds[place.at] as Round;
      const before = round.state();
      const uids = round.undo(1);
      place.states[place.at] = round.state();
      place.finished = false;
      try {
        await advance(place, { remove: uids });
      } catch (error) {
        this.#rounds[place.at] = (await records()).Round.restore(before);
        throw error;
      }
      this.last = undefined;
      return uids;
    });
    return undone !== undefined;
  }

  /** Ends before everything was judged. */
  async finish(): Promise<void> {
    await this.#step(async (place) => {
      place.finished = true;
      await advance(place, {});
    });
  }

  /** Goes on after {@link finish}. */
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
    const place = { ...this.#place, states: [...this.#place.states], revision: this.#place.revision + 1, updated: Date.now() };
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

/** What the records library makes a set's round of. */
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
