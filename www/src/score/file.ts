/** An image's file: where it is read, and where it is after it was moved. */

import type { Picture } from "./picture";

/** The file. Rejects if it is gone or has changed since it was added. */
export async function fileOf({ file }: Picture): Promise<File> {
  return file;
}

/** From now on, this is the image's file. Its content is the same. */
export function replaceFile(picture: Picture, file: File): void {
  picture.file = file;
}
