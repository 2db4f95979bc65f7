/** Small copies of images for a report. They are encoded again, so they carry no metadata. */

import { imageFile } from "../../collection/collection";

/** Pixels of the longer side: sharp at twice the size at which a report shows them. */
const SIDE = 160;
const QUALITY = 0.8;

export interface Thumbnail {
  blob: Blob;
  width: number;
  height: number;
  /** The file as a `data:` address. */
  address: string;
}

export type Thumbnails = ReadonlyMap<string, Thumbnail>;

/** Copies of those images that are still there and that the browser can decode. */
export async function thumbnails(uids: readonly string[]): Promise<Thumbnails> {
  const made = new Map<string, Thumbnail>();
  // One at a time: a decoded image may take a hundred megabytes.
  for (const uid of uids) {
    const file = await imageFile(uid);
    const thumbnail = file && (await reduced(file).catch(() => undefined));
    if (thumbnail) made.set(uid, thumbnail);
  }
  return made;
}

async function reduced(file: Blob): Promise<Thumbnail> {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height));
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * scale))) as [number, number];
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  if (!context) throw new Error("no canvas");
  // JPEG has no transparency.
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
  return { blob, width, height, address: await addressOf(blob) };
}

function addressOf(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    reader.onerror = () => reject(reader.error ?? new Error("a thumbnail cannot be read"));
    reader.readAsDataURL(blob);
  });
}
