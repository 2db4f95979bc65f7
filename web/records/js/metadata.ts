/** What generators wrote into images. */

import { guarded, RecordsError } from "./error";
import type { ImageMetadata } from "./types";
import { functions } from "./wasm";

/** Bytes of a file that are looked at: what is written about an image comes before or right after it. */
const MOST = 64 << 20;

/** What a generator wrote into a PNG, JPEG or WebP file about how it made it; null where there is nothing of the kind. */
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

/** Bytes of a file, or an error that says that it cannot be read. */
export async function bytesOf(blob: Blob): Promise<ArrayBuffer> {
  try {
    return await blob.arrayBuffer();
  } catch (thrown) {
    throw new RecordsError("read", `a file cannot be read: ${(thrown as Error).message}`);
  }
}
