/** The record of a stored model. Files in storage can be damaged, so every value is checked. */

import type { Precision } from "./types";

/**
 * A range of the weights file with its XXH3-128, which the engine computes. Pieces of older
 * versions have their SHA-256 instead, which takes browsers much longer.
 */
export type Piece = [offset: number, bytes: number, checksum: string];

/** The record of a complete model. */
export interface ModelRecord {
  version: 1;
  address: string;
  name: string;
  precision: Precision;
  /** Size of the weights in bytes. */
  bytes: number;
  /** When the model was stored, in ISO 8601. */
  stored: string;
  config: string;
  tokenizer: string | null;
  preprocessor: string | null;
  /**
   * Names of the weights' file and its folder, by which a scorer is recognised. Absent in records
   * of older versions.
   */
  names?: string[];
  /** The URL of a head next to the model. */
  head?: string | null;
  /** All ranges of the weights file, in order and without gaps. */
  pieces: Piece[];
}

/** Whether a value is a piece. */
export function isPiece(value: unknown): value is Piece {
  if (!Array.isArray(value) || value.length !== 3) return false;
  const [offset, bytes, checksum] = value as unknown[];
  const counts = [offset, bytes].every((number) => Number.isSafeInteger(number) && (number as number) >= 0);
  return counts && typeof checksum === "string" && /^([0-9a-f]{32}|[0-9a-f]{64})$/.test(checksum);
}

/** Whether a value is the record of a complete model. */
export function isRecord(value: unknown): value is ModelRecord {
  if (typeof value !== "object" || value === null) return false;
  const { version, address, name, precision, bytes, stored, config, tokenizer, preprocessor, names = [], head = null, pieces } = value as Record<keyof ModelRecord, unknown>;
  const texts = [address, name, precision, stored, config, tokenizer ?? "", preprocessor ?? "", head ?? ""];
  if (version !== 1 || !texts.every(isText) || !Array.isArray(names) || !names.every(isText)) return false;
  return Array.isArray(pieces) && pieces.every(isPiece) && typeof bytes === "number" && misfit(pieces, bytes) === null;
}

/**
 * The first byte at which pieces do not follow each other without gaps up to `length`; `null` if
 * they do.
 */
export function misfit(pieces: readonly Piece[], length: number): number | null {
  let end = 0;
  for (const [offset, bytes] of pieces) {
    if (offset !== end) return end;
    end += bytes;
  }
  return end === length ? null : end;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
