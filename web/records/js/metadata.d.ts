/** What generators wrote into images. */
import type { ImageMetadata } from "./types";
/** What a generator wrote into a PNG, JPEG or WebP file about how it made it; null where there is nothing of the kind. */
export declare function readMetadata(image: Blob | Uint8Array): Promise<ImageMetadata | null>;
/** Bytes of a file, or an error that says that it cannot be read. */
export declare function bytesOf(blob: Blob): Promise<ArrayBuffer>;
