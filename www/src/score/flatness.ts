/**
 * The share of flat colour in an image, which tells drawings from photographs.
 *
 * In a copy of 64 × 64 pixels: the share of neighbouring pixels (right and below) that differ by at
 * most one of 255 levels in every channel. Emoji are filled shapes on plain or softly shaded
 * backgrounds; grain, texture and light leave few such neighbours in a photograph.
 */

export const SIDE = 64;
const LEVELS = 1;

/** The share for an opaque RGBA copy of `SIDE` × `SIDE`, 0 to 1. */
export function flatness(rgba: Uint8ClampedArray): number {
  let flat = 0;
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const at = 4 * (y * SIDE + x);
      if (x + 1 < SIDE && near(rgba, at, at + 4)) flat++;
      if (y + 1 < SIDE && near(rgba, at, at + 4 * SIDE)) flat++;
    }
  }
  return flat / (2 * SIDE * (SIDE - 1));
}

function near(rgba: Uint8ClampedArray, a: number, b: number): boolean {
  for (let channel = 0; channel < 3; channel++) {
    if (Math.abs((rgba[a + channel] as number) - (rgba[b + channel] as number)) > LEVELS) return false;
  }
  return true;
}
