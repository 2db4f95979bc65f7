/** What an image's generator wrote into its file. */

import { type ImageMetadata, records } from "../../collection/library";
import { fileOf } from "../file";
import type { Picture } from "../picture";

const known = new WeakMap<Picture, Promise<ImageMetadata | null>>();

/** Reads it once, when it is first asked for. Null if the file says nothing. */
export function generationOf(picture: Picture): Promise<ImageMetadata | null> {
  let found = known.get(picture);
  if (!found) {
    found = Promise.all([records(), fileOf(picture)]).then(([{ readMetadata }, file]) => readMetadata(file));
    // Tried again next time: the connection may have failed.
    found.catch(() => known.delete(picture));
    known.set(picture, found);
  }
  return found;
}
