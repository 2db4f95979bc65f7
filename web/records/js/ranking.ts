/** Ranks images and models. */

import { asRecordsError, guarded, throwIfAborted } from "./error";
import type { PreferenceRecord, Ranking, RankingOptions } from "./types";
import { functions } from "./wasm";

/** Time between pauses for other tasks of the page, in milliseconds: less than a frame. */
const SLICE = 10;

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
    for (let start = performance.now(); guarded(() => ranker.step()); ) {
      if (performance.now() - start < SLICE) continue;
      await others();
      throwIfAborted(signal);
      start = performance.now();
    }
    return guarded(() => ranker.finish()) ?? null;
  } catch (thrown) {
    throw asRecordsError(thrown);
  } finally {
    ranker.free();
  }
}

/**
 * Lets other tasks of the page run. A timer would wait for a second in a hidden page.
 */
function others(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
