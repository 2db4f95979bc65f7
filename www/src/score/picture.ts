/** A picture of the visitor's, and all that is known of it. */

/** What one prompt made of a picture. */
export interface Result {
  score: number;
  /** Among the pictures that were scored with it. */
  probability: number;
}

export interface Picture {
  readonly id: number;
  readonly file: File;
  /** Folder and name, as far as the browser tells: what exports call it. */
  readonly path: string;
  /** What it shows, where that is known: samples say. */
  readonly caption?: string;
  readonly isSample: boolean;
  /** Address of a small copy; absent until it has been made. */
  thumbnail?: string;
  width?: number;
  height?: number;
  /** The share of its surface that is flat colour: see `flatness.ts`. */
  flatness?: number;
  /** Whether the browser has failed to decode its file. */
  undecodable?: boolean;
  /** A PNG copy to show, of an image that the engine decodes and the browser does not. */
  copy?: Blob;
  /** Its embedding by the loaded model. */
  embedding?: Float32Array;
  /** Whether the browser decoded it, since the engine does not know its format. */
  byBrowser?: boolean;
  /** Why it has no score: the engine's code and words. */
  problem?: { code: string; message: string };
  /** By prompt. */
  readonly results: Map<string, Result>;
  selected: boolean;
}

let next = 1;

export function makePicture(file: File, { path = file.name, caption, isSample = false }: { path?: string; caption?: string; isSample?: boolean } = {}): Picture {
  return { id: next++, file, path, ...(caption !== undefined && { caption }), isSample, results: new Map(), selected: false };
}
