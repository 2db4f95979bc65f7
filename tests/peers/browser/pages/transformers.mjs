// transformers.js as its documentation uses CLIP: the processor decodes and resizes with a canvas,
// all images are one batch, and the score is computed from the embeddings of both towers.

import {
  AutoProcessor,
  AutoTokenizer,
  CLIPTextModelWithProjection,
  CLIPVisionModelWithProjection,
  env,
  RawImage,
} from "../transformers/transformers.min.js";

const folder = (name) => new URL(`../${name}/`, import.meta.url).href;

export class Engine {
  static async load({ device, threads, precision, scale }) {
    const webgpu = device === "webgpu";
    env.allowRemoteModels = false;
    env.allowLocalModels = true;
    // It finds no tokenizer at a complete URL.
    env.localModelPath = new URL(folder("model")).pathname;
    const wasm = "ort-wasm-simd-threaded.asyncify";
    env.backends.onnx.wasm.wasmPaths = { mjs: `${folder("transformers-ort")}${wasm}.mjs`, wasm: `${folder("transformers-ort")}${wasm}.wasm` };
    if (!webgpu) env.backends.onnx.wasm.numThreads = threads;
    const options = { device: webgpu ? "webgpu" : "wasm", dtype: { f32: "fp32", q8: "q8" }[precision] };
    const engine = new Engine();
    const name = "transformers.js";
    engine.tokenizer = await AutoTokenizer.from_pretrained(name);
    engine.processor = await AutoProcessor.from_pretrained(name);
    engine.text = await CLIPTextModelWithProjection.from_pretrained(name, options);
    engine.vision = await CLIPVisionModelWithProjection.from_pretrained(name, options);
    engine.scale = scale;
    engine.info = { threads: webgpu ? undefined : threads, version: env.version };
    return engine;
  }

  async score(prompt, files) {
    const images = await Promise.all(files.map((file) => RawImage.fromBlob(file)));
    const { image_embeds } = await this.vision(await this.processor(images));
    const { text_embeds } = await this.text(this.tokenizer([prompt], { padding: true, truncation: true }));
    const [text] = text_embeds.normalize().tolist();
    return image_embeds
      .normalize()
      .tolist()
      .map((image) => this.scale * image.reduce((sum, value, at) => sum + value * text[at], 0));
  }
}
