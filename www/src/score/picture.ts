/** An image that the visitor added, and everything known about it. */

import { type Bucket, bucketOf, isSelected } from "./selected";

/** An image's result for one prompt. */
export interface Result {
  score: number;
  /** Among the images that were scored together; absent if the scorer has none or is not loaded. */
  probability?: number;
}

/** The key of the scorer whose results are shown; see `engine/panel.ts`. */
export const shown = { key: "" };

const NONE: ReadonlyMap<string, Result> = new Map();

export interface Picture {
  readonly id: number;
  /** Read it with `fileOf`; another one after it was moved. */
  file: File;
  /** Folder and name, as far as the browser tells; the path in exports. */
  readonly path: string;
  /** A description, if known: samples have one. */
  readonly caption?: string;
  readonly isSample: boolean;
  /** Object URL of the thumbnail; absent until it has been made. */
  thumbnail?: string;
  width?: number;
  height?: number;
  /** The share of flat colour: see `flatness.ts`. */
  flatness?: number;
  /** Whether the browser failed to decode the file. */
  undecodable?: boolean;
  /** A PNG copy to show, if only the engine can decode the file. */
  copy?: Blob;
  /** The SHA-256 of the file, once it is known. */
  uid?: string;
  /** Its embedding by the loaded model. */
  embedding?: Float32Array;
  /** The embedding's length before normalisation. */
  length?: number;
  /** Whether the browser decoded it because the engine does not support its format. */
  byBrowser?: boolean;
  /** Why it has no score: the engine's error. */
  problem?: { code: string; message: string };
  /** By scorer, then by prompt. */
  readonly scores: Map<string, Map<string, Result>>;
  /** The results of the scorer that is shown, by prompt. */
  readonly results: ReadonlyMap<string, Result>;
  readonly selected: boolean;
  readonly bucket: Bucket | undefined;
}

let next = 1;

export function makePicture(file: File, { path = file.name, caption, isSample = false }: { path?: string; caption?: string; isSample?: boolean } = {}): Picture {
  return {
    id: next++,
    file,
    path,
    ...(caption !== undefined && { caption }),
    isSample,
    scores: new Map(),
    get results() {
      return this.scores.get(shown.key) ?? NONE;
    },
    get selected() {
      return isSelected(this);
    },
    get bucket() {
      return bucketOf(this);
    },
  };
}

/** The results of a scorer, which may be added to. */
export function resultsOf(picture: Picture, key: string): Map<string, Result> {
  const results = picture.scores.get(key) ?? new Map<string, Result>();
  picture.scores.set(key, results);
  return results;
}
