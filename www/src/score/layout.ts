/**
 * Positions of the tiles: a grid whose first tile takes several cells. Pure arithmetic, so that it
 * stays fast with a thousand images.
 */

export interface Place {
  x: number;
  y: number;
  /** Width of the place for an image. */
  side: number;
  /** Its height. A large image ends where the small ones in the row beside it end. */
  tall: number;
}

export interface Grid {
  columns: number;
  /** The cells of the first image, if it takes several. */
  lead: Span | undefined;
  /** Distance from one tile to the next. */
  stepX: number;
  stepY: number;
  side: number;
  height: number;
}

export interface Span {
  across: number;
  down: number;
}

export const GAP = 12;
/** In narrower grids, the first image is as large as the others. */
const LEADING_COLUMNS = 4;
/** Places for the first image. One that is filled better comes before one that is larger. */
const SPANS: readonly Span[] = [
  { across: 2, down: 2 },
  { across: 3, down: 2 },
  { across: 2, down: 1 },
  { across: 3, down: 1 },
  { across: 1, down: 2 },
];
/** How many times as wide as it would be in one cell the first image is at least. */
const LARGER = 1.5;

/**
 * The grid of `count` images in a given width; `caption` is the height of the text below an image,
 * `lead` the ratio of width to height of the first image if it may take several cells.
 */
export function grid(count: number, width: number, least: number, caption: number, lead: number | undefined): Grid {
  const columns = Math.max(1, Math.floor((width + GAP) / (least + GAP)));
  const side = (width - (columns - 1) * GAP) / columns;
  const [stepX, stepY] = [side + GAP, side + caption + GAP];
  const leads = lead !== undefined && columns >= LEADING_COLUMNS && count > 4;
  const made = { columns, lead: leads ? spanOf(lead, { columns, side, stepX, stepY }) : undefined, stepX, stepY, side, height: 0 };
  const rows = count === 0 ? 0 : Math.max(made.lead?.down ?? 1, cell(made, count - 1).row + 1);
  return { ...made, height: Math.max(0, rows * stepY - GAP) };
}

/** The place that an image of some ratio fills best: a wide image in a square one leaves a hole. */
function spanOf(ratio: number, { columns, ...cell }: Pick<Grid, "columns" | "side" | "stepX" | "stepY">): Span {
  const usual = Math.min(cell.side, cell.side * ratio);
  let [best, most] = [SPANS[0] as Span, 0];
  for (const span of SPANS) {
    const { side, tall } = sizeOf(span, cell);
    const drawn = Math.min(side, tall * ratio);
    const share = (drawn * drawn) / ratio / (side * tall);
    if (2 * span.across <= columns && drawn >= LARGER * usual && share > most) [best, most] = [span, share];
  }
  return best;
}

function sizeOf({ across, down }: Span, { side, stepX, stepY }: Pick<Grid, "side" | "stepX" | "stepY">): Pick<Place, "side" | "tall"> {
  return { side: side + (across - 1) * stepX, tall: side + (down - 1) * stepY };
}

export function place(grid: Grid, index: number): Place {
  const { row, column } = cell(grid, index);
  const span = (index === 0 && grid.lead) || { across: 1, down: 1 };
  return { x: column * grid.stepX, y: row * grid.stepY, ...sizeOf(span, grid) };
}

/** The tiles between two heights. */
export function visible(grid: Grid, count: number, top: number, bottom: number): [from: number, to: number] {
  const first = Math.max(0, Math.floor(top / grid.stepY));
  const last = Math.floor(bottom / grid.stepY);
  return [first < (grid.lead?.down ?? 0) ? 0 : indexOf(grid, first), Math.min(count, indexOf(grid, last + 1))];
}

/** The tile that an arrow key leads to; the same one at an edge. */
export function neighbour(grid: Grid, count: number, index: number, key: string): number {
  const within = (to: number) => (to >= 0 && to < count ? to : index);
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  if (key === "ArrowLeft") return within(index - 1);
  if (key === "ArrowRight") return within(index + 1);
  const { row, column } = cell(grid, index);
  const { across, down } = grid.lead ?? { across: 0, down: 0 };
  const isDown = key === "ArrowDown";
  const target = isDown ? row + (index === 0 && down > 0 ? down : 1) : row - 1;
  if (target < 0) return index;
  if (target < down && column < across) return 0;
  const to = target < down ? 1 + target * (grid.columns - across) + column - across : indexOf(grid, target) + column;
  return to < count ? to : isDown ? Math.max(index, count - 1) : index;
}

function cell({ columns, lead }: Pick<Grid, "columns" | "lead">, index: number): { row: number; column: number } {
  if (!lead) return { row: Math.floor(index / columns), column: index % columns };
  if (index === 0) return { row: 0, column: 0 };
  const { across, down } = lead;
  const beside = columns - across;
  const rest = index - 1;
  if (rest < down * beside) return { row: Math.floor(rest / beside), column: across + (rest % beside) };
  const below = rest - down * beside;
  return { row: down + Math.floor(below / columns), column: below % columns };
}

/** The first tile of a row. */
function indexOf({ columns, lead }: Grid, row: number): number {
  if (!lead) return row * columns;
  const { across, down } = lead;
  const beside = columns - across;
  if (row === 0) return 0;
  return row < down ? 1 + row * beside : 1 + down * beside + (row - down) * columns;
}
