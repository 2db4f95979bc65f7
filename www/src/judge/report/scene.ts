/** A drawing as a list of shapes, which `svg.ts` and `png.ts` draw alike. */

import type { Ink } from "./palette";
import type { Thumbnail } from "./thumbnails";

export type Face = "sans" | "figures" | "voice";
export type Anchor = "start" | "middle" | "end";

export interface Words {
  kind: "words";
  x: number;
  /** The baseline. */
  y: number;
  text: string;
  size: number;
  ink: Ink;
  face: Face;
  anchor: Anchor;
  bold: boolean;
}

export type Shape =
  | Words
  | { kind: "box"; x: number; y: number; width: number; height: number; ink: Ink }
  | { kind: "line"; x1: number; y1: number; x2: number; y2: number; ink: Ink; width: number }
  | { kind: "dot"; x: number; y: number; radius: number; ink: Ink; ring: Ink }
  | { kind: "image"; x: number; y: number; width: number; height: number; image: Thumbnail };

export interface Scene {
  width: number;
  height: number;
  /** For people who cannot see it. */
  title: string;
  description: string;
  language: string;
  shapes: Shape[];
}

/** Fonts by face. A drawing opened elsewhere takes the first one that is there. */
export const FONTS: Readonly<Record<Face, string>> = {
  sans: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Hiragino Sans', 'Yu Gothic UI', 'Noto Sans CJK JP', 'Noto Sans', sans-serif",
  figures: "ui-monospace, 'SF Mono', 'Cascadia Mono', Consolas, 'Noto Sans Mono', 'DejaVu Sans Mono', monospace",
  voice: "'Iowan Old Style', 'Palatino Linotype', Palatino, 'Hiragino Mincho ProN', 'Yu Mincho', 'Noto Serif CJK JP', 'Noto Serif', Georgia, serif",
};

export function fontOf({ face, size, bold }: Pick<Words, "face" | "size" | "bold">): string {
  return `${bold ? "600 " : ""}${size}px ${FONTS[face]}`;
}

let ruler: OffscreenCanvasRenderingContext2D | null = null;

function widthOf(text: string, style: Pick<Words, "face" | "size" | "bold">): number {
  ruler ??= new OffscreenCanvas(1, 1).getContext("2d");
  if (!ruler) return text.length * style.size * 0.6;
  ruler.font = fontOf(style);
  return ruler.measureText(text).width;
}

/** The beginning of a text that is not wider than `most`. */
export function shortened(text: string, style: Pick<Words, "face" | "size" | "bold">, most: number): string {
  if (widthOf(text, style) <= most) return text;
  const letters = [...text];
  let [low, high] = [0, letters.length];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (widthOf(`${letters.slice(0, middle).join("")}…`, style) <= most) low = middle;
    else high = middle - 1;
  }
  return `${letters.slice(0, low).join("").trimEnd()}…`;
}

/** A text in lines no wider than `most`. Breaks at spaces, in Japanese between letters. */
export function wrapped(text: string, style: Pick<Words, "face" | "size" | "bold">, most: number): string[] {
  const pieces = text.match(/[\u3000-\u9fff\uff00-\uffef]|[^\s\u3000-\u9fff\uff00-\uffef]+\s*/gu) ?? [];
  const lines: string[] = [];
  let line = "";
  for (const piece of pieces) {
    // Japanese commas and full stops do not begin a line.
    if (line && widthOf((line + piece).trimEnd(), style) > most && !/^[、。）」]/.test(piece)) {
      lines.push(line.trimEnd());
      line = "";
    }
    line += piece;
  }
  return line ? [...lines, line.trimEnd()] : lines;
}
