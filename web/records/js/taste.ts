/** Tastes: scorers of one person's taste, fitted to choices and stored as `taste.json`. */

import { asRecordsError, guarded, RecordsError, throwIfAborted } from "./error";
import { inSteps } from "./steps";
import type { FitTasteOptions, FittedTaste, TasteImage, TasteInfo } from "./types";
import { functions } from "./wasm";

/**
 * A taste. Its score of an image is `alpha · scale · s + w · e`, with s the base scorer's score and
 * e the embedding of the image.
 */
export class Taste {
  /** What the file says about itself. */
  readonly info: TasteInfo;
  /** The `taste.json`. */
  readonly text: string;

  private constructor(text: string, info: TasteInfo) {
    this.text = text;
    this.info = info;
  }

  /**
   * Reads a `taste.json` and checks everything in it.
   *
   * @throws RecordsError with code `"taste-file"`, naming the field
   */
  static read(file: string | Uint8Array): Taste {
    const { readTaste } = functions();
    if (typeof file !== "string" && !(file instanceof Uint8Array)) {
      throw new RecordsError("bad-argument", "a taste is neither a string nor a Uint8Array");
    }
    const bytes = bytesOf(file);
    const info = guarded(() => readTaste(bytes));
    return new Taste(typeof file === "string" ? file : new TextDecoder().decode(bytes), info);
  }

  /** The same taste under another name. */
  renamed(name: string): Taste {
    return Taste.read(guarded(() => functions().renameTaste(bytesOf(this.text), name)));
  }

  /**
   * Refuses another scorer than the one that the taste was fitted on top of.
   *
   * @throws RecordsError with code `"taste-scorer"`
   */
  check(scorer: { name: string; fingerprint: string }): void {
    guarded(() => functions().checkTaste(bytesOf(this.text), scorer.name, scorer.fingerprint));
  }

  /**
   * Images of one prompt by this taste, from the base scorer's scores and embeddings, in their
   * order.
   *
   * With scores of 0, embeddings of prompts can be compared: `difference` is then how far each lies
   * along the taste's weights from the mean of all.
   *
   * @throws RecordsError with code `"taste"` if an embedding is of another model, or a number is
   * not finite
   */
  apply(scores: readonly number[], embeddings: readonly Float32Array[]): TasteImage[] {
    if (scores.length !== embeddings.length) throw new RecordsError("bad-argument", "there is not one score for each embedding");
    const { values, sizes } = flat(embeddings);
    return guarded(() => functions().applyTaste(bytesOf(this.text), new Float64Array(scores), sizes, values)).images;
  }
}

/**
 * Fits a taste to choices, and measures by cross-validation whether it predicts them better than
 * its base scorer. The page stays responsive: each step takes milliseconds for 500 choices.
 *
 * @throws RecordsError with code `"nothing-to-learn"` or `"taste"`
 */
export async function fitTaste(options: FitTasteOptions): Promise<FittedTaste> {
  const { TasteFit } = functions();
  const { name, scorer, records, embeddings, scores, withoutVisibleScores = false, now = Date.now(), signal, onProgress } = options;
  throwIfAborted(signal);
  const { values, sizes } = flat([...embeddings.values()]);
  const images = new Map([...embeddings.keys()].map((uid, number) => [uid, number]));
  const prompts = new Map<string, number>();
  const numbers = new Uint32Array(records.length * 3);
  const pairs = new Float64Array(records.length * 2);
  for (const [at, { prompt, left, right }] of records.entries()) {
    for (const [side, { image_uid }] of [left, right].entries()) {
      numbers[3 * at + side] = images.get(image_uid) ?? images.size;
      pairs[2 * at + side] = scoreOf(scores(prompt, image_uid), image_uid);
    }
    const number = prompts.get(prompt) ?? prompts.size;
    prompts.set(prompt, number);
    numbers[3 * at + 2] = number;
  }
  const fit = guarded(() => TasteFit.of(name, scorer.name, scorer.fingerprint, withoutVisibleScores, now, JSON.stringify(records), numbers, pairs, sizes, values));
  try {
    const total = fit.total();
    const step = () => {
      onProgress?.({ loaded: fit.done(), total });
      return guarded(() => fit.step());
    };
    await inSteps(step, signal);
    const report = guarded(() => fit.finish());
    if (!report) throw new RecordsError("internal", "the taste was taken already");
    const { text, ...rest } = report;
    return { ...rest, taste: Taste.read(text) };
  } catch (thrown) {
    throw asRecordsError(thrown);
  } finally {
    fit.free();
  }
}

/**
 * The factor that makes scores of a scorer logits: 100 for cosines, the inverse spread of the
 * scores of distinct images for heads, and 1 for the others.
 *
 * @throws RecordsError with code `"taste"` if the scorer embeds no images
 */
export function tasteScale(scorer: string, scores: readonly number[]): number {
  return guarded(() => functions().tasteScale(scorer, new Float64Array(scores)));
}

/** The wasm reads a missing score as NaN, so that a score that is NaN must not reach it. */
function scoreOf(score: number | undefined, image: string): number {
  if (score === undefined) return Number.NaN;
  if (typeof score !== "number" || Number.isNaN(score)) throw new RecordsError("taste", `the score of image ${image} is not a number`);
  return score;
}

/** Embeddings as one array, with the length of each. */
function flat(embeddings: readonly Float32Array[]): { values: Float32Array; sizes: Uint32Array } {
  if (!embeddings.every((embedding) => embedding instanceof Float32Array)) {
    throw new RecordsError("bad-argument", "an embedding is not a Float32Array");
  }
  const sizes = new Uint32Array(embeddings.map(({ length }) => length));
  const values = new Float32Array(sizes.reduce((sum, size) => sum + size, 0));
  embeddings.reduce((at, embedding) => (values.set(embedding, at), at + embedding.length), 0);
  return { values, sizes };
}

function bytesOf(file: string | Uint8Array): Uint8Array {
  return typeof file === "string" ? new TextEncoder().encode(file) : file;
}
