/** A drawing as an SVG file that needs no other file. */

import { escaped } from "./markup";
import type { Palette } from "./palette";
import { FONTS, type Scene, type Shape } from "./scene";

export function svgOf({ width, height, title, description, language, shapes }: Scene, palette: Palette): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" lang="${escaped(language)}" xml:lang="${escaped(language)}" aria-labelledby="title description">
<title id="title">${escaped(title)}</title>
<desc id="description">${escaped(description)}</desc>
<rect width="${width}" height="${height}" fill="${palette.ground}"/>
${shapes.map((shape) => drawn(shape, palette)).join("\n")}
</svg>
`;
}

function drawn(shape: Shape, palette: Palette): string {
  switch (shape.kind) {
    case "words": {
      const { x, y, size, ink, face, anchor, bold, text } = shape;
      return `<text x="${at(x)}" y="${at(y)}" font-family="${FONTS[face]}" font-size="${size}"${bold ? ' font-weight="600"' : ""}${anchor === "start" ? "" : ` text-anchor="${anchor}"`} fill="${palette[ink]}">${escaped(text)}</text>`;
    }
    case "box":
      return `<rect x="${at(shape.x)}" y="${at(shape.y)}" width="${at(shape.width)}" height="${at(shape.height)}" fill="${palette[shape.ink]}"/>`;
    case "line":
      return `<line x1="${at(shape.x1)}" y1="${at(shape.y1)}" x2="${at(shape.x2)}" y2="${at(shape.y2)}" stroke="${palette[shape.ink]}" stroke-width="${shape.width}"/>`;
    case "dot":
      return `<circle cx="${at(shape.x)}" cy="${at(shape.y)}" r="${shape.radius}" fill="${palette[shape.ink]}" stroke="${palette[shape.ring]}" stroke-width="2"/>`;
    case "image":
      return `<image x="${at(shape.x)}" y="${at(shape.y)}" width="${at(shape.width)}" height="${at(shape.height)}" href="${shape.image.address}"/>`;
  }
}

function at(value: number): string {
  return String(Math.round(value * 100) / 100);
}
