/** Reads the metadata of generated images. */

import { guarded, RecordsError } from "./error";
import type { ImageMetadata } from "./types";
import { functions } from "./wasm";

/**
 * Maximum size of a file, in bytes. Larger files are not read.
 */
const MOST = 64 << 20;

/**
 * Reads the metadata that a generator wrote into a PNG, JPEG or WebP file; null if there is none.
 */
export async function readMetadata(image: Blob | Uint8Array): Promise<ImageMetadata | null> {
  const { readMetadata: read } = functions();
  if (!(image instanceof Blob) && !(image instanceof Uint8Array)) {
    throw new RecordsError("bad-argument", "an image is not a Blob or a Uint8Array");
  }
  const size = image instanceof Blob ? image.size : image.byteLength;
  if (size > MOST) return null;
  const bytes = image instanceof Blob ? new Uint8Array(await bytesOf(image)) : image;
  return guarded(() => read(bytes)) ?? null;
}

/** Reads the bytes of a file. */
export async function bytesOf(blob: Blob): Promise<ArrayBuffer> {
  try {
    return await blob.arrayBuffer();
  } catch (thrown) {
    throw new RecordsError("read", `a file cannot be read: ${(thrown as Error).message}`);
  }
}
