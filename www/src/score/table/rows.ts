/** What is stored of the table: the rows of its database. */

import type { DBSchema } from "idb";
import type { KnownColumn } from "../../engine/panel";
import type { BoardState } from "../board";
import type { Generation } from "../picture";
import type { Bucket } from "../selected";

/** An image without its file, its handle, its thumbnail and its scores. */
export interface ImageRow {
  /** The number of the image, which orders the table. */
  id: number;
  path: string;
  source: "handle" | "copy" | "sample";
  /** The folder that the visitor gave, for images of one. */
  root?: number;
  caption?: string;
  uid?: string;
  bytes?: number;
  modified?: number;
  width?: number;
  height?: number;
  flatness?: number;
  /** Whether only the engine can decode it, so that showing it needs a copy as PNG. */
  undecodable?: true;
  generation?: Generation | null;
  /** Removed by the visitor, and kept until that can no longer be undone. */
  removed?: true;
}

/** Apart from the rows, because reading a handle is slow. */
export interface HandleRow {
  id: number;
  handle: FileSystemFileHandle;
}

/** A folder that the visitor gave. Permission is asked for it, not for each of its files. */
export interface RootRow {
  id: number;
  handle: FileSystemDirectoryHandle;
}

export interface PreviewRow {
  id: number;
  /** A WebP file. */
  image: ArrayBuffer;
  /** A smaller one; absent for small images, and where screens do not need it. */
  middle?: ArrayBuffer;
  /** The smallest one, for small tiles; absent for small images. */
  small?: ArrayBuffer;
}

/** A scorer's results for one prompt, or for the own ones. */
export interface ResultRow {
  key: string;
  prompt: string;
  /** Numbers of images, and their results in the same order. */
  ids: Uint32Array;
  scores: Float64Array;
  /** NaN where there is none. */
  probabilities: Float64Array;
}

/** The selection as it is stored. */
export interface Marks {
  /** Uids of the selected images. */
  selected: readonly string[];
  /** By uid. */
  buckets: Readonly<Record<string, Bucket>>;
}

/** Everything else: prompts, view, selection. */
export interface BoardRow extends BoardState, Marks {
  /** The version of this row's format. */
  version: 1;
  /** The scorers of the results, so that they are shown before a model is loaded. */
  columns: readonly KnownColumn[];
}

export interface TableSchema extends DBSchema {
  images: { key: number; value: ImageRow };
  handles: { key: number; value: HandleRow };
  roots: { key: number; value: RootRow };
  previews: { key: number; value: PreviewRow };
  results: { key: [string, string]; value: ResultRow };
  board: { key: string; value: BoardRow };
}

export const STORES = ["images", "handles", "roots", "previews", "results", "board"] as const;
/** The key of the only row of `board`. */
export const BOARD = "board";
