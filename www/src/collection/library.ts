/**
 * The records library, loaded as any page would load it: the built file, from its address next to
 * the page.
 */

import type * as Library from "../../../web/records/js/records";

export type * from "../../../web/records/js/records";

let loaded: Promise<typeof Library> | undefined;

/** Loads the library and its wasm once, or again after a failure. */
export function records(): Promise<typeof Library> {
  loaded ??= load();
  loaded.catch(() => {
    loaded = undefined;
  });
  return loaded;
}

async function load(): Promise<typeof Library> {
  const library = (await import(/* @vite-ignore */ new URL("lib/records.js", document.baseURI).href)) as typeof Library;
  await library.ready();
  return library;
}
