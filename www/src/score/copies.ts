/**
 * PNG copies of images that the engine can decode but the browser cannot, such as TIFF. Made one at
 * a time, after the engine has read the image and the browser has failed to. Thumbnails and the
 * full view use the copy.
 */

import { session } from "../engine/session";
import { board } from "./board";
import type { Picture } from "./picture";
import { fileOf } from "./file";
import { requestThumbnail } from "./thumbnails";

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
    const canvas = new OffscreenCanvas(decoded.width, decoded.height);
    canvas.getContext("2d")?.putImageData(decoded, 0, 0);
    picture.copy = await canvas.convertToBlob({ type: "image/png" });
    requestThumbnail(picture);
  } catch {
    // The model was unloaded or memory ran out: the image stays without a copy.
  } finally {
    // Not tried again.
    picture.undecodable = false;
  }
}
