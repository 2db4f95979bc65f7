/**
 * How fast this connection downloads models: measured on the first hundred megabytes of each
 * download, and kept for the next one, so that a price in minutes can be named before it begins.
 */

import { Store } from "../state/store";
import { isDemonstration, type Loading, pace, session } from "./session";

/** Bytes after which the speed counts as measured, or this share of a smaller model. */
const SAMPLE = 100e6;
const SHARE = 0.1;
const KEPT = "pickscore.speed";

/** Bytes per second of the latest measured download; `undefined` before the first. */
export const speed = new Store<number | undefined>(kept());

/** How much of the sample has been downloaded, while the speed is being measured. */
export function measuring({ progress, from }: Loading): { loaded: number; of: number } | undefined {
  const { stage, loaded, total } = progress;
  if (stage !== "download" || total === undefined) return undefined;
  const of = Math.min(SAMPLE, SHARE * total);
  return loaded - from < of ? { loaded: loaded - from, of } : undefined;
}

/** When the stage began whose speed is known already. */
let measured = 0;

session.subscribe((now) => {
  const { loading } = now;
  if (loading?.progress.stage !== "download" || loading.progress.total === undefined) return;
  // The demonstration is small and comes from the page's own host.
  if (isDemonstration(now)) return;
  if (loading.since === measured || measuring(loading)) return;
  const found = pace(loading);
  if (!found) return;
  measured = loading.since;
  speed.value = found.speed;
  try {
    localStorage.setItem(KEPT, String(Math.round(found.speed)));
  } catch {
    // Only an estimate for the next visit.
  }
});

function kept(): number | undefined {
  try {
    const value = Number(localStorage.getItem(KEPT));
    return value > 0 && Number.isFinite(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
