/** Scores by a person's taste: a `taste.json`, which `crate/taste/README.md` describes. */

import { PickScoreError } from "../error";
import type { Info } from "../types";

/** What of a taste determines scores. */
export interface Taste {
  /** The factor of the base scorer's score. */
  factor: number;
  /** The weights of the embedding. */
  weights: Float32Array;
}

/** Largest factor and weight, as `crate/taste/src/file.rs` has it. */
const LARGEST = 1e6;
/** Smallest scale, likewise. */
const SMALLEST_SCALE = 1e-6;
/** Characters of a value that a message quotes. */
const QUOTED = 40;

/**
 * Reads a parsed `taste.json`, and refuses one that was fitted on top of another scorer. `records`
 * checks a file completely; here is checked what scores depend on.
 */
export function readTaste(file: unknown, info: Info): Taste {
  const bad = (reason: string) => new PickScoreError("bad-taste", reason);
  const { format, version, scorer, dimensions, alpha, weights } = (file ?? {}) as Record<string, unknown>;
  if (format !== "pickscore-taste") throw bad("the file is not a taste: its `format` is not `pickscore-taste`");
  if (version !== 1) throw bad(`the taste is of version ${shortened(JSON.stringify(version) ?? "undefined")}; this program reads version 1`);
  const { name, fingerprint, scale } = (scorer ?? {}) as Record<string, unknown>;
  if (typeof name !== "string" || typeof fingerprint !== "string") throw bad("`scorer` of the taste is malformed");
  // Earlier versions wrote the fingerprint of the stored model.
  if (name !== info.scorer || (fingerprint !== info.identity && fingerprint !== info.fingerprint)) {
    throw new PickScoreError("taste-scorer", `the taste needs the scorer ${said(name, fingerprint)}, not ${said(info.scorer, info.identity)}`);
  }
  if (!isSound(alpha) || !isSound(scale) || scale < SMALLEST_SCALE) throw bad("`alpha` or `scorer.scale` of the taste is not a possible number");
  const values = typeof weights === "string" ? numbers(weights) : undefined;
  if (!values?.every(isSound)) throw bad("`weights` of the taste is malformed");
  if (dimensions !== values.length || values.length !== info.dimensions) {
    throw bad(`the taste has ${values.length} weights, but the model's embeddings ${info.dimensions} dimensions`);
  }
  return { factor: alpha * scale, weights: values };
}

/** The scores of images by a taste. */
export function byTaste({ factor, weights }: Taste, scores: readonly number[], embeddings: readonly (Float32Array | undefined)[]): number[] {
  return scores.map((score, at) => {
    const embedding = embeddings[at];
    return embedding ? factor * score + weights.reduce((sum, weight, index) => sum + weight * (embedding[index] as number), 0) : Number.NaN;
  });
}

/** The softmax of the numbers that are not NaN. */
export function softmax(scores: readonly number[]): number[] {
  const best = Math.max(...scores.filter((score) => !Number.isNaN(score)));
  const powers = scores.map((score) => Math.exp(score - best));
  const sum = powers.reduce((sum, power) => sum + (Number.isNaN(power) ? 0 : power), 0);
  return powers.map((power) => power / sum);
}

function isSound(value: unknown): value is number {
  return typeof value === "number" && Math.abs(value) <= LARGEST;
}

function said(name: string, fingerprint: string): string {
  return `${shortened(name)} (${fingerprint.slice(0, 8)})`;
}

function shortened(text: string): string {
  return text.length > QUOTED ? `${text.slice(0, QUOTED)}…` : text;
}

/** Little-endian f32 in base64. */
function numbers(base64: string): Float32Array | undefined {
  let bytes: string;
  try {
    bytes = atob(base64);
  } catch {
    return undefined;
  }
  if (bytes.length % 4 !== 0) return undefined;
  const view = new DataView(Uint8Array.from(bytes, (letter) => letter.charCodeAt(0)).buffer);
  return Float32Array.from({ length: bytes.length / 4 }, (_, at) => view.getFloat32(4 * at, true));
}
