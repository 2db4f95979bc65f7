// Times the plain matrix multiplication on this page's adapter.

import { GROUP, kernel } from "./matmul-kernel.mjs";

/** Minimum milliseconds and maximum number of runs for one measurement. */
const LEAST = 1000;
const MOST = 20;

const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
const { maxStorageBufferBindingSize, maxBufferSize } = adapter.limits;
const device = await adapter.requestDevice({ requiredLimits: { maxStorageBufferBindingSize, maxBufferSize } });

globalThis.bench = {
  adapter: () => ({ vendor: adapter.info.vendor, architecture: adapter.info.architecture, description: adapter.info.description }),

  /**
   * The median time of one product in milliseconds, and the largest error in a sample of its
   * numbers.
   */
  async matmul({ m, k, n, rows, columns, fused }) {
    const size = (lines, length) => lines * length * 4;
    const [usage, padded] = [GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST, Math.ceil(m / (rows * GROUP)) * rows * GROUP];
    const [left, right] = [random(m * k, 1), random(k * n, 2)];
    const buffers = [size(padded, k), size(k, n), size(padded, n)].map((size) => device.createBuffer({ size, usage }));
    device.queue.writeBuffer(buffers[0], 0, left);
    device.queue.writeBuffer(buffers[1], 0, right);
    const module = device.createShaderModule({ code: kernel({ rows, columns, fused, k, n }) });
    const pipeline = await device.createComputePipelineAsync({ layout: "auto", compute: { module, entryPoint: "main" } });
    const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
    const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
    const run = async () => {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(Math.ceil(n / (columns * GROUP)), padded / (rows * GROUP));
      pass.end();
      const start = performance.now();
      device.queue.submit([encoder.finish()]);
      await device.queue.onSubmittedWorkDone();
      return performance.now() - start;
    };
    await run();
    const times = [];
    for (let spent = 0; times.length < 3 || (spent < LEAST && times.length < MOST); spent += times.at(-1)) times.push(await run());
    const error = await wrong(buffers[2], { left, right, m, k, n });
    for (const buffer of buffers) buffer.destroy();
    times.sort((a, b) => a - b);
    return { milliseconds: times[times.length >> 1], error };
  },
};

/** Numbers in −1..1. */
function random(count, seed) {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** The largest error in a sample of the product's numbers. */
async function wrong(buffer, { left, right, m, k, n }) {
  const target = device.createBuffer({ size: m * n * 4, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, 0, target, 0, m * n * 4);
  device.queue.submit([encoder.finish()]);
  await target.mapAsync(GPUMapMode.READ);
  const product = new Float32Array(target.getMappedRange());
  let worst = 0;
  for (let at = 0; at < m * n; at += Math.ceil((m * n) / 97)) {
    const [row, column] = [Math.floor(at / n), at % n];
    let sum = 0;
    for (let depth = 0; depth < k; depth++) sum += left[row * k + depth] * right[depth * n + column];
    worst = Math.max(worst, Math.abs(sum - product[at]));
  }
  target.destroy();
  return worst;
}
