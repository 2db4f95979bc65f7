/**
 * A round being judged: which pair or group is shown, how an answer is stored and undone. Each step
 * is stored before the next images are shown.
 */

import { advance, recordsOf, stepsOf } from "../collection/collection";
import type { Held } from "../collection/hold";
import { type Choice, type Group, type GroupChoice, type Pair, type PreferenceRecord, records, type Round, type RoundSettings } from "../collection/library";
import { randomUid, raterUid } from "../collection/rater";
import { askToKeep } from "../collection/persistence";
import { answerRow, answerUid, type Item, type PlaceRow, type PromptSet, type RoundRow } from "../collection/rows";
import { APP_VERSION } from "../collection/version";
import { Pace } from "./pace";
import type { RoundScores } from "./scoring";
import { choicesOf } from "./sets";

/** An answer to a pair or to a group. */
export type Answer = Choice | GroupChoice;

/** The current pair, or the current group. */
export interface Shown {
  prompt: string;
  /** The number of the answer that it asks for. */
  number: number;
  /** The uids of the images in their order on the screen. */
  images: readonly string[];
  pair: Pair | null;
  group: Group | null;
}

/** What an answer says about a pair. */
interface Verdict {
  left: string;
  right: string;
  choice: Choice;
}

/** Chooses pairs of the mode `active` that something else finds more informative. */
export interface Advice {
  answered(records: readonly PreferenceRecord[]): void;
  /** The last answer was taken back, which had the records of these uids. */
  undone(records: readonly string[]): void;
  next(prompt: string, images: readonly string[]): Promise<[string, string] | undefined>;
}

export class Play {
  readonly row: RoundRow;
  readonly held: Held;
  readonly items: ReadonlyMap<string, Item>;
  readonly #rounds: (Round | null)[];
  #place: PlaceRow;
  /** Steps run one at a time. */
  #busy = false;
  /** The last answer, if this page made it, for the line below the images. */
  last: { answer: Answer; records: readonly PreferenceRecord[] } | undefined;
  readonly pace: Pace;
  advice: Advice | undefined;

  private constructor(row: RoundRow, held: Held, place: PlaceRow, rounds: (Round | null)[], pace: Pace) {
    this.row = row;
    this.held = held;
    this.items = new Map(row.items.map((item) => [item.uid, item]));
    this.#place = place;
    this.#rounds = rounds;
    this.pace = pace;
  }

  /**
   * The position in a round that begins. Settings that the library refuses are refused here, before
   * anything is stored.
   */
  static async begin(row: RoundRow, now: number): Promise<PlaceRow> {
    const { Round } = await records();
    const place = { uid: row.uid, revision: 0, at: 0, finished: false, updated: now };
    return { ...place, ...storedOf(Round.start(settingsOf(row, 0))) };
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
    return new Play(row, held, place, rounds, Pace.of(await recordsOf(row.session)));
  }

  get #round(): Round {
    return this.#rounds[this.#place.at] as Round;
  }

  get set(): PromptSet {
    return this.row.sets[this.#place.at] as PromptSet;
  }

  /** The current pair or group; null when everything has been judged. */
  get shown(): Shown | null {
    if (this.finished) return null;
    const { pair, group } = this.#round;
    const images = group?.images ?? (pair ? [pair.left, pair.right] : []);
    return { prompt: this.set.prompt, number: (group ?? pair)?.number ?? 0, images, pair, group };
  }

  get finished(): boolean {
    return this.#place.finished || this.#round.isOver;
  }

  get busy(): boolean {
    return this.#busy;
  }

  /** Answers given, answers in total as far as known, and answers that can be undone. */
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
    return mode === "retest" ? (earlier?.length ?? 0) : choicesOf(mode, images.length, limit);
  }

  /**
   * Answers the pair or group that is shown. Rejects if the answer could not be stored; the same
   * images are then shown as before.
   */
  async choose(given: Answer, seconds: number, scores: RoundScores): Promise<readonly PreferenceRecord[] | undefined> {
    const { shown } = this;
    if (!shown || this.#busy) return undefined;
    return this.#step(async (place) => {
      const { Round } = await records();
      const round = this.#round;
      const set = place.at;
      const made = this.#records(shown, given, seconds, scores);
      answer(round, given, made.map(({ uid }) => uid));
      try {
        const { answer: stored } = round.step;
        if (!stored) throw new Error("the round has no answer after a choice");
        let next = round;
        if (round.isOver && set + 1 < this.row.sets.length) {
          place.at = set + 1;
          next = this.#rounds[place.at] ?? Round.start(settingsOf(this.row, place.at));
        } else if (round.isOver) {
          place.finished = true;
        }
        this.advice?.answered(made);
        await this.#ask(next, this.row.sets[place.at] as PromptSet);
        Object.assign(place, storedOf(next));
        await advance(place, { add: { records: made, answer: answerRow(this.row.uid, set, shown.number, stored) } });
        this.#rounds[place.at] = next;
      } catch (error) {
        round.undo(1);
        this.advice?.undone(made.map(({ uid }) => uid));
        throw error;
      }
      this.last = { answer: given, records: made };
      this.pace.add(seconds);
      void askToKeep();
      return made;
    });
  }

  /** Undoes the last answer, also across prompts. */
  async undo(): Promise<boolean> {
    if (this.#busy || this.progress.undoable === 0) return false;
    const undone = await this.#step(async (place) => {
      while (place.at > 0 && (this.#rounds[place.at]?.progress.undoable ?? 0) === 0) place.at -= 1;
      const round = this.#rounds[place.at] as Round;
      const { answer: undone } = round.step;
      if (!undone) return undefined;
      const removed = round.undo(1);
      try {
        Object.assign(place, storedOf(round), { finished: false });
        const number = round.progress.answered;
        await advance(place, { remove: { records: removed, answer: answerUid(this.row.uid, place.at, number) } });
        this.advice?.undone(removed);
      } catch (error) {
        answer(round, undone.choice, removed.reverse());
        throw error;
      }
      this.last = undefined;
      this.pace.remove();
      return removed;
    });
    return undone !== undefined;
  }

  /** Asks what the advice finds most informative, if there is any. */
  async #ask(round: Round, { prompt, images }: PromptSet): Promise<void> {
    const pair = round.isOver ? undefined : await this.advice?.next(prompt, images);
    if (pair) round.suggest(...pair);
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
    if (this.#round.isOver) return;
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

  /** The records of an answer: one for a pair, one for each pair that the best of a group gives. */
  #records({ prompt, pair, group }: Shown, given: Answer, seconds: number, scores: RoundScores): PreferenceRecord[] {
    const name = group && randomUid();
    const verdicts: Verdict[] = group ? this.#round.pairsOf(given as GroupChoice) : [{ ...(pair as Pair), choice: given as Choice }];
    const now = Date.now();
    return verdicts.map((verdict) => this.#record(prompt, verdict, { seconds, now, pair, name }, scores));
  }

  #record(
    prompt: string,
    { left: a, right: b, choice }: Verdict,
    { seconds, now, pair, name }: { seconds: number; now: number; pair: Pair | null; name: string | null },
    scores: RoundScores,
  ): PreferenceRecord {
    const { plan, session } = this.row;
    const scored = scores.ofPair(prompt, a, b);
    const side = (uid: string, score: number | null) => ({ image_uid: uid, model: this.items.get(uid)?.model ?? null, score });
    const left = side(a, scored?.left ?? null);
    const right = side(b, scored?.right ?? null);
    return {
      record_version: 1,
      uid: randomUid(),
      prompt,
      left,
      right,
      has_label: choice !== "skip",
      label: choice === "skip" ? null : choice,
      created_at: now,
      session_uid: session,
      rater_uid: raterUid(),
      mode: plan.mode,
      control: pair?.control ?? null,
      retest_of: pair?.retestOf ?? null,
      group_uid: name,
      seconds,
      scores_visible: plan.open && scored !== undefined,
      scorer: scored?.scorer ?? null,
      app_version: APP_VERSION,
    };
  }
}

/** Answers what a round shows: a group, or a pair. */
function answer(round: Round, given: Answer, uids: readonly string[]): void {
  if (round.group) round.chooseBest(given as GroupChoice, uids);
  else round.choose(given as Choice, uids[0] as string);
}

/** The fields of a place that describe the round being judged. */
function storedOf(round: Round): Pick<PlaceRow, "version" | "pair"> {
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
