/** Splits `[count, length]` into `count` arrays. */
export function split(values: Float32Array, count: number): Float32Array[] {
  const length = values.length / Math.max(count, 1);
  return Array.from({ length: count }, (_, index) => values.slice(index * length, (index + 1) * length));
}
