/** How a group is laid out: in the number of columns that shows its images largest. */

/** Width divided by height of an image whose size is not known. */
const SQUARE = 1;

/**
 * The number of columns for images of these ratios (width ÷ height) in an area. Only full
 * rectangles are tried: four images as 4 × 1, 2 × 2 or 1 × 4, three as 3 × 1 or 1 × 3.
 */
export function columnsFor(ratios: readonly number[], width: number, height: number): number {
  const count = ratios.length;
  let best = { columns: 1, area: -1 };
  for (let columns = 1; columns <= count; columns++) {
    if (count % columns !== 0) continue;
    const [across, down] = [width / columns, height / (count / columns)];
    const area = ratios.reduce((sum, ratio) => sum + fitted(ratio || SQUARE, across, down), 0);
    if (area > best.area) best = { columns, area };
  }
  return best.columns;
}

/** The area of an image that fits into a cell. */
function fitted(ratio: number, width: number, height: number): number {
  const shown = Math.min(width, height * ratio);
  return (shown * shown) / ratio;
}
