/**
 * What can go wrong, by its stable code.
 *
 * | code | what happened | what to do |
 * |---|---|---|
 * | `aborted` | the call's signal was aborted | |
 * | `bad-argument` | an option or argument is not what the types say | mend the call |
 * | `disposed` | the scorer was disposed of | load it again |
 * | `not-found` | the model's address, or one of its files, is not there | check the address |
 * | `network` | the connection failed, or the server answered with an error | load again: it goes on where it stopped |
 * | `model-changed` | the files changed on the server during the load | load again |
 * | `not-clip` | the configuration is another kind of model's | take a CLIP model |
 * | `model-config` | a configuration file is damaged or asks for what is not supported | see the message |
 * | `model-weights` | the weights are damaged, cut off, or do not fit the configuration | see the message |
 * | `model-manifest` | the shard manifest, or a shard, is damaged | see the message |
 * | `precision` | the weights do not fit the precision that was asked for | take another precision |
 * | `storage-full` | the browser grants too little space to keep the model | free space, or load with `cache: "off"` |
 * | `storage` | the browser's storage failed, or may not be used here | load with `cache: "off"` |
 * | `no-webgpu` | there is no WebGPU, no adapter, or one that cannot do it | take `device: "cpu"` |
 * | `device-failed` | the device computes wrongly or failed | take `device: "cpu"` |
 * | `device-lost` | the GPU was lost, and the model could not be loaded again by itself | load the model again |
 * | `out-of-memory` | there is too little memory for the model | take a lower precision, or a smaller model |
 * | `empty-prompt` | a prompt has nothing in it | |
 * | `image-format` | an image is of a kind that neither the library nor the browser reads | |
 * | `image-too-large` | an image has more pixels than are read | |
 * | `image-damaged` | an image is damaged or cut off | |
 * | `crashed` | the engine stopped, which is a fault of ours | reload the page; tell us the message |
 * | `internal` | anything that should not happen | tell us the message |
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

/** Every error of this library: one sentence, and a code that does not change between versions. */
export class PickScoreError extends Error {
  override readonly name = "PickScoreError";
  /** Which {@link ErrorCode} it is. */
  readonly code: ErrorCode;
  /** Which of the call's images or prompts it is about, where it is about one. */
  readonly index?: number;

  constructor(code: ErrorCode, message: string, index?: number) {
    super(message);
    this.code = code;
    if (index !== undefined) this.index = index;
  }
}

/** An error as a message between worker and page carries it. */
export interface PlainError {
  code: ErrorCode;
  message: string;
  index?: number;
}

/** Whatever was thrown, as one of ours. */
export function asPickScoreError(thrown: unknown): PickScoreError {
  if (thrown instanceof PickScoreError) return thrown;
  const { code, message, name, index } = (thrown ?? {}) as Partial<PlainError> & { name?: string };
  if (name === "AbortError") return new PickScoreError("aborted", "the call was aborted");
  if (name === "QuotaExceededError") {
    return new PickScoreError("storage-full", "the browser has no more space to keep the model; load it with `cache: \"off\"`");
  }
  if (thrown instanceof WebAssembly.RuntimeError) {
    // Where in the code it was is in the console; the last line says what it was.
    const reason = (globalThis as { pickscorePanic?: string }).pickscorePanic?.trim().split("\n").pop() ?? message;
    if (/out.of.memory/i.test(reason ?? "")) {
      const advice = 'take a lower precision, `memory: "low"` or a smaller model';
      return new PickScoreError("out-of-memory", `there is too little memory for the model (${reason}); ${advice}`);
    }
    return new PickScoreError("crashed", `the engine stopped: ${reason}`);
  }
  if (typeof code === "string") return new PickScoreError(code, message ?? "", index);
  return new PickScoreError("internal", message ?? String(thrown));
}

/** What a message carries of an error. */
export function plain(thrown: unknown): PlainError {
  const { code, message, index } = asPickScoreError(thrown);
  return index === undefined ? { code, message } : { code, message, index };
}
