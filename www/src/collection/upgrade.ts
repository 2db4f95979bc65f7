/** Converts rows that older versions of the page stored to the current format. */

import type { RoundState } from "./library";
import { type AnswerRow, answerRow, type PlaceRow } from "./rows";
import type { Access } from "./tables";

/**
 * Before version 2, a place contained the whole state of every set's round as JSON, or null for a
 * set that had not begun.
 */
interface OldPlaceRow extends Pick<PlaceRow, "uid" | "revision" | "at" | "finished" | "updated"> {
  states: (string | null)[];
}

/** Moves the answers of all rounds into a table of their own. */
export async function splitPlaces(access: Access): Promise<void> {
  for (const row of (await access.all("places")) as unknown as OldPlaceRow[]) {
    const split = splitPlace(row);
    // A damaged one stays as it is: its choices are in the collection anyway, and `Play.resume`
    // refuses it.
    if (!split) continue;
    for (const answer of split.answers) await access.put("answers", answer);
    await access.put("places", split.place);
  }
}

/** A place without the answers, and the answers. */
function splitPlace({ states, ...rest }: OldPlaceRow): { place: PlaceRow; answers: AnswerRow[] } | undefined {
  try {
    const rounds = states.map((state) => (state === null ? null : (JSON.parse(state) as RoundState)));
    const answers = rounds.flatMap((round, set) => (round?.answers ?? []).map((answer, number) => answerRow(rest.uid, set, number, answer)));
    const current = rounds[rest.at];
    return { place: { ...rest, version: current?.round_version ?? 1, pair: current?.pair ?? null }, answers };
  } catch {
    return undefined;
  }
}
