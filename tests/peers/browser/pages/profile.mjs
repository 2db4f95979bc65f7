// Times each kernel of any code that uses WebGPU after this module is loaded. Every dispatch gets
// its own compute pass with a timestamp at both ends. This makes the total longer, but not the time
// of each kernel.

/** Number of timestamps in a query set, the maximum in WebGPU. */
const QUERIES = 4096;

/** Names of pipelines, and the source code of modules. */
const pipelines = new WeakMap();
const modules = new WeakMap();
/** Query sets of the device, and the dispatches to which their pairs of timestamps belong. */
let sets = [];
let dispatches = [];
let device;

const wrap = (type, name, make) => {
  const original = type.prototype[name];
  type.prototype[name] = make(original);
};

wrap(GPUAdapter, "requestDevice", (original) => async function (descriptor = {}) {
  const requiredFeatures = new Set([...(descriptor.requiredFeatures ?? []), "timestamp-query"]);
  device = await original.call(this, { ...descriptor, requiredFeatures: [...requiredFeatures] });
  return device;
});
wrap(GPUDevice, "createShaderModule", (original) => function (descriptor) {
  const module = original.call(this, descriptor);
  modules.set(module, descriptor);
  return module;
});
/**
 * Most kernels are called `main`. These are identified by their label or, without one, by their
 * bindings.
 */
const named = (pipeline, { label, compute }) => {
  const module = modules.get(compute.module);
  const bound = [...(module?.code ?? "").matchAll(/var<storage[^>]*>\s*(\w+)/g)].map(([, name]) => name).join(", ");
  const names = [compute.entryPoint, label, module?.label, bound];
  pipelines.set(pipeline, names.find((name) => name && name !== "main") ?? "unnamed");
  return pipeline;
};
wrap(GPUDevice, "createComputePipeline", (original) => function (descriptor) {
  return named(original.call(this, descriptor), descriptor);
});
wrap(GPUDevice, "createComputePipelineAsync", (original) => async function (descriptor) {
  return named(await original.call(this, descriptor), descriptor);
});
wrap(GPUCommandEncoder, "beginComputePass", (begin) => function () {
  return new Pass((descriptor) => begin.call(this, descriptor));
});

/** Allocates two queries for a dispatch of this pipeline. */
function timestamps(pipeline, groups) {
  const at = dispatches.length * 2;
  if (at % QUERIES === 0) sets.push(device.createQuerySet({ type: "timestamp", count: QUERIES }));
  dispatches.push({ name: pipelines.get(pipeline) ?? "unnamed", groups });
  return { querySet: sets.at(-1), beginningOfPassWriteIndex: at % QUERIES, endOfPassWriteIndex: (at % QUERIES) + 1 };
}

/** Replaces a compute pass. */
class Pass {
  label = "";
  #begin;
  #pipeline;
  #groups = new Map();

  constructor(begin) {
    this.#begin = begin;
  }
  setPipeline(pipeline) {
    this.#pipeline = pipeline;
  }
  setBindGroup(index, ...rest) {
    this.#groups.set(index, rest);
  }
  dispatchWorkgroups(x, y = 1, z = 1) {
    this.#dispatch(`${x} × ${y} × ${z}`, (pass) => pass.dispatchWorkgroups(x, y, z));
  }
  dispatchWorkgroupsIndirect(buffer, offset) {
    this.#dispatch("indirect", (pass) => pass.dispatchWorkgroupsIndirect(buffer, offset));
  }
  #dispatch(groups, run) {
    const pass = this.#begin({ timestampWrites: timestamps(this.#pipeline, groups) });
    pass.setPipeline(this.#pipeline);
    for (const [index, rest] of this.#groups) pass.setBindGroup(index, ...rest);
    run(pass);
    pass.end();
  }
  pushDebugGroup() {}
  popDebugGroup() {}
  insertDebugMarker() {}
  end() {}
}

/** Every dispatch since the last call: `{ name, groups, milliseconds }`. */
globalThis.takeKernels = async function () {
  const [done, used] = [dispatches, sets];
  dispatches = [];
  sets = [];
  if (done.length === 0) return [];
  const size = QUERIES * 8;
  const times = [];
  for (const set of used) {
    const resolved = device.createBuffer({ size, usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC });
    const read = device.createBuffer({ size, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
    const encoder = device.createCommandEncoder();
    encoder.resolveQuerySet(set, 0, QUERIES, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, read, 0, size);
    device.queue.submit([encoder.finish()]);
    await read.mapAsync(GPUMapMode.READ);
    times.push(...new BigUint64Array(read.getMappedRange()));
    for (const gone of [resolved, read, set]) gone.destroy();
  }
  return done.map((dispatch, at) => ({ ...dispatch, milliseconds: Number(times[at * 2 + 1] - times[at * 2]) / 1e6 }));
};

// A worker is queried through a channel, because its messages belong to the engine.
if (typeof WorkerGlobalScope !== "undefined") {
  const channel = new BroadcastChannel("profile");
  channel.onmessage = async ({ data }) => {
    if (data === "kernels") channel.postMessage(await globalThis.takeKernels());
  };
}
