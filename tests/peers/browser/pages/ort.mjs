// onnxruntime-web with both towers, used as documented. Images are levels of the model's size; the
// measured time includes their normalisation, which every use needs.

import { CONTEXT, ids } from "./inputs.mjs";

/** The mean and standard deviation of CLIP's processor, for levels in 0..1. */
const MEAN = [0.48145466, 0.4578275, 0.40821073];
const DEVIATION = [0.26862954, 0.26130258, 0.27577711];

/** The log level of onnxruntime, which warns about every graph. */
const ERRORS = 3;

export class Engine {
  static async load({ device, threads, precision, external = {} }) {
    const webgpu = device === "webgpu";
    const ort = await import(webgpu ? "../ort/ort.webgpu.bundle.min.mjs" : "../ort/ort.wasm.bundle.min.mjs");
    // With WebGPU, it may use as many threads as it likes.
    if (!webgpu) ort.env.wasm.numThreads = threads;
    const engine = new Engine();
    engine.ort = ort;
    const file = { f32: "model", f16: "f16", q8: "q8" }[precision];
    for (const tower of ["vision", "text"]) {
      const folder = new URL(`../model/onnx/${tower}/`, import.meta.url).href;
      const options = { executionProviders: [webgpu ? "webgpu" : "wasm"], graphOptimizationLevel: "all", logSeverityLevel: ERRORS };
      if (external[tower]) options.externalData = [{ path: `${file}.data`, data: `${folder}${file}.data` }];
      engine[tower] = await ort.InferenceSession.create(`${folder}${file}.onnx`, options);
    }
    engine.info = { threads: webgpu ? undefined : threads, version: ort.env.versions?.web };
    return engine;
  }

  prepareImages = (pictures, size) => ({ pictures, size });
  prepareTexts = (prompts) => prompts;

  async images({ pictures, size }) {
    const plane = size * size;
    const values = new Float32Array(pictures.length * 3 * plane);
    for (const [at, levels] of pictures.entries()) {
      for (let channel = 0; channel < 3; channel++) {
        const [scale, shift] = [1 / 255 / DEVIATION[channel], MEAN[channel] / DEVIATION[channel]];
        const start = (at * 3 + channel) * plane;
        for (let pixel = 0; pixel < plane; pixel++) values[start + pixel] = levels[pixel * 3 + channel] * scale - shift;
      }
    }
    return this.#run(this.vision, new this.ort.Tensor("float32", values, [pictures.length, 3, size, size]));
  }

  texts(prompts) {
    const tokens = BigInt64Array.from(prompts.flatMap(ids), BigInt);
    return this.#run(this.text, new this.ort.Tensor("int64", tokens, [prompts.length, CONTEXT]));
  }

  async #run(session, input) {
    const { output } = await session.run({ input });
    const [count, length] = output.dims;
    const values = await output.getData();
    output.dispose();
    return Array.from({ length: count }, (_, at) => values.slice(at * length, (at + 1) * length));
  }

  /** The GPU is used on this page's main thread. */
  kernels = () => globalThis.takeKernels();
}
