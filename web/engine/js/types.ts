/** Types of options and results, shared by the page and the worker. */

import type { ErrorCode } from "./error";
import type { ScorerName } from "./scorers";

/** The device that the engine computes on. */
export type Device = "webgpu" | "cpu";

/**
 * The precision of weight matrices. `"auto"` chooses f16 if the GPU has f16 arithmetic, and
 * otherwise f32 or, for large models, f16 on a GPU and q8 on the CPU.
 */
export type PrecisionChoice = "auto" | Precision;
/**
 * The precision of weight matrices. `"q8"` is 8-bit. `"q8-fast"` is stored as `"q8"`, and rounds
 * activations to 8 bits, too; a GPU on which that is not faster computes `"q8"`.
 */
export type Precision = "f32" | "f16" | "q8" | "q8-fast";

/**
 * Whether a model is stored in the browser for the next visit. `"on"` fails with `storage-full` if
 * there is not enough space, `"optional"` continues without storing the model, and `"off"` neither
 * reads nor writes storage.
 */
export type CachePolicy = "on" | "optional" | "off";

/**
 * How much of a model the device holds: `"normal"` for the whole model, `"low"` for one tower at a
 * time. With `"low"` a tower is read from storage whenever it is needed, so it is best to score
 * many images per call.
 */
export type MemoryUse = "normal" | "low";

/** What happens if an image cannot be read: `"throw"` fails the call, `"skip"` skips the image. */
export type UnreadablePolicy = "throw" | "skip";

/**
 * A stage of a load or call.
 *
 * | stage | of | meaning |
 * |---|---|---|
 * | `engine` | load | loads the engine's WebAssembly module |
 * | `config` | load | reads the configuration files |
 * | `waiting` | load | waits for another tab that loads the same model |
 * | `restore` | load | reads the part that an interrupted load has stored |
 * | `download` | load | downloads the weights |
 * | `cache` | load | reads the weights from this browser's storage |
 * | `files` | load | reads the weights from local files |
 * | `starting-over` | load | restarts the download, because the server cannot resume it |
 * | `check` | load | runs the self-test |
 * | `images` | call | reads and embeds images |
 */
export type Stage = "engine" | "config" | "waiting" | "restore" | "download" | "cache" | "files" | "starting-over" | "check" | "images";

/** The progress of a load or call. */
export interface LoadProgress {
  stage: Stage;
  /** Bytes loaded so far, or images processed. */
  loaded: number;
  /** The total, if known. */
  total?: number;
}

/** A scorer that is known by name. */
export interface KnownScorer {
  name: ScorerName;
  /** Its name for people. */
  title: string;
  /**
   * What the score predicts: which images of a prompt people prefer, how beautiful people find an
   * image, or how similar the contents of prompt and image are.
   */
  group: "preference" | "aesthetics" | "similarity";
  /** Whether the score depends on the prompt. */
  readsPrompt: boolean;
  /** The page of the published weights. */
  page: string;
  /** An address for {@link LoadOptions.model}; `null` if the weights cannot be loaded directly. */
  address: string | null;
  /** Whether it needs a head, which is a file of its own. */
  needsHead: boolean;
  /** An address for {@link LoadOptions.head}, if there is one. */
  head: string | null;
  /** Size of the published weights in bytes. */
  bytes: number;
  /** Number of parameters. */
  parameters: number;
  /** The licence of the weights as an SPDX identifier; `null` if none is stated. */
  weightsLicence: string | null;
  /** The licence of the authors' code as an SPDX identifier; `null` if none is stated. */
  codeLicence: string | null;
  /** Accuracy on Pick-a-Pic's test set in the paper, in per cent. */
  accuracy: number | null;
}

/** Options for loading a model. */
export interface LoadOptions {
  /**
   * The URL of a model directory in Hugging Face's layout, of a weights file, of a safetensors
   * index or of a shard manifest (the URL of a Hugging Face model page works too); or local files,
   * as an array or directly as `input.files`. Without a `config.json` next to it, a weights file's
   * tensors determine the architecture.
   */
  model: string | Iterable<File>;
  /**
   * The scorer that the model is. `"auto"` recognises it by its configuration, its head or its
   * name; an unnamed CLIP model is `"clip"`. Default `"auto"`.
   */
  scorer?: ScorerName | "auto";
  /**
   * The head of a scorer that has one (LAION's aesthetic predictors, HP) if it is not next to the
   * model: its URL or a local file.
   */
  head?: string | File;
  /** The device to compute on. `"auto"` uses WebGPU if available, otherwise the CPU. */
  device?: "auto" | Device;
  /** The precision of weight matrices. Default `"auto"`. */
  precision?: PrecisionChoice;
  /**
   * How much of the model the device holds. `"low"` requires a stored model. Default `"normal"`.
   */
  memory?: MemoryUse;
  /**
   * Whether to store the model for the next visit. Local files are never stored. Default `"on"`.
   */
  cache?: CachePolicy;
  /**
   * Cancels the load. The part downloaded so far is kept, and the next load continues from there.
   */
  signal?: AbortSignal;
  /** Called with the progress of the load. */
  onProgress?: (progress: LoadProgress) => void;
}

/** Options of a call. */
export interface Call {
  /** Cancels the call between two images; the model stays loaded. */
  signal?: AbortSignal;
  /** Called with the number of processed images. */
  onProgress?: (progress: LoadProgress) => void;
  /** What happens if an image cannot be read. Default `"throw"`. */
  unreadable?: UnreadablePolicy;
}

/** Options of scoring images. */
export interface ScoreCall extends Call {
  /**
   * A person's taste: a `taste.json` as text or parsed, or a `Taste` of the records library. The
   * scores and probabilities are then those of the taste, in logits. Refused with `taste-scorer`
   * unless it was fitted on top of this model.
   */
  taste?: string | object;
}

/** Options of a call with embeddings. */
export interface EmbeddingsCall extends Pick<Call, "signal"> {
  /** The lengths of the embeddings before normalisation, from {@link EmbedResult.lengths}. */
  lengths?: number[];
}

/**
 * Scores of image embeddings for one prompt, in the given order. Only scores for the same prompt
 * are comparable.
 */
export interface EmbeddingScores {
  /**
   * Higher is better. The range depends on the scorer: about 15 to 25 for PickScore, −1 to 1 for
   * cosines such as HPS's, about 1 to 10 for aesthetic predictors. NaN for a skipped image.
   */
  scores: number[];
  /**
   * The softmax of the scores, which sums to 1: the predicted probability that each image is
   * preferred among all. NaN for a skipped image; `null` for scorers without probabilities.
   */
  probabilities: number[] | null;
  /**
   * Whether the prompt was truncated to the model's context length; false for scorers that read
   * none.
   */
  truncated: boolean;
}

/** How the images of a call were read. */
export interface ImagesRead {
  /** Images that could not be read. Empty unless `unreadable` is `"skip"`. */
  skipped: { index: number; code: ErrorCode; message: string }[];
  /**
   * Indices of images that the browser decoded because the library does not support their format.
   * Their scores may differ slightly between browsers.
   */
  decodedByBrowser: number[];
}

/** Scores of images for one prompt, in the given order. */
export interface ScoreResult extends EmbeddingScores, ImagesRead {}

/** Embeddings of images, in the given order. */
export interface EmbedResult extends ImagesRead {
  /** Unit-length embeddings. The embedding of a skipped image is empty. */
  embeddings: Float32Array[];
  /** The lengths before normalisation, which HP's head reads; 0 for a skipped image. */
  lengths: number[];
}

/** Properties of a loaded model and its device. */
export interface Info {
  /** The model's name: the last component of its URL. */
  model: string;
  /** The scorer that it is. */
  scorer: ScorerName;
  /** Whether the scorer was guessed from the name of a file or folder. */
  scorerAssumed: boolean;
  /**
   * Identifies the weights, the scorer and the precision, so that scores and embeddings can be
   * kept: the same fingerprint gives the same numbers on the same device. Absent if the model is
   * not stored.
   */
  fingerprint?: string;
  /**
   * Identifies the scorer in every precision, file format and program: 64 hexadecimal digits. A
   * taste names the scorer that it needs by it.
   */
  identity: string;
  /** Whether the score depends on the prompt. Scorers that read none ignore it. */
  readsPrompt: boolean;
  /** Whether the scores of one prompt's images have probabilities. */
  hasProbabilities: boolean;
  /** Whether a head computes the score. */
  needsHead: boolean;
  /** Whether prompts have embeddings; otherwise {@link Scorer.embedText} fails. */
  embedsPrompts: boolean;
  /** Whether images have embeddings; otherwise {@link Scorer.embedImages} fails. */
  embedsImages: boolean;
  /** The device that it runs on. */
  device: Device;
  /** The GPU's name, if the browser reveals it. */
  adapter?: string;
  /** The precision of weight matrices. */
  precision: Precision;
  /**
   * The tile of matrix products that was fastest on this GPU, such as `"blocked-32x64"`. If they
   * have been measured, the tiles of products in f16 (for `"q8"` and `"q8-fast"`, if the GPU has
   * f16) and of 8-bit products (for `"q8-fast"`) follow, or `slow` if they are not faster, as in
   * `"blocked-32x64 halves:f16-32x64 bytes:slow"`.
   */
  tile?: string;
  /** Number of CPU threads: one per core if the page is cross-origin isolated, otherwise one. */
  threads: number;
  /** How much of the model the device holds. */
  memory: MemoryUse;
  /** Why this device and this precision were chosen, one sentence each. */
  reasons: string[];
  /** Number of parameters. */
  parameters: number;
  /** Width and height of preprocessed images, in pixels. */
  imageSize: number;
  /** Length of an embedding. */
  dimensions: number;
  /** The factor by which CLIP and PickScore multiply a cosine similarity. */
  logitScale: number;
  /** Names of tensors in the files that are not parameters of the model. */
  unexpected: string[];
  /** Where the weights were loaded from. */
  source: "cache" | "network" | "files";
  /** Whether the model is stored for the next visit. */
  cached: boolean;
  /** Size of the stored weights, in bytes. */
  bytes: number;
  /** Memory of the WebAssembly module in bytes, without GPU memory. */
  engineMemory: number;
  /** Messages about the load for the user. */
  notes: string[];
}
