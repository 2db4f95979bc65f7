/** What the engine needs to know of a model besides its weights. */

import type { ScorerName } from "../scorers";
import type { Info } from "../types";

/** The file of a head. */
export interface Head {
  name: string;
  bytes: Uint8Array<ArrayBuffer>;
}

export interface Description {
  config: Uint8Array<ArrayBuffer>;
  tokenizer: Uint8Array<ArrayBuffer> | null;
  preprocessor: Uint8Array<ArrayBuffer> | null;
  /** The requested scorer; `null` to recognise it. */
  scorer: ScorerName | null;
  /** Names of the weights' file and of the model, most specific first. */
  names: string[];
  head: Head | null;
}

/** The scorer that the engine recognises. */
export interface Recognised
  extends Pick<Info, "scorer" | "scorerAssumed" | "readsPrompt" | "hasProbabilities" | "embedsPrompts" | "embedsImages" | "needsHead"> {
  /** Whether its tokenizer is BERT's, whose vocabulary is a file of its own. */
  readsWordPieces: boolean;
  /** Whether it reads embeddings as they were before normalisation. */
  readsLengths: boolean;
}
