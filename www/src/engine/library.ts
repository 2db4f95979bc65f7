/** The library as every page uses it: the built file, by its address beside this page. */

import type * as Library from "../../../web/engine/js/pickscore";

export type * from "../../../web/engine/js/pickscore";

/** Loads the library. */
export async function library(): Promise<typeof Library> {
  return import(/* @vite-ignore */ new URL("lib/pickscore.js", document.baseURI).href);
}
