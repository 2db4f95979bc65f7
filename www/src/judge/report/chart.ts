/** A report as a drawing: agreement with each scorer, then the rankings with their intervals. */

import { number } from "../../text/format";
import { judgeText } from "../../text/judge";
import { reportText } from "../../text/report";
import { axisOf, MIDDLE } from "../axis";
import type { RankedRow } from "../ranking-view";
import type { Ink } from "./palette";
import type { AgreementPart, RankingPart, Report } from "./report";
import { type Anchor, type Face, type Scene, type Shape, shortened, type Words, wrapped } from "./scene";
import type { Thumbnails } from "./thumbnails";

const WIDTH = 1200;
const EDGE = 56;
const ROW = 34;
/** With images, rows are taller. */
const TALL = 60;
const THUMBNAIL = 52;
/** Columns, from the left: rank, image, name, plot; the rating ends at the right edge. */
const NAME = 300;
const PLOT_END = WIDTH - EDGE - 230;
/** Rows of a ranking, alone and beside others: a drawing stays readable. HTML has all rows. */
const ROWS_ALONE = 40;
const ROWS_BESIDE = 12;
/** Rankings. */
const MOST_RANKINGS = 8;

/** Draws from top to bottom. */
class Sheet {
  readonly shapes: Shape[] = [];
  y = EDGE;

  words(x: number, y: number, text: string, style: { size?: number; ink?: Ink; face?: Face; anchor?: Anchor; bold?: boolean; most?: number } = {}): void {
    const { size = 16, ink = "ink", face = "sans", anchor = "start", bold = false, most } = style;
    const shown = most === undefined ? text : shortened(text, { size, face, bold }, most);
    if (shown) this.shapes.push({ kind: "words", x, y, text: shown, size, ink, face, anchor, bold });
  }

  /** Several lines; moves down. */
  paragraph(text: string, style: Pick<Words, "size" | "ink" | "face">): void {
    for (const line of wrapped(text, { ...style, bold: false }, WIDTH - 2 * EDGE)) {
      this.y += style.size * 1.45;
      this.words(EDGE, this.y, line, style);
    }
  }

  line(x1: number, y1: number, x2: number, y2: number, ink: Ink, width = 1): void {
    this.shapes.push({ kind: "line", x1, y1, x2, y2, ink, width });
  }

  /** An interval with its middle. */
  interval(y: number, low: number, middle: number, high: number): void {
    this.line(low, y, high, y, "ink", 2);
    this.shapes.push({ kind: "dot", x: middle, y, radius: 5.5, ink: "mark", ring: "ground" });
  }

  heading(text: string): void {
    this.y += 56;
    this.words(EDGE, this.y, text, { size: 20, bold: true });
  }
}

export function chartOf(report: Report, images: Thumbnails): Scene {
  const sheet = new Sheet();
  sheet.y += 24;
  sheet.words(EDGE, sheet.y, report.title, { size: 34, face: "voice" });
  sheet.y += 30;
  sheet.words(EDGE, sheet.y, report.subtitle, { ink: "soft", most: WIDTH - 2 * EDGE });
  if (report.agreement) agreement(sheet, report.agreement);
  const shown = report.rankings.slice(0, MOST_RANKINGS);
  const most = shown.length > 1 ? ROWS_BESIDE : ROWS_ALONE;
  for (const part of shown) ranking(sheet, part, most, images);
  if (report.rankings.length > shown.length) {
    sheet.y += 40;
    sheet.words(EDGE, sheet.y, reportText.moreRankings(number(report.rankings.length - shown.length)), { ink: "soft" });
  }
  sheet.y += 32;
  for (const note of report.notes) sheet.paragraph(note, { size: 14, ink: "soft", face: "sans" });
  sheet.y += 12;
  sheet.paragraph(report.origin, { size: 14, ink: "soft", face: "sans" });
  return { width: WIDTH, height: Math.ceil(sheet.y + EDGE), title: report.title, description: report.subtitle, language: report.language, shapes: sheet.shapes };
}

function agreement(sheet: Sheet, { heading, note, rows }: AgreementPart): void {
  sheet.heading(heading);
  sheet.y += 8;
  sheet.paragraph(note, { size: 14, ink: "soft", face: "sans" });
  const [left, right] = [EDGE + NAME, PLOT_END];
  const at = (share: number) => left + share * (right - left);
  sheet.y += 30;
  for (const share of [0, 0.5, 1]) sheet.words(at(share), sheet.y, reportText.share(share), { size: 13, ink: "soft", face: "figures", anchor: "middle" });
  sheet.y += 8;
  for (const row of rows) {
    const middle = sheet.y + ROW / 2;
    for (const share of [0, 0.5, 1]) sheet.line(at(share), sheet.y, at(share), sheet.y + ROW, share === 0.5 ? "edge" : "line");
    sheet.words(EDGE, middle + 6, row.name, { most: NAME - 24 });
    sheet.interval(middle, at(row.low), at(row.value), at(row.high));
    sheet.words(WIDTH - EDGE, middle + 5, row.words, { size: 15, face: "figures", anchor: "end" });
    sheet.y += ROW;
  }
}

function ranking(sheet: Sheet, { heading, prompt, rows }: RankingPart, most: number, images: Thumbnails): void {
  const shown = rows.slice(0, most);
  const axis = axisOf(rows);
  const withImages = shown.some(({ picture }) => picture && images.has(picture));
  const height = withImages ? TALL : ROW;
  const [left, right] = [EDGE + NAME, PLOT_END];
  const at = (rating: number) => left + (axis.at(rating) / 100) * (right - left);
  sheet.heading(heading);
  if (prompt) {
    sheet.y += 6;
    for (const line of wrapped(prompt, { size: 18, face: "voice", bold: false }, WIDTH - 2 * EDGE).slice(0, 3)) {
      sheet.y += 25;
      sheet.words(EDGE, sheet.y, line, { size: 18, face: "voice" });
    }
  }
  sheet.y += 34;
  for (const tick of axis.ticks) sheet.words(at(tick), sheet.y, number(tick), { size: 13, ink: "soft", face: "figures", anchor: "middle" });
  sheet.words(WIDTH - EDGE, sheet.y, judgeText.rating, { size: 13, ink: "soft", anchor: "end" });
  sheet.y += 10;
  for (const row of shown) {
    for (const tick of axis.ticks) sheet.line(at(tick), sheet.y, at(tick), sheet.y + height, tick === MIDDLE ? "edge" : "line");
    rankingRow(sheet, row, height, at, withImages ? images : undefined);
    sheet.y += height;
  }
  if (rows.length > shown.length) {
    sheet.y += 26;
    sheet.words(EDGE, sheet.y, reportText.firstOf(number(shown.length), number(rows.length)), { size: 14, ink: "soft" });
  }
}

function rankingRow(sheet: Sheet, row: RankedRow, height: number, at: (rating: number) => number, images: Thumbnails | undefined): void {
  const middle = sheet.y + height / 2;
  const { value, low, high } = row.rating;
  sheet.words(EDGE, middle + 6, number(row.rank), { size: 15, ink: "soft", face: "figures" });
  const image = row.picture ? images?.get(row.picture) : undefined;
  const begin = EDGE + 44 + (images ? THUMBNAIL + 16 : 0);
  if (images) sheet.shapes.push({ kind: "box", x: EDGE + 44, y: middle - THUMBNAIL / 2, width: THUMBNAIL, height: THUMBNAIL, ink: "table" });
  if (image) {
    const scale = THUMBNAIL / Math.max(image.width, image.height);
    const [width, tall] = [image.width * scale, image.height * scale];
    sheet.shapes.push({ kind: "image", x: EDGE + 44 + (THUMBNAIL - width) / 2, y: middle - tall / 2, width, height: tall, image });
  }
  sheet.words(begin, middle + 6, row.label, { most: EDGE + NAME - begin - 12 });
  sheet.interval(middle, at(low), at(value), at(high));
  const words = `${number(value)} ${judgeText.interval(number(low), number(high))}`;
  sheet.words(WIDTH - EDGE, middle + 5, words, { size: 15, face: "figures", anchor: "end" });
}
