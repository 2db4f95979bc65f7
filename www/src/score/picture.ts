/** An image that the visitor added, and everything known about it. */

import type { ImageMetadata } from "../collection/library";
import { type Bucket, bucketOf, isSelected } from "./selected";

/** An image's result for one prompt. */
export interface Result {
  score: number;
  /** Among the images that were scored together; absent if the scorer has none or is not loaded. */
  probability?: number;
  /** By a taste: how much more than people its owner likes it, in logits. */
  difference?: number;
  /** By a taste: the standard deviation of the score; 0 if no other image was scored with it. */
  deviation?: number;
  /** By a taste: the standard deviation of `difference`. Named as in the command's output. */
  difference_deviation?: number;
}

/** The key of the scorer whose results are shown; see `engine/panel.ts`. */
export const shown = { key: "" };

const NONE: ReadonlyMap<string, Result> = new Map();

/** What the generator wrote into the file: prompt, seed, model, settings. */
export type Generation = ImageMetadata;

/** Where an image's file is read from; `table/files.ts` reads it. */
export type Source =
  /** Given without a handle, and not copied. */
  | { kind: "file"; file: File }
  /** Copied to private storage, under its uid. */
  | { kind: "copy" }
  /** On the visitor's disk. A restored handle is read from the database when it is needed. */
  | { kind: "handle"; handle?: FileSystemFileHandle; root?: number }
  /** Of the host's sample set. */
  | { kind: "sample"; file?: File };

/** Why the file of an image cannot be read now. */
export type Away = "permission" | "gone" | "failed";

/** Why an image is not kept for the next visit. */
export type Unkept = "full" | "bound" | "refused";

export interface Picture {
  /** Images are numbered in the order they were added; the number is kept. */
  readonly id: number;
  /** Read it with `fileOf`; another one after it was moved. */
  source: Source;
  /** Folder and name, as far as the browser tells; the path in exports. */
  path: string;
  /** A description, if known: samples have one. */
  readonly caption?: string;
  readonly isSample: boolean;
  /** Object URL of the thumbnail; absent unless the image is, or was lately, on the screen. */
  thumbnail?: string;
  width?: number;
  height?: number;
  /** The share of flat colour: see `flatness.ts`. */
  flatness?: number;
  /** Whether the browser failed to decode the file. */
  undecodable?: boolean;
  /** A copy to show, if only the engine can decode the file. */
  copy?: Blob;
  /** The SHA-256 of the file, once it is known. */
  uid?: string;
  /** Size and date of the file that the uid belongs to. */
  bytes?: number;
  modified?: number;
  /** What the file says about how it was made: null if nothing, absent until it has been read. */
  generation?: Generation | null;
  away?: Away;
  unkept?: Unkept;
  /** Whether it is stored for the next visit. */
  isKept?: boolean;
  /** Whether its thumbnail is stored. */
  hasPreview?: boolean;
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

/** Numbers up to this one are taken by stored images. */
export function reserve(id: number): void {
  next = Math.max(next, id + 1);
}

export interface PictureOptions {
  path: string;
  id?: number;
  caption?: string | undefined;
}

export function makePicture(source: Source, { path, id = next++, caption }: PictureOptions): Picture {
  return {
    id,
    source,
    path,
    ...(caption !== undefined && { caption }),
    isSample: source.kind === "sample",
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

/** The largest of a scorer's scores without its sign: `scoreNumber` needs it. */
export function largestScore(pictures: readonly Picture[], key: string): number {
  let most = 0;
  for (const { scores } of pictures) {
    for (const { score } of scores.get(key)?.values() ?? []) most = Math.max(most, Math.abs(score));
  }
  return most;
}

/** The results of a scorer, which may be added to. */
export function resultsOf(picture: Picture, key: string): Map<string, Result> {
  const results = picture.scores.get(key) ?? new Map<string, Result>();
  picture.scores.set(key, results);
  return results;
}
