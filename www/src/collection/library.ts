/** The records library as every page uses it: the built file, by its address beside this page. */

import type * as Library from "../../../web/records/js/records";

export type * from "../../../web/records/js/records";

interface More {
  agreementWithScorer(records: Library.PreferenceRecord[]): ScorerAgreement | null;
  ranking(records: Library.PreferenceRecord[], options: { by: "image" | "model" }): Ranked[];
}

let loaded: Promise<typeof Library & More> | undefined;

/** Loads the library and its wasm, once; after a failure, anew. */
export function records(): Promise<typeof Library & More> {
  loaded ??= load();
  loaded.catch(() => {
    loaded = undefined;
  });
  return loaded;
}

async function load(): Promise<typeof Library & More> {
  const library = (await import(/* @vite-ignore */ new URL("lib/records.js", document.baseURI).href)) as typeof Library & More;
  await library.ready();
  return library;
}

/** How far a scorer agrees with people. */
export interface ScorerAgreement {
  pairs: number;
  score: number | null;
  low: number;
  high: number;
}

export interface Ranked {
  name: string;
  strength: number;
  low: number;
  high: number;
  wins: number;
  ties: number;
  losses: number;
}
