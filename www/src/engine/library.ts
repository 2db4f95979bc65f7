/**
 * The engine's library, loaded as any page would load it: the built file, from its address next to
 * the page.
 */

import type * as Library from "../../../web/engine/js/pickscore";

export type * from "../../../web/engine/js/pickscore";

export async function library(): Promise<typeof Library> {
  return import(/* @vite-ignore */ new URL("lib/pickscore.js", document.baseURI).href);
}
