/** The engine's two builds behind one type: WebGPU with the CPU's code, or the CPU's code alone, a tenth of the size. */

import * as cpu from "../../pkg/cpu/engine";
import * as gpu from "../../pkg/gpu/engine";
import { PickScoreError } from "../error";
import type { Precision } from "../pickscore";
import type { Assets } from "../protocol";

export type { ModelLoader, Scorer } from "../../pkg/gpu/engine";
export type EngineDevice = gpu.EngineDevice;

export interface Engine {
  ModelLoader: typeof gpu.ModelLoader;
  device: EngineDevice;
  /** Bytes of the module's memory: it never shrinks, so this is its peak. */
  memory(): number;
  /** Runs a small model with a known answer; fails where the device computes something else. */
  selfTest(precision: Precision): Promise<void>;
}

/** Downloads and starts the engine for a device. */
export async function start(
  device: "webgpu" | "cpu",
  assets: Assets,
  lost: (reason: string) => void,
): Promise<Engine> {
  const glue = device === "webgpu" ? gpu : (cpu as unknown as typeof gpu);
  let output: gpu.InitOutput;
  try {
    output = await glue.default({ module_or_path: assets[device === "webgpu" ? "gpu" : "cpu"] });
  } catch (error) {
    throw new PickScoreError("network", `the engine could not be loaded: ${(error as Error).message}`);
  }
  const made = device === "webgpu" ? await gpu.EngineDevice.gpu(lost) : glue.EngineDevice.cpu();
  return {
    ModelLoader: glue.ModelLoader,
    device: made,
    memory: () => output.memory.buffer.byteLength,
    selfTest: (precision) => made.self_test(precision),
  };
}

/** Whether a configuration is one of a CLIP model, or damaged so that nobody can tell. */
export function isClip(engine: Engine, config: Uint8Array): boolean {
  try {
    new engine.ModelLoader(config, undefined, undefined, "f32", engine.device, undefined).free();
    return true;
  } catch (error) {
    return (error as PickScoreError).code !== "not-clip";
  }
}
