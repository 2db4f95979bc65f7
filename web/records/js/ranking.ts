/** What choices say of images or models. */

import { asRecordsError, guarded, throwIfAborted } from "./error";
import type { PreferenceRecord, Ranking, RankingOptions } from "./types";
import { functions } from "./wasm";

/** How long a page is kept from doing anything else, in milliseconds: less than a frame. */
const SLICE = 10;

/**
 * What labelled records say of images, which compare within one prompt, or of models: Bradley–Terry with ties, with intervals, the best first. The
 * same as `pickscore evaluate --rank` says. Control pairs are left out; null where no two things are compared. Intervals take thousands of fits: a
 * round's are there in a tenth of a second, 300 images' in seconds, and the page goes on meanwhile.
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

/** Lets other tasks of the page run. A timer would wait for a second each time where the page is not seen. */
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
