/** The engine's builds behind one interface: for WebGPU, for one CPU thread and for several. */

import * as cpu from "../../pkg/cpu/engine";
import * as threaded from "../../pkg/cpu-threads/engine";
import * as gpu from "../../pkg/gpu/engine";
import { PickScoreError } from "../error";
import type { Precision, PrecisionChoice } from "../types";
import type { Assets } from "../protocol";
import { requestSubgroups } from "./subgroups";
import { startThreads, threadsAllowed } from "./threads";

export type { ImagePixels, ImageReader, ModelLoader, PromptTokens, Scorer } from "../../pkg/gpu/engine";
export type EngineDevice = gpu.EngineDevice;

export interface Engine {
  ModelLoader: typeof gpu.ModelLoader;
  ImagePixels: typeof gpu.ImagePixels;
  findModel: typeof gpu.find_model;
  findHead: typeof gpu.find_head;
  recognise: typeof gpu.recognise_scorer;
  storedLayout: typeof gpu.stored_layout;
  isModelFile: typeof gpu.is_model_file;
  /** Downloads BERT's vocabulary, which only ImageReward needs. */
  vocabulary(): Promise<Uint8Array<ArrayBuffer>>;
  /** Downloads and compiles the image decoders for other workers. */
  decoder(): Promise<WebAssembly.Module>;
  device: EngineDevice;
  /** Number of CPU threads. */
  threads: number;
  /** Size of the module's memory in bytes. It never shrinks, so this is its peak. */
  memory(): number;
  /**
   * Chooses the tile of matrix products: `remembered` if supported, otherwise by a short
   * measurement. Resolves to its name, or to nothing on the CPU. For `q8` and `q8-fast`, also
   * measures products in f16 and, for `q8-fast`, of 8-bit numbers, if the browser has them.
   */
  tune(remembered: string | undefined, precision: PrecisionChoice): Promise<string | undefined>;
  /** Runs the self-test of a precision, once. Fails if the device returns wrong results. */
  selfTest(precision: Precision): Promise<void>;
}

/** Downloads and starts the engine for a device. */
export async function start(
  device: "webgpu" | "cpu",
  assets: Assets,
  lost: (reason: string) => void,
): Promise<Engine> {
  const build = device === "webgpu" ? "gpu" : threadsAllowed() ? "threads" : "cpu";
  const glue = (build === "gpu" ? gpu : build === "cpu" ? cpu : threaded) as typeof gpu;
  let output: { memory: WebAssembly.Memory };
  let threads = 1;
  try {
    const module = await compile(assets[build === "gpu" || !hasRelaxedSimd() ? build : (`${build}Relaxed` as const)]);
    output = await glue.default({ module_or_path: module });
    if (build === "threads") threads = await startThreads(module, output.memory);
  } catch (error) {
    throw new PickScoreError("network", `the engine could not be loaded: ${(error as Error).message}`);
  }
  const subgroup = device === "webgpu" ? requestSubgroups() : () => 0;
  const made = device === "webgpu" ? await gpu.EngineDevice.gpu(lost) : glue.EngineDevice.cpu();
  const tests = new Map<Precision, Promise<void>>();
  return {
    ModelLoader: glue.ModelLoader,
    ImagePixels: glue.ImagePixels,
    findModel: glue.find_model,
    findHead: glue.find_head,
    recognise: glue.recognise_scorer,
    storedLayout: glue.stored_layout,
    isModelFile: glue.is_model_file,
    vocabulary: () => download(assets.vocabulary),
    decoder: () => compile(assets.decoder),
    device: made,
    threads,
    memory: () => output.memory.buffer.byteLength,
    // `auto` chooses f32 or f16 on a GPU; neither needs further measurements.
    tune: (remembered, precision) => made.tune(precision === "auto" ? "f16" : precision, remembered, subgroup(), multipliesBytes()),
    selfTest: (precision) => {
      const test = tests.get(precision) ?? made.self_test(precision);
      tests.set(precision, test);
      return test;
    },
  };
}

/** Whether this browser's shading language has products of packed 8-bit numbers. */
function multipliesBytes(): boolean {
  // There is no `gpu` in browsers without WebGPU.
  const gpu = navigator.gpu as GPU | undefined;
  return gpu?.wgslLanguageFeatures?.has("packed_4x8_integer_dot_product") ?? false;
}

/** Whether this browser supports relaxed SIMD. */
function hasRelaxedSimd(): boolean {
  // (module (func (param v128 v128 v128) (result v128) (f32x4.relaxed_madd (local.get 0) (local.get
  // 1) (local.get 2))))
  const type = [1, 8, 1, 0x60, 3, 0x7b, 0x7b, 0x7b, 1, 0x7b];
  const code = [10, 13, 1, 11, 0, 0x20, 0, 0x20, 1, 0x20, 2, 0xfd, 0x85, 2, 0x0b];
  return WebAssembly.validate(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...type, 3, 2, 1, 0, ...code]));
}

/** Downloads and compiles a module, at the same time if the server sends the right content type. */
async function compile(address: string): Promise<WebAssembly.Module> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address} returned HTTP ${response.status}`);
  if (response.headers.get("content-type")?.startsWith("application/wasm")) return WebAssembly.compileStreaming(response);
  return WebAssembly.compile(await response.arrayBuffer());
}

async function download(address: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const response = await fetch(address);
    if (!response.ok) throw new Error(`${address} returned HTTP ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    throw new PickScoreError("network", `the vocabulary could not be loaded: ${(error as Error).message}`);
  }
}
