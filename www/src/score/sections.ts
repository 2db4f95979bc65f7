/**
 * Positions of grouped tiles: one grid below another, each with a heading. Pure arithmetic, as
 * `layout.ts`.
 */

import { type Grid, grid, neighbour as inGrid, place as placeIn, type Place, visible as visibleIn } from "./layout";

export interface Section {
  index: number;
  /** The first of its tiles. */
  from: number;
  count: number;
  /** Where its heading begins, and its tiles. */
  top: number;
  body: number;
  grid: Grid;
}

export interface Sections {
  all: readonly Section[];
  height: number;
}

export interface Sizes {
  width: number;
  /** Minimum width of a tile. */
  least: number;
  /** Height of the text below an image, and of a heading. */
  caption: number;
  heading: number;
  /** Width divided by height of the first image, if it may take several cells. */
  lead: number | undefined;
}

/** Distance below a group. */
const SPACE = 20;

export function layOut(counts: readonly number[], { width, least, caption, heading, lead }: Sizes): Sections {
  const all: Section[] = [];
  let [from, top] = [0, 0];
  for (const count of counts) {
    const made = grid(count, width, least, caption, lead);
    all.push({ index: all.length, from, count, top, body: top + heading, grid: made });
    from += count;
    top += heading + made.height + SPACE;
  }
  return { all, height: Math.max(0, top - SPACE) };
}

/** The section of a tile. */
export function sectionOf({ all }: Sections, index: number): Section | undefined {
  return all[search(all, ({ from }) => from <= index)];
}

/** The sections between two heights. */
export function sectionsBetween({ all }: Sections, top: number, bottom: number): readonly Section[] {
  const first = Math.max(0, search(all, (section) => section.top <= top));
  const last = search(all, (section) => section.top <= bottom);
  return all.slice(first, last + 1);
}

/** The last index for which a condition holds that holds up to some point; −1 if for none. */
function search(all: readonly Section[], holds: (section: Section) => boolean): number {
  let [low, high] = [0, all.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(all[middle] as Section)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The tiles between two heights. */
export function visible(sections: Sections, top: number, bottom: number): [from: number, to: number] {
  const shown = sectionsBetween(sections, top, bottom);
  const [first, last] = [shown[0], shown.at(-1)];
  if (!first || !last) return [0, 0];
  const [from] = visibleIn(first.grid, first.count, top - first.body, bottom - first.body);
  const [, to] = visibleIn(last.grid, last.count, top - last.body, bottom - last.body);
  return [first.from + Math.min(from, first.count), last.from + Math.max(0, to)];
}

export function place(sections: Sections, index: number): Place {
  const section = sectionOf(sections, index);
  if (!section) return { x: 0, y: 0, side: 0, tall: 0 };
  const within = placeIn(section.grid, index - section.from);
  return { ...within, y: section.body + within.y };
}

/** The tile that an arrow key leads to; up and down lead on to the next group. */
export function neighbour(sections: Sections, index: number, key: string): number {
  const end = sections.all.at(-1);
  const total = end ? end.from + end.count : 0;
  const section = sectionOf(sections, index);
  if (!section || key === "Home") return 0;
  if (key === "End") return total - 1;
  if (key === "ArrowLeft") return Math.max(0, index - 1);
  if (key === "ArrowRight") return Math.min(total - 1, index + 1);
  const within = inGrid(section.grid, section.count, index - section.from, key);
  if (within !== index - section.from) return section.from + within;
  const other = sections.all[section.index + (key === "ArrowDown" ? 1 : -1)];
  if (!other) return index;
  const column = Math.round(placeIn(section.grid, index - section.from).x / section.grid.stepX);
  if (key === "ArrowDown") return other.from + Math.min(column, other.count - 1);
  const lastRow = Math.floor((other.count - 1) / other.grid.columns) * other.grid.columns;
  return other.from + Math.min(other.count - 1, lastRow + column);
}
