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
    checkText(name, "the name of a taste");
    return Taste.read(guarded(() => functions().renameTaste(bytesOf(this.text), name)));
  }

  /**
   * Refuses another scorer than the one that the taste was fitted on top of.
   *
   * @throws RecordsError with code `"taste-scorer"`
   */
  check(scorer: { name: string; fingerprint: string }): void {
    checkScorer(scorer);
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
    checkNumbers(scores, "`scores`");
    checkEmbeddings(embeddings);
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
  checkFit(options);
  const { name, scorer, records, embeddings, scores, withoutVisibleScores = false, now = Date.now(), signal, onProgress } = options;
  throwIfAborted(signal);
  const json = written(records);
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
  const fit = guarded(() => TasteFit.of(name, scorer.name, scorer.fingerprint, withoutVisibleScores, now, json, numbers, pairs, sizes, values));
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
  checkText(scorer, "`scorer`");
  checkNumbers(scores, "`scores`");
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
  checkEmbeddings(embeddings);
  const sizes = new Uint32Array(embeddings.map(({ length }) => length));
  const values = new Float32Array(sizes.reduce((sum, size) => sum + size, 0));
  embeddings.reduce((at, embedding) => (values.set(embedding, at), at + embedding.length), 0);
  return { values, sizes };
}

function bytesOf(file: string | Uint8Array): Uint8Array {
  return typeof file === "string" ? new TextEncoder().encode(file) : file;
}

// The wasm crashes on arguments of another type than it declares.

function bad(what: string, expected: string): RecordsError {
  return new RecordsError("bad-argument", `${what} is not ${expected}`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function checkText(value: unknown, what: string): void {
  if (typeof value !== "string") throw bad(what, "a string");
}

function checkNumbers(values: unknown, what: string): void {
  const isList = Array.isArray(values) || values instanceof Float64Array || values instanceof Float32Array;
  if (!isList || !Array.from(values as ArrayLike<unknown>).every((value) => typeof value === "number")) {
    throw bad(what, "an array of numbers");
  }
}

function checkEmbeddings(embeddings: unknown): void {
  if (!Array.isArray(embeddings)) throw bad("`embeddings`", "an array");
  if (!embeddings.every((embedding) => embedding instanceof Float32Array)) throw bad("an embedding", "a Float32Array");
}

function checkScorer(scorer: unknown): void {
  if (!isObject(scorer)) throw bad("`scorer`", "an object");
  checkText(scorer["name"], "`scorer.name`");
  checkText(scorer["fingerprint"], "`scorer.fingerprint`");
}

function checkFit(options: unknown): void {
  if (!isObject(options)) throw bad("the argument", "an object");
  const { name, scorer, records, embeddings, scores, withoutVisibleScores = false, now = 0 } = options;
  checkText(name, "the name of a taste");
  checkScorer(scorer);
  if (!Array.isArray(records)) throw bad("`records`", "an array");
  for (const record of records as unknown[]) {
    const { prompt, left, right } = isObject(record) ? record : {};
    const sides = [left, right].map((side) => (isObject(side) ? side["image_uid"] : undefined));
    if (![prompt, ...sides].every((text) => typeof text === "string")) throw bad("a choice", "a record");
  }
  if (!(embeddings instanceof Map)) throw bad("`embeddings`", "a Map");
  if (typeof scores !== "function") throw bad("`scores`", "a function");
  if (typeof withoutVisibleScores !== "boolean") throw bad("`withoutVisibleScores`", "a boolean");
  if (typeof now !== "number") throw bad("`now`", "a number");
}

/** Records as JSON: cycles and big integers cannot be written. */
function written(records: unknown): string {
  try {
    return JSON.stringify(records);
  } catch {
    throw bad("a choice", "a record");
  }
}
