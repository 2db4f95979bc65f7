// onnxruntime-web with both towers, used as documented. Images are levels of the model's size; the
// measured time includes their normalisation, which every use needs.

import { bertIds, ids } from "./inputs.mjs";

/** The mean and standard deviation of CLIP's processor, for levels in 0..1. */
const MEAN = [0.48145466, 0.4578275, 0.40821073];
const DEVIATION = [0.26862954, 0.26130258, 0.27577711];

/** The log level of onnxruntime, which warns about every graph. */
const ERRORS = 3;

export class Engine {
  /** `weights`: whether the towers are ImageReward's. */
  static async load({ device, threads, precision, external = {}, weights }) {
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
      // The tokens that the text encoder reads stay on the GPU.
      if (webgpu && weights && tower === "vision") options.preferredOutputLocation = "gpu-buffer";
      if (external[tower]) options.externalData = [{ path: `${file}.data`, data: `${folder}${file}.data` }];
      engine[tower] = await ort.InferenceSession.create(`${folder}${file}.onnx`, options);
    }
    engine.info = { threads: webgpu ? undefined : threads, version: ort.env.versions?.web };
    return engine;
  }

  prepareImages = (pictures, size) => ({ pictures, size });
  prepareTexts = (prompts) => prompts;

  async images(prepared) {
    return rows(await this.#run(this.vision, { input: this.#pixels(prepared) }));
  }

  async texts(prompts) {
    return rows(await this.#run(this.text, { input: this.#integers(prompts.map(ids)) }));
  }

  /** Rewards `[prompts][images]`. Each image is encoded once. */
  async rewards(prepared, prompts) {
    const tokens = await this.#run(this.vision, { input: this.#pixels(prepared) });
    const encoded = prompts.map(bertIds);
    const read = async (some) => {
      const mask = some.map((row) => row.map((id) => Number(id !== 0)));
      const output = await this.#run(this.text, { ids: this.#integers(some), mask: this.#integers(mask), tokens });
      return output.getData();
    };
    let found = [];
    // A batch is all prompts with one image, or all images with one prompt.
    if (prepared.pictures.length === 1) found = [...(await read(encoded))].map((reward) => [reward]);
    else for (const row of encoded) found.push(await read([row]));
    tokens.dispose();
    return found;
  }

  #pixels({ pictures, size }) {
    const plane = size * size;
    const values = new Float32Array(pictures.length * 3 * plane);
    for (const [at, levels] of pictures.entries()) {
      for (let channel = 0; channel < 3; channel++) {
        const [scale, shift] = [1 / 255 / DEVIATION[channel], MEAN[channel] / DEVIATION[channel]];
        const start = (at * 3 + channel) * plane;
        for (let pixel = 0; pixel < plane; pixel++) values[start + pixel] = levels[pixel * 3 + channel] * scale - shift;
      }
    }
    return new this.ort.Tensor("float32", values, [pictures.length, 3, size, size]);
  }

  #integers(rows) {
    return new this.ort.Tensor("int64", BigInt64Array.from(rows.flat(), BigInt), [rows.length, rows[0].length]);
  }

  async #run(session, inputs) {
    return (await session.run(inputs)).output;
  }

  /** The GPU is used on this page's main thread. */
  kernels = () => globalThis.takeKernels();
}

/** The rows of a matrix. */
async function rows(output) {
  const [count, length] = output.dims;
  const values = await output.getData();
  output.dispose();
  return Array.from({ length: count }, (_, at) => values.slice(at * length, (at + 1) * length));
}
