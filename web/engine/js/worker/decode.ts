/**
 * Decodes images with the browser, for formats that the library does not support, such as AVIF,
 * HEIC, JPEG XL and SVG.
 */

/** Largest number of pixels, as in the library. */
const MOST = 2 ** 27;

/** Decodes to RGBA `[height, width, 4]`; `null` if the browser does not support the format. */
export async function decodeInBrowser(image: Blob, bytes: Uint8Array<ArrayBuffer>): Promise<ImageData | null> {
  let bitmap: ImageBitmap;
  try {
    // Like the library: no rotation by Exif, no colour conversion, no premultiplied alpha.
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
