/** How each adapter multiplies fastest: measured once, and remembered. */

import type { Info } from "./pickscore";
import type { Support } from "./support";

/** Adapters are told apart by the name that the browser gives them. */
const key = (adapter: string | undefined) => `pickscore:tile:${adapter ?? ""}`;

/** What is known of an adapter; nothing where it is to be measured. */
export function knownTile({ webgpu, emulated, f16, adapter }: Support): { tile?: string } {
  if (!webgpu) return {};
  // On a CPU a measurement takes as long as the first score, and its outcome is known: SwiftShader (no 16-bit arithmetic) has few lanes and gains by larger
  // tiles, lavapipe has more and loses by them.
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
