/**
 * Positions of the tiles: a grid whose first tile is twice as large. Pure arithmetic, so that it
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
  /** Whether the first image takes two by two cells. */
  leads: boolean;
  /** Distance from one tile to the next. */
  stepX: number;
  stepY: number;
  side: number;
  height: number;
}

export const GAP = 12;
/** In narrower grids, the first image is as large as the others. */
const LEADING_COLUMNS = 4;

/**
 * The grid of `count` images in a given width; `caption` is the height of the text below an image.
 */
export function grid(count: number, width: number, least: number, caption: number, mayLead: boolean): Grid {
  const columns = Math.max(1, Math.floor((width + GAP) / (least + GAP)));
  const side = (width - (columns - 1) * GAP) / columns;
  const leads = mayLead && columns >= LEADING_COLUMNS && count > 4;
  const [stepX, stepY] = [side + GAP, side + caption + GAP];
  const made = { columns, leads, stepX, stepY, side, height: 0 };
  const rows = count === 0 ? 0 : Math.max(leads ? 2 : 1, cell(made, count - 1).row + 1);
  return { ...made, height: Math.max(0, rows * stepY - GAP) };
}

export function place(grid: Grid, index: number): Place {
  const { row, column } = cell(grid, index);
  const isLarge = grid.leads && index === 0;
  const [side, tall] = isLarge ? [grid.side + grid.stepX, grid.side + grid.stepY] : [grid.side, grid.side];
  return { x: column * grid.stepX, y: row * grid.stepY, side, tall };
}

/** The tiles between two heights. */
export function visible(grid: Grid, count: number, top: number, bottom: number): [from: number, to: number] {
  const first = Math.max(0, Math.floor(top / grid.stepY));
  const last = Math.floor(bottom / grid.stepY);
  return [indexOf(grid, grid.leads && first < 2 ? 0 : first), Math.min(count, indexOf(grid, last + 1))];
}

/** The tile that an arrow key leads to; the same one at an edge. */
export function neighbour(grid: Grid, count: number, index: number, key: string): number {
  const within = (to: number) => (to >= 0 && to < count ? to : index);
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  if (key === "ArrowLeft") return within(index - 1);
  if (key === "ArrowRight") return within(index + 1);
  const { row, column } = cell(grid, index);
  const down = key === "ArrowDown";
  const target = down ? row + (grid.leads && index === 0 ? 2 : 1) : row - 1;
  if (target < 0) return index;
  if (grid.leads && target < 2 && column < 2) return 0;
  const to = indexOf(grid, target) + (grid.leads && target < 2 ? column - 2 : column);
  return to < count ? Math.max(to, 0) : down ? Math.max(index, count - 1) : index;
}

function cell({ columns, leads }: Grid, index: number): { row: number; column: number } {
  if (!leads) return { row: Math.floor(index / columns), column: index % columns };
  if (index === 0) return { row: 0, column: 0 };
  const beside = columns - 2;
  const rest = index - 1;
  if (rest < 2 * beside) return { row: Math.floor(rest / beside), column: 2 + (rest % beside) };
  const below = rest - 2 * beside;
  return { row: 2 + Math.floor(below / columns), column: below % columns };
}

/** The first tile of a row. */
function indexOf({ columns, leads }: Grid, row: number): number {
  if (!leads) return row * columns;
  const beside = columns - 2;
  if (row === 0) return 0;
  return row < 2 ? 1 + beside : 1 + 2 * beside + (row - 2) * columns;
}
