/** Rows that older versions of the page stored, in the form of today. */

import { type AnswerRow, answerRow, type PlaceRow } from "./rows";
import type { Access } from "./tables";

/** Until version 2 a place had the whole state of every set's round as JSON; null for a set that had not begun. */
export interface OldPlaceRow extends Pick<PlaceRow, "uid" | "revision" | "at" | "finished" | "updated"> {
  states: (string | null)[];
}

/** Moves the answers of all rounds into a table of their own. */
export async function splitPlaces(access: Access): Promise<void> {
  for (const row of (await access.all("places")) as unknown as OldPlaceRow[]) {
    const split = splitPlace(row);
    // A damaged one stays as it is: its choices are in the collection anyway, and `Play.resume` refuses it.
    if (!split) continue;
    for (const answer of split.answers) await access.put("answers", answer);
    await access.put("places", split.place);
  }
}

/** A place without the answers, and the answers. */
export function splitPlace({ states, ...rest }: OldPlaceRow): { place: PlaceRow; answers: AnswerRow[] } | undefined {
  try {
    const rounds = states.map((state) => (state === null ? null : (JSON.parse(state) as { round_version: number; answers: AnswerRow["answer"][]; pair: object | null })));
    const answers = rounds.flatMap((round, set) => (round?.answers ?? []).map((answer, number) => answerRow(rest.uid, set, number, answer)));
    const current = rounds[rest.at];
    return { place: { ...rest, version: current?.round_version ?? 1, pair: current?.pair ?? null }, answers };
  } catch {
    return undefined;
  }
}
