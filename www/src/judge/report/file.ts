/** A summary as a file. Loaded when the first one is saved. */

import type { Summary } from "../summary";
import { chartOf } from "./chart";
import { htmlOf } from "./page";
import { currentTheme, paletteOf } from "./palette";
import { pngOf } from "./png";
import { picturesOf, reportOf } from "./report";
import { svgOf } from "./svg";
import { thumbnails } from "./thumbnails";

export interface ReportFile {
  content: BlobPart;
  /** Images that are gone or cannot be decoded. */
  missing: number;
}

/** HTML follows its reader's theme; drawings have the page's. */
export async function fileOf(kind: "html" | "png" | "svg", summary: Summary, withImages: boolean, now: Date): Promise<ReportFile> {
  const report = reportOf(summary, now);
  const wanted = withImages ? picturesOf(summary) : [];
  const images = await thumbnails(wanted);
  const missing = wanted.length - images.size;
  if (kind === "html") return { content: htmlOf(report, images, paletteOf("light"), paletteOf("dark")), missing };
  const scene = chartOf(report, images);
  const palette = paletteOf(currentTheme());
  return { content: kind === "svg" ? svgOf(scene, palette) : await pngOf(scene, palette), missing };
}
