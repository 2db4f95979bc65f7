/** Makes thumbnails off the main thread: a `ThumbnailRequest` in, a `Thumbnail` out. */

import { flatness, SIDE } from "./flatness";

export interface Thumbnail {
  id: number;
  /**
   * By the pixels of their longer edges, largest first; empty if the browser cannot decode the
   * image. The largest is always among them, the others only if the image is larger than they are.
   */
  images: ReadonlyMap<number, Blob>;
  width: number;
  height: number;
  flatness: number;
}

export interface ThumbnailRequest {
  id: number;
  file: Blob;
  /** Pixels of the longer edges, largest first. */
  sides: readonly number[];
}

addEventListener("message", async ({ data: { id, file, sides } }: MessageEvent<ThumbnailRequest>) => {
  let answer: Thumbnail = { id, images: new Map(), width: 0, height: 0, flatness: Number.NaN };
  const [large, ...smaller] = sides as [number, ...number[]];
  try {
    const whole = await createImageBitmap(file);
    const { width, height } = whole;
    const scaled = (source: CanvasImageSource, side: number) => {
      const scale = Math.min(1, side / Math.max(width, height));
      const canvas = new OffscreenCanvas(Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale)));
      draw(source, canvas);
      return canvas;
    };
    const canvas = scaled(whole, large);
    whole.close();
    const images = new Map([[large, await encoded(canvas)]]);
    for (const side of smaller) if (Math.max(width, height) > side) images.set(side, await encoded(scaled(canvas, side)));
    const tiny = new OffscreenCanvas(SIDE, SIDE);
    draw(canvas, tiny, "#fff");
    const pixels = tiny.getContext("2d")?.getImageData(0, 0, SIDE, SIDE).data;
    answer = { id, images, width, height, flatness: pixels ? flatness(pixels) : Number.NaN };
  } catch {
    // Cannot be decoded here; the engine reports what is wrong.
  }
  postMessage(answer);
});

function encoded(canvas: OffscreenCanvas): Promise<Blob> {
  return canvas.convertToBlob({ type: "image/webp", quality: 0.82 });
}

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
