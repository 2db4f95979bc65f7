/** Images that the library does not decode, by the browser's own decoder (AVIF, HEIC, JPEG XL, SVG…, as far as it has them). */

/** Most pixels: as many as the library reads. */
const MOST = 2 ** 27;

/** Levels `[height, width, 4]`; `null` where the browser does not know the image either. */
export async function decodeInBrowser(image: Blob, bytes: Uint8Array<ArrayBuffer>): Promise<ImageData | null> {
  let bitmap: ImageBitmap;
  try {
    // As the library decodes: not rotated by Exif, not converted by a colour profile, alpha not
    // multiplied in.
    const options: ImageBitmapOptions = {
      imageOrientation: "none",
      colorSpaceConversion: "none",
      premultiplyAlpha: "none",
    };
    bitmap = await createImageBitmap(new Blob([bytes], { type: image.type }), options);
  } catch {
    return null;
  }
  try {
    const { width, height } = bitmap;
    if (width * height > MOST) return null;
    const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    if (!context) return null;
    context.drawImage(bitmap, 0, 0);
    return context.getImageData(0, 0, width, height);
  } finally {
    bitmap.close();
  }
}
