import { PickScoreError } from "./error";

/** What this browser can do. */
export interface Support {
  /** What `device: "auto"` takes. */
  device: "webgpu" | "cpu";
  /** Whether the engine runs on WebGPU here. */
  webgpu: boolean;
  /** The GPU's name, where the browser tells it. */
  adapter?: string;
  /** Whether the GPU knows 16-bit numbers: a model is kept in them by default there, in half the memory. */
  f16: boolean;
  /** Whether the GPU is emulated on the CPU: it works, slowly. */
  emulated: boolean;
  /** Invocations of the GPU's smallest subgroup; 0 where it lends none. */
  subgroup: number;
  /** Bytes of the largest piece of memory that the GPU binds. */
  largestBinding?: number;
  /** Whether models can be kept for the next visit. */
  storage: boolean;
  /** Whether the page is cross-origin isolated. */
  isolated: boolean;
  /** In one sentence what it can and, where something is missing, what. */
  message: string;
}

/** What burn's kernels need; every adapter that meets WebGPU's own minimum has it. */
const NEEDED = {
  maxStorageBuffersPerShaderStage: 8,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupStorageSize: 16_384,
  maxStorageBufferBindingSize: 128 * 2 ** 20,
} as const;

/** What this browser can do, and in one sentence what it cannot. Loads nothing. */
export async function probe(): Promise<Support> {
  const common = {
    storage: typeof navigator.storage?.getDirectory === "function",
    isolated: globalThis.crossOriginIsolated === true,
  };
  const cpu = (reason: string, more: Partial<Support> = {}): Support => ({
    ...common,
    ...more,
    device: "cpu",
    webgpu: false,
    f16: false,
    subgroup: 0,
    emulated: more.emulated ?? false,
    message: `${reason}; the CPU is used instead, which is slower.`,
  });
  if (!globalThis.isSecureContext) {
    return cpu("WebGPU needs a page that was loaded over https or from localhost");
  }
  if (!navigator.gpu) return cpu("This browser has no WebGPU");
  let adapter: GPUAdapter | null;
  try {
    adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
  } catch (error) {
    return cpu(`This browser's WebGPU does not start (${(error as Error).message})`);
  }
  if (!adapter) return cpu("This browser has WebGPU, but no graphics adapter that it may use");
  const found = { adapter: name(adapter.info), emulated: emulated(adapter) };
  if (!adapter.features.has("timestamp-query")) {
    return cpu(`The graphics adapter ${found.adapter} cannot time its work (WebGPU's timestamp-query), which the engine needs`, found);
  }
  for (const [limit, needed] of Object.entries(NEEDED)) {
    const has = adapter.limits[limit as keyof typeof NEEDED];
    if (has < needed) {
      return cpu(`The graphics adapter ${found.adapter} is too small (${limit} is ${has}, ${needed} is needed)`, found);
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

/** The device for a load, and why. */
export function requireDevice(
  support: Support,
  wanted: "auto" | "webgpu" | "cpu",
): { device: "webgpu" | "cpu"; reason: string; adapter?: string } {
  if (wanted === "cpu") return { device: "cpu", reason: "The CPU was asked for." };
  const adapter = support.adapter === undefined ? {} : { adapter: support.adapter };
  if (support.webgpu) return { device: "webgpu", reason: support.message, ...adapter };
  if (wanted === "auto") return { device: "cpu", reason: support.message };
  const reason = support.message.replace(/; the CPU is used instead.*$/, "");
  throw new PickScoreError("no-webgpu", `${reason}; load with \`device: "cpu"\``);
}

function name(info: GPUAdapterInfo): string {
  const words = [info.vendor, info.architecture].filter(Boolean).join(" ");
  return info.description || words || info.device || "the graphics adapter";
}

function emulated(adapter: GPUAdapter): boolean {
  const old = (adapter as { isFallbackAdapter?: boolean }).isFallbackAdapter;
  return adapter.info.isFallbackAdapter ?? old ?? false;
}
