/**
 * Copies of images that the engine can decode but the browser cannot, such as TIFF. Made one at a
 * time, after the engine has read the image and the browser has failed to. Thumbnails and the full
 * view use the copy.
 */

import { session } from "../engine/session";
import { board } from "./board";
import type { Picture } from "./picture";
import { fileOf } from "./file";
import { requestThumbnail } from "./thumbnails";

/**
 * Longest side of a copy in pixels. Hundreds of lossless copies at full size would fill the memory.
 */
const LONGEST = 2560;

let working = false;

board.subscribe(() => void work());

async function work(): Promise<void> {
  if (working) return;
  working = true;
  try {
    for (let picture = next(); picture; picture = next()) await copy(picture);
  } finally {
    working = false;
  }
}

function next(): Picture | undefined {
  if (!session.value.scorer) return undefined;
  return board.value.pictures.find(({ undecodable, embedding, copy }) => undecodable && embedding !== undefined && copy === undefined);
}

async function copy(picture: Picture): Promise<void> {
  try {
    const decoded = await session.value.scorer?.decodeImage(await fileOf(picture));
    if (!decoded) return;
    const scale = Math.min(1, LONGEST / Math.max(decoded.width, decoded.height));
    const [width, height] = [decoded.width, decoded.height].map((side) => Math.max(1, Math.round(side * scale))) as [number, number];
    const bitmap = await createImageBitmap(decoded, { resizeWidth: width, resizeHeight: height, resizeQuality: "high" });
    const canvas = new OffscreenCanvas(width, height);
    canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
    bitmap.close();
    // Browsers that cannot write WebP write PNG.
    picture.copy = await canvas.convertToBlob({ type: "image/webp", quality: 0.95 });
    requestThumbnail(picture);
  } catch {
    // The model was unloaded or memory ran out: the image stays without a copy.
  } finally {
    // Not tried again.
    picture.undecodable = false;
  }
}
