/** A drawing as a PNG file. */

import type { Palette } from "./palette";
import { fontOf, type Scene } from "./scene";

/** Pixels per unit: sharp on dense screens. */
const SCALE = 2;
/** The largest canvas side that every browser has. */
const LARGEST = 16_384;

export async function pngOf({ width, height, shapes }: Scene, palette: Palette): Promise<Blob> {
  const scale = Math.min(SCALE, LARGEST / height);
  const canvas = new OffscreenCanvas(Math.round(width * scale), Math.round(height * scale));
  const context = canvas.getContext("2d");
  if (!context) throw new Error("the browser offers no canvas");
  context.scale(scale, scale);
  context.fillStyle = palette.ground;
  context.fillRect(0, 0, width, height);
  for (const shape of shapes) {
    switch (shape.kind) {
      case "words":
        context.font = fontOf(shape);
        context.textAlign = shape.anchor === "middle" ? "center" : shape.anchor;
        context.fillStyle = palette[shape.ink];
        context.fillText(shape.text, shape.x, shape.y);
        break;
      case "box":
        context.fillStyle = palette[shape.ink];
        context.fillRect(shape.x, shape.y, shape.width, shape.height);
        break;
      case "line":
        context.beginPath();
        context.moveTo(shape.x1, shape.y1);
        context.lineTo(shape.x2, shape.y2);
        context.strokeStyle = palette[shape.ink];
        context.lineWidth = shape.width;
        context.stroke();
        break;
      case "dot":
        context.beginPath();
        context.arc(shape.x, shape.y, shape.radius, 0, 2 * Math.PI);
        context.fillStyle = palette[shape.ink];
        context.fill();
        context.strokeStyle = palette[shape.ring];
        context.lineWidth = 2;
        context.stroke();
        break;
      case "image": {
        const bitmap = await createImageBitmap(shape.image.blob);
        context.drawImage(bitmap, shape.x, shape.y, shape.width, shape.height);
        bitmap.close();
        break;
      }
    }
  }
  return canvas.convertToBlob({ type: "image/png" });
}
