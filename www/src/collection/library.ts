/** The records library as every page uses it: the built file, by its address beside this page. */

import type * as Library from "../../../web/records/js/records";

export type * from "../../../web/records/js/records";

let loaded: Promise<typeof Library> | undefined;

/** Loads the library and its wasm, once; after a failure, anew. */
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
