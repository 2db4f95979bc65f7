/** Makes thumbnails off the main thread: `{ id, file, side }` in, a `Thumbnail` out. */

import { flatness, SIDE } from "./flatness";

export interface Thumbnail {
  id: number;
  /** Absent if the browser cannot decode the image. */
  image?: Blob;
  width: number;
  height: number;
  flatness: number;
}

export interface ThumbnailRequest {
  id: number;
  file: Blob;
  /** Of the longer edge. */
  side: number;
}

addEventListener("message", async ({ data: { id, file, side } }: MessageEvent<ThumbnailRequest>) => {
  let answer: Thumbnail = { id, width: 0, height: 0, flatness: Number.NaN };
  try {
    const whole = await createImageBitmap(file);
    const { width, height } = whole;
    const scale = Math.min(1, side / Math.max(width, height));
    const small = new OffscreenCanvas(Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale)));
    draw(whole, small);
    const image = await small.convertToBlob({ type: "image/webp", quality: 0.82 });
    const tiny = new OffscreenCanvas(SIDE, SIDE);
    draw(small, tiny, "#fff");
    whole.close();
    const pixels = tiny.getContext("2d")?.getImageData(0, 0, SIDE, SIDE).data;
    answer = { id, image, width, height, flatness: pixels ? flatness(pixels) : Number.NaN };
  } catch {
    // Cannot be decoded here; the engine reports what is wrong.
  }
  postMessage(answer);
});

function draw(source: CanvasImageSource, canvas: OffscreenCanvas, ground?: string): void {
  const context = canvas.getContext("2d", { alpha: ground === undefined, willReadFrequently: ground !== undefined });
  if (!context) return;
  context.imageSmoothingQuality = "high";
  if (ground !== undefined) {
    context.fillStyle = ground;
    context.fillRect(0, 0, canvas.width, canvas.height);
  }
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
}
