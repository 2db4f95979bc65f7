/**
 * Stable codes of errors.
 *
 * | code | cause | remedy |
 * |---|---|---|
 * | `aborted` | the call's signal was aborted | |
 * | `bad-argument` | an option or argument has the wrong type or value | fix the call |
 * | `disposed` | the scorer was disposed of | load it again |
 * | `not-found` | the model or one of its files does not exist | check the URL |
 * | `network` | the connection failed, or the server returned an error | load again to resume |
 * | `model-changed` | the files changed on the server during the load | load again |
 * | `not-clip` | the configuration describes another kind of model | use a CLIP model |
 * | `model-config` | a configuration file is damaged or not supported, or the files are those of two models | see the message |
 * | `model-weights` | the weights are damaged, truncated, or do not match the configuration | see the message |
 * | `model-manifest` | the shard manifest or a shard is damaged | see the message |
 * | `other-scorer` | the requested scorer is not the one that the model's configuration names | load it without `scorer`, or as the one it names |
 * | `no-head` | the scorer needs a head, and there is none next to the model | give `head` |
 * | `bad-head` | the head is damaged, does not fit the model, or is one of several | give the head made for this model |
 * | `no-embedding` | the scorer has no embeddings of this kind | use `score` |
 * | `bad-taste` | a taste is malformed, or of another version | |
 * | `taste-scorer` | a taste was fitted on top of another scorer, or the model is not stored | load the model that it names |
 * | `precision` | the weights cannot be stored in the requested precision | use another precision |
 * | `storage-full` | the browser has too little space to store the model | free space, or load with `cache: "off"` |
 * | `storage` | the browser's storage failed or is not available | load with `cache: "off"` |
 * | `no-webgpu` | WebGPU is not available, or the adapter is not sufficient | use `device: "cpu"` |
 * | `device-failed` | the device failed or returned wrong results | use `device: "cpu"` |
 * | `device-lost` | the GPU was lost, and the model could not be reloaded automatically | load the model again |
 * | `out-of-memory` | there is too little memory for the model | use a lower precision or a smaller model |
 * | `empty-prompt` | a prompt is empty | |
 * | `image-format` | neither the library nor the browser supports the image's format | |
 * | `image-too-large` | an image has too many pixels | |
 * | `image-damaged` | an image is damaged or truncated | |
 * | `crashed` | the engine stopped because of a bug | reload the page and report the message |
 * | `internal` | another bug | report the message |
 */
export type ErrorCode =
  | "aborted"
  | "bad-argument"
  | "disposed"
  | "not-found"
  | "network"
  | "model-changed"
  | "not-clip"
  | "model-config"
  | "model-weights"
  | "model-manifest"
  | "other-scorer"
  | "no-head"
  | "bad-head"
  | "no-embedding"
  | "bad-taste"
  | "taste-scorer"
  | "precision"
  | "storage-full"
  | "storage"
  | "no-webgpu"
  | "device-failed"
  | "device-lost"
  | "out-of-memory"
  | "empty-prompt"
  | "image-format"
  | "image-too-large"
  | "image-damaged"
  | "crashed"
  | "internal";

/** The advice if the browser's storage fails. */
export const WITHOUT_CACHE = 'load the model with `cache: "off"`';

/** An error of this library: a message and a code that is stable between versions. */
export class PickScoreError extends Error {
  override readonly name = "PickScoreError";
  /** The stable code. */
  readonly code: ErrorCode;
  /** What happened: the message without the advice. */
  readonly detail: string;
  /** What to change in the call, in code. */
  readonly advice?: string;
  /** The index of the image or prompt that caused the error, if any. */
  readonly index?: number;

  constructor(code: ErrorCode, detail: string, { advice, index }: { advice?: string; index?: number } = {}) {
    super(advice === undefined ? detail : `${detail}; ${advice}`);
    this.code = code;
    this.detail = detail;
    if (advice !== undefined) this.advice = advice;
    if (index !== undefined) this.index = index;
  }
}

/** An error as it is sent from the worker to the page. */
export interface PlainError {
  code: ErrorCode;
  detail: string;
  advice?: string;
  index?: number;
}

/** Converts any exception to a {@link PickScoreError}. */
export function asPickScoreError(thrown: unknown): PickScoreError {
  if (thrown instanceof PickScoreError) return thrown;
  const { name, code, message, detail, advice, index } = (thrown ?? {}) as Partial<Omit<PickScoreError, "name">> & { name?: string };
  if (name === "AbortError") return new PickScoreError("aborted", "the call was aborted");
  if (name === "QuotaExceededError") {
    return new PickScoreError("storage-full", "the browser has no space to store the model", { advice: WITHOUT_CACHE });
  }
  if (thrown instanceof WebAssembly.RuntimeError) {
    // The last line is the message; the console has the full text with the location.
    const reason = (globalThis as { pickscorePanic?: string }).pickscorePanic?.trim().split("\n").pop() ?? message;
    if (/out.of.memory/i.test(reason ?? "")) {
      const advice = 'use a lower precision, `memory: "low"` or a smaller model';
      return new PickScoreError("out-of-memory", `there is too little memory for the model (${reason})`, { advice });
    }
    return new PickScoreError("crashed", `the engine stopped: ${reason}`);
  }
  if (typeof code === "string") {
    const more = { ...(advice === undefined ? {} : { advice }), ...(index === undefined ? {} : { index }) };
    return new PickScoreError(code, detail ?? message ?? "", more);
  }
  return new PickScoreError("internal", message ?? String(thrown));
}

/** Converts any exception to a {@link PlainError}. */
export function plain(thrown: unknown): PlainError {
  const { code, detail, advice, index } = asPickScoreError(thrown);
  return { code, detail, ...(advice === undefined ? {} : { advice }), ...(index === undefined ? {} : { index }) };
}
