import { PickScoreError } from "./error";
import { withTimeout } from "./timeout";

/** Capabilities of this browser. */
export interface Support {
  /** The device that `device: "auto"` selects. */
  device: "webgpu" | "cpu";
  /** Whether the engine can use WebGPU. */
  webgpu: boolean;
  /** The GPU's name, if the browser reveals it. */
  adapter?: string;
  /** Whether the GPU has f16 arithmetic, which makes f16 the default precision. */
  f16: boolean;
  /** Whether the GPU is emulated on the CPU and therefore slow. */
  emulated: boolean;
  /** The GPU's smallest subgroup size; 0 without subgroup operations. */
  subgroup: number;
  /** Size of the largest buffer binding of the GPU, in bytes. */
  largestBinding?: number;
  /** Whether models can be stored for the next visit. */
  storage: boolean;
  /** Whether the page is cross-origin isolated. */
  isolated: boolean;
  /** Why the engine cannot run on WebGPU here, if it cannot. */
  missing?: string;
  /** One sentence that says what is available or missing. */
  message: string;
}

/** Required adapter limits. Every adapter that conforms to WebGPU meets them. */
const NEEDED = {
  maxStorageBuffersPerShaderStage: 8,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupStorageSize: 16_384,
  maxStorageBufferBindingSize: 128 * 2 ** 20,
} as const;

/** Longest wait for an adapter, in milliseconds. Some drivers never answer. */
const PATIENCE = 30_000;

/** Determines the capabilities of this browser, without loading the engine. */
export async function probe(): Promise<Support> {
  const common = {
    storage: typeof navigator.storage?.getDirectory === "function",
    isolated: globalThis.crossOriginIsolated === true,
  };
  const cpu = (missing: string, more: Partial<Support> = {}): Support => ({
    ...common,
    ...more,
    device: "cpu",
    webgpu: false,
    f16: false,
    subgroup: 0,
    emulated: more.emulated ?? false,
    missing,
    message: `${missing}; the CPU is used instead, which is slower.`,
  });
  if (!globalThis.isSecureContext) {
    return cpu("WebGPU requires a page loaded over HTTPS or from localhost");
  }
  if (!navigator.gpu) return cpu("This browser has no WebGPU");
  let adapter: GPUAdapter | null;
  try {
    adapter = await withTimeout(navigator.gpu.requestAdapter({ powerPreference: "high-performance" }), PATIENCE, "no answer");
  } catch (error) {
    return cpu(`WebGPU failed to start (${(error as Error).message})`);
  }
  if (!adapter) return cpu("This browser has WebGPU, but no graphics adapter that it can use");
  const found = { adapter: name(adapter.info), emulated: emulated(adapter) };
  if (!adapter.features.has("timestamp-query")) {
    return cpu(`The graphics adapter ${found.adapter} does not support WebGPU's timestamp-query, which the engine requires`, found);
  }
  for (const [limit, needed] of Object.entries(NEEDED)) {
    const has = adapter.limits[limit as keyof typeof NEEDED];
    if (has < needed) {
      return cpu(`The graphics adapter ${found.adapter} is not sufficient (${limit} is ${has}; expected at least ${needed})`, found);
    }
  }
  const f16 = adapter.features.has("shader-f16");
  return {
    ...common,
    ...found,
    device: "webgpu",
    webgpu: true,
    f16,
    subgroup: adapter.features.has("subgroups") ? (adapter.info.subgroupMinSize ?? 0) : 0,
    largestBinding: Math.min(adapter.limits.maxStorageBufferBindingSize, adapter.limits.maxBufferSize),
    message: found.emulated
      ? `WebGPU works, but ${found.adapter} is emulated on the CPU and slow.`
      : `WebGPU works on ${found.adapter}${f16 ? " with 16-bit arithmetic" : ""}.`,
  };
}

/** A device, why it was selected, and the GPU's name. */
export interface Selected {
  device: "webgpu" | "cpu";
  reason: string;
  adapter?: string;
}

/** Selects the device for a load and states why. */
export function requireDevice(support: Support, wanted: "auto" | "webgpu"): Selected {
  const adapter = support.adapter === undefined ? {} : { adapter: support.adapter };
  if (support.webgpu) return { device: "webgpu", reason: support.message, ...adapter };
  if (wanted === "auto") return { device: "cpu", reason: support.message };
  throw new PickScoreError("no-webgpu", support.missing ?? support.message, { advice: 'load with `device: "cpu"`' });
}

/** The best available name of an adapter. */
function name(info: GPUAdapterInfo): string {
  const words = [info.vendor, info.architecture].filter(Boolean).join(" ");
  return info.description || words || info.device || "the graphics adapter";
}

/** Whether an adapter is emulated on the CPU. */
function emulated(adapter: GPUAdapter): boolean {
  const old = (adapter as { isFallbackAdapter?: boolean }).isFallbackAdapter;
  return adapter.info.isFallbackAdapter ?? old ?? false;
}
