/** How each adapter multiplies fastest: measured once, and remembered. */

import type { Info } from "./pickscore";
import type { Support } from "./support";

/** Adapters are told apart by the name that the browser gives them. */
const key = (adapter: string | undefined) => `pickscore:tile:${adapter ?? ""}`;

/** What is known of an adapter; nothing where it is to be measured. */
export function knownTile({ webgpu, emulated, f16, subgroup, adapter }: Support): { tile?: string } {
  if (!webgpu) return {};
  // On a CPU a measurement takes as long as the first score, and its outcome is known: invocations that read for each other are twice as fast, and where they
  // cannot, SwiftShader (which has no 16-bit arithmetic) gains by a larger tile and lavapipe loses by it.
  if (emulated && subgroup > 0) return { tile: subgroup < 8 ? "subgroup4-8x4" : "subgroup8-16x4" };
  if (emulated) return { tile: f16 ? "direct-8x4" : "direct-8x8" };
  try {
    const tile = localStorage.getItem(key(adapter));
    return tile === null ? {} : { tile };
  } catch {
    // A page without storage measures every time.
    return {};
  }
}

export function rememberTile({ adapter, tile }: Info): void {
  try {
    if (tile !== undefined) localStorage.setItem(key(adapter), tile);
  } catch {
    // As above.
  }
}
