/**
 * Control pairs: an image and a degraded copy of it. Anyone who looks closely prefers the original.
 */

import { uidOf } from "../collection/uid";
import type { NewImage } from "../collection/collection";
import type { ControlPair } from "../collection/library";

/** Pixels of the reduced copy's longer side. Enlarged again, it shows nothing recognisable. */
const COARSE = 20;
const SIDE = 512;

/** Makes degraded copies. Images that the browser cannot decode are skipped. */
export async function spoil(images: readonly NewImage[]): Promise<{ controls: ControlPair[]; copies: NewImage[] }> {
  const controls: ControlPair[] = [];
  const copies: NewImage[] = [];
  for (const { uid, file } of images) {
    const copy = await spoiltCopy(file).catch(() => undefined);
    if (!copy) continue;
    const weak = await uidOf(copy);
    // An image of a single colour cannot be degraded.
    if (weak === uid || copies.some((other) => other.uid === weak)) continue;
    controls.push({ strong: uid, weak });
    copies.push({ uid: weak, file: copy });
  }
  return { controls, copies };
}

async function spoiltCopy(file: Blob): Promise<Blob> {
  const bitmap = await createImageBitmap(file);
  const scale = SIDE / Math.max(bitmap.width, bitmap.height);
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * scale))) as [number, number];
  const coarse = new OffscreenCanvas(Math.max(1, Math.round((COARSE * width) / SIDE)), Math.max(1, Math.round((COARSE * height) / SIDE)));
  contextOf(coarse).drawImage(bitmap, 0, 0, coarse.width, coarse.height);
  bitmap.close();
  const large = new OffscreenCanvas(width, height);
  contextOf(large).drawImage(coarse, 0, 0, width, height);
  return large.convertToBlob({ type: "image/png" });
}

function contextOf(canvas: OffscreenCanvas): OffscreenCanvasRenderingContext2D {
  const context = canvas.getContext("2d");
  if (!context) throw new Error("no canvas");
  return context;
}
