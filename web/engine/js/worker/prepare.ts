/** Reads an image file and prepares it for the model, in the engine's worker and in decoders. */

import { asPickScoreError, type PlainError, PickScoreError, plain } from "../error";
import { sha256 } from "../store";
import { decodeInBrowser } from "./decode";
import { release } from "./release";

/** Largest image file, in bytes. */
const LARGEST_FILE = 512e6;

/** How a model's images are prepared, as one wasm module describes it to another. */
export interface ProcessorDescription {
  size: number;
  method: "clip" | "hps" | "image-reward";
  /** The length of the shortest edge, or width and height. */
  resize: Float64Array;
  rescale: number;
  mean: Float64Array;
  deviation: Float64Array;
  maxPixels: number;
}

/** What a wasm module offers to decode images. */
export interface Reader<Pixels> {
  pixels(image: Uint8Array): Pixels;
  pixels_of_rgba(width: number, height: number, rgba: Uint8Array): Pixels;
}

/** An image file that was read: its SHA-256 and its bytes, or why it cannot be read. */
export interface ReadFile {
  key: string;
  bytes: Uint8Array<ArrayBuffer>;
  problem?: PlainError;
}

/**
 * An image that was prepared: its pixels, or why it cannot be read. Without both, the image is
 * known by its hash, `key`.
 */
export interface Prepared<Pixels> {
  /** The SHA-256 of the file; empty if it cannot be read. */
  key: string;
  pixels?: Pixels;
  /** Whether the browser decoded it. */
  byBrowser?: boolean;
  problem?: PlainError;
}

/** Reads an image file and its SHA-256. */
export async function readFile(image: Blob): Promise<ReadFile> {
  const failed = (code: "image-too-large" | "image-damaged", detail: string) => ({ key: "", bytes: new Uint8Array(), problem: { code, detail } });
  if (image.size > LARGEST_FILE) {
    return failed("image-too-large", `the file has ${image.size} bytes; expected at most ${LARGEST_FILE}`);
  }
  try {
    const bytes = new Uint8Array(await image.arrayBuffer());
    return { key: await sha256(bytes), bytes };
  } catch (error) {
    return failed("image-damaged", `the file cannot be read (${(error as Error).message}); was it moved or changed?`);
  }
}

/**
 * Decodes and preprocesses a file that was read, unless it is known, and frees its bytes. Throws
 * only if the wasm module has stopped.
 */
export async function prepare<Pixels>(
  image: Blob,
  { key, bytes, problem }: ReadFile,
  reader: Reader<Pixels>,
  isKnown: (key: string) => boolean,
): Promise<Prepared<Pixels>> {
  if (problem) return { key, problem };
  try {
    return isKnown(key) ? { key } : { key, ...(await pixelsOf(image, bytes, reader)) };
  } catch (error) {
    return { key, problem: plain(imageProblem(error)) };
  } finally {
    release(bytes);
  }
}

/** Decodes and preprocesses an image, with the browser's decoder as a fallback. */
async function pixelsOf<Pixels>(image: Blob, bytes: Uint8Array<ArrayBuffer>, reader: Reader<Pixels>): Promise<{ pixels: Pixels; byBrowser: boolean }> {
  try {
    return { pixels: reader.pixels(bytes), byBrowser: false };
  } catch (error) {
    if (asPickScoreError(error).code !== "image-format") throw error;
    const decoded = await decodeInBrowser(image, bytes);
    if (!decoded) throw error;
    const { width, height, data } = decoded;
    const pixels = reader.pixels_of_rgba(width, height, new Uint8Array(data.buffer));
    release(data);
    return { pixels, byBrowser: true };
  }
}

/** Converts an exception to the error of an image; rethrows a crash of the wasm module. */
export function imageProblem(error: unknown): PickScoreError {
  const problem = asPickScoreError(error);
  if (problem.code === "crashed") throw problem;
  return problem;
}
