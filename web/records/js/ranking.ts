/** Ranks images and models. */

import { asRecordsError, guarded, throwIfAborted } from "./error";
import { inSteps } from "./steps";
import type { PreferenceRecord, Ranking, RankingOptions } from "./types";
import { functions } from "./wasm";

/**
 * Ranks the images or models of labelled records by Bradley–Terry with ties, with intervals, the
 * best first. Images are only comparable within a prompt. The result is that of `pickscore evaluate
 * --rank`. Control pairs are left out. The result is null if no two items are compared. The
 * intervals need thousands of fits: about 0.1 s for a round, seconds for 300 images. The page stays
 * responsive.
 *
 * @throws RecordsError
 */
export async function ranking(records: PreferenceRecord[], by: "image" | "model", options: RankingOptions = {}): Promise<Ranking | null> {
  const { Ranker } = functions();
  const { now = Date.now(), signal } = options;
  throwIfAborted(signal);
  const ranker = guarded(() => Ranker.of(JSON.stringify(records), by, now));
  if (!ranker) return null;
  try {
    await inSteps(() => guarded(() => ranker.step()), signal);
    return guarded(() => ranker.finish()) ?? null;
  } catch (thrown) {
    throw asRecordsError(thrown);
  } finally {
    ranker.free();
  }
}
