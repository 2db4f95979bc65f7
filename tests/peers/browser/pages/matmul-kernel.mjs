// A plain matrix multiplication in WGSL: each invocation keeps a tile of the product in registers,
// without further optimisations. Its speed shows what an adapter can reach in practice.

/** Invocations of a workgroup in each dimension. */
export const GROUP = 8;

/**
 * `[m, k] × [k, n]` in f32, row-major. `rows` and `columns` are the tile of one invocation;
 * `columns` and `k` are multiples of 4. The buffers of the first factor and of the product are
 * padded to whole tiles of rows. `fused` uses WGSL's `fma`, which some adapters execute in one step
 * and others emulate.
 */
export function kernel({ rows, columns, fused, k, n }) {
  const add = (left, right, sum) => (fused ? `fma(${left}, ${right}, ${sum})` : `${left} * ${right} + ${sum}`);
  const quads = columns / 4;
  const range = (count) => Array.from({ length: count }, (_, at) => at);
  const at = (r, q) => `sum_${r}_${q}`;
  return `
@group(0) @binding(0) var<storage, read> left: array<vec4f>;
@group(0) @binding(1) var<storage, read> right: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> product: array<vec4f>;

@compute @workgroup_size(${GROUP}, ${GROUP})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.y * ${rows}u;
  let quad = id.x * ${quads}u;
  if (quad >= ${n / 4}u) { return; }
  ${range(rows).flatMap((r) => range(quads).map((q) => `var ${at(r, q)} = vec4f();`)).join("\n  ")}
  for (var step = 0u; step < ${k / 4}u; step++) {
    ${range(rows).map((r) => `let left_${r} = left[(row + ${r}u) * ${k / 4}u + step];`).join("\n    ")}
    ${range(4)
      .map(
        (depth) => `{
      ${range(quads).map((q) => `let right_${q} = right[(step * 4u + ${depth}u) * ${n / 4}u + quad + ${q}u];`).join("\n      ")}
      ${range(rows).flatMap((r) => range(quads).map((q) => `${at(r, q)} = ${add(`vec4f(left_${r}[${depth}])`, `right_${q}`, at(r, q))};`)).join("\n      ")}
    }`,
      )
      .join("\n    ")}
  }
  ${range(rows).flatMap((r) => range(quads).map((q) => `product[(row + ${r}u) * ${n / 4}u + quad + ${q}u] = ${at(r, q)};`)).join("\n  ")}
}
`;
}
