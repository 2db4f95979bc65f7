/** The fastest tile of each adapter, which is measured once and remembered. */

import type { Info } from "./types";
import type { Support } from "./support";

/** Adapters are distinguished by the names that the browser reports. */
const key = (adapter: string | undefined) => `pickscore:tile:${adapter ?? ""}`;

/** The fastest tile of an adapter, if known. */
export function knownTile({ webgpu, emulated, f16, subgroup, adapter }: Support): { tile?: string } {
  if (!webgpu) return {};
  // On an emulated GPU the measurement takes as long as the first score, and its result is known:
  // sharing rows within subgroups is twice as fast. Without subgroups, SwiftShader (which has no
  // f16) is faster with a larger tile and lavapipe with a smaller one.
  // On lavapipe, products in f16 are slower.
  const halves = f16 ? " halves:slow" : "";
  if (emulated && subgroup > 0) return { tile: (subgroup < 8 ? "subgroup4-8x4" : "subgroup8-16x4") + halves };
  if (emulated) return { tile: (f16 ? "direct-8x4" : "direct-8x8") + halves };
  try {
    const tile = localStorage.getItem(key(adapter));
    return tile === null ? {} : { tile };
  } catch {
    // Without storage, every load measures.
    return {};
  }
}

/** Remembers the fastest tile of an adapter. */
export function rememberTile({ adapter, tile }: Info): void {
  try {
    if (tile !== undefined) localStorage.setItem(key(adapter), tile);
  } catch {
    // Without storage, every load measures.
  }
}
