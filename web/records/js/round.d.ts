/** Rounds of pairs. */
import type { Choice, Mode, Pair, RoundProgress, RoundSettings, Standing } from "./types";
/** A round of pairs. Its {@link Round.state} goes into storage after each answer, and {@link Round.restore} goes on in the same place. */
export declare class Round {
    #private;
    private constructor();
    /** @throws RecordsError with code `"round"` */
    static start(settings: RoundSettings): Round;
    /** @throws RecordsError with code `"round"` where the state is damaged or of a version to come */
    static restore(state: string): Round;
    get mode(): Mode;
    /** The pair to show; null when the round is over. */
    get pair(): Pair | null;
    get progress(): RoundProgress;
    /** The image that stays, or where none does the strongest so far; null before anything was answered, and in mode `"retest"`. */
    get best(): string | null;
    /**
     * Answers the pair that is shown and gives the next. `record` is the uid of the record that was made of it; {@link Round.undo} gives it back.
     *
     * @throws RecordsError with code `"round-over"`
     */
    choose(choice: Choice, record: string): Pair | null;
    /** Takes answers back, as many as asked for or there are, and gives their records' uids, the latest first. */
    undo(count?: number): string[];
    /** The images in the order that the answers suggest, the best first. Empty in mode `"retest"` and for pools of more than 300 images. */
    standings(): Standing[];
    /** The whole round as JSON. */
    state(): string;
}
