/** The engine's builds behind one type: WebGPU with the CPU's code; the CPU's code alone, on one thread or on several. */

import * as cpu from "../../pkg/cpu/engine";
import * as threaded from "../../pkg/cpu-threads/engine";
import * as gpu from "../../pkg/gpu/engine";
import { PickScoreError } from "../error";
import type { Precision } from "../pickscore";
import type { Assets } from "../protocol";
import { askForSubgroups } from "./subgroups";
import { startThreads, threadsAllowed } from "./threads";

export type { ModelLoader, Scorer } from "../../pkg/gpu/engine";
export type EngineDevice = gpu.EngineDevice;

export interface Engine {
  ModelLoader: typeof gpu.ModelLoader;
  device: EngineDevice;
  /** Threads of the CPU path. */
  threads: number;
  /** Bytes of the module's memory: it never shrinks, so this is its peak. */
  memory(): number;
  /** Chooses how the GPU multiplies: as an earlier answer says, or by a short measurement. Resolves to the answer; to nothing on the CPU. */
  tune(answer: string | undefined): Promise<string | undefined>;
  /** Runs a small model with a known answer; fails where the device computes something else. */
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
  const subgroup = device === "webgpu" ? askForSubgroups() : () => 0;
  const made = device === "webgpu" ? await gpu.EngineDevice.gpu(lost) : glue.EngineDevice.cpu();
  return {
    ModelLoader: glue.ModelLoader,
    device: made,
    threads,
    memory: () => output.memory.buffer.byteLength,
    tune: (answer) => made.tune(answer, subgroup()),
    selfTest: (precision) => made.self_test(precision),
  };
}

/** Whether this browser multiplies and adds in one step. */
function hasRelaxedSimd(): boolean {
  // (module (func (param v128 v128 v128) (result v128) (f32x4.relaxed_madd (local.get 0) (local.get 1) (local.get 2))))
  const type = [1, 8, 1, 0x60, 3, 0x7b, 0x7b, 0x7b, 1, 0x7b];
  const code = [10, 13, 1, 11, 0, 0x20, 0, 0x20, 1, 0x20, 2, 0xfd, 0x85, 2, 0x0b];
  return WebAssembly.validate(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...type, 3, 2, 1, 0, ...code]));
}

/** Compiles while it downloads, where the host names the type of the file. */
async function compile(address: string): Promise<WebAssembly.Module> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address} answered with HTTP ${response.status}`);
  if (response.headers.get("content-type")?.startsWith("application/wasm")) return WebAssembly.compileStreaming(response);
  return WebAssembly.compile(await response.arrayBuffer());
}

/** Whether a configuration is one of a CLIP model, or damaged so that nobody can tell. */
export function isClip(engine: Engine, config: Uint8Array): boolean {
  try {
    new engine.ModelLoader(config, undefined, undefined, "f32", engine.device, "both", undefined).free();
    return true;
  } catch (error) {
    return (error as PickScoreError).code !== "not-clip";
  }
}
