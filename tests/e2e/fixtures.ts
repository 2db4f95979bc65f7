/**
 * Models and images of the tests with their expected results. `cargo xtask test` makes the models.
 */

import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const here = import.meta.dirname;

/** The folder of generated models. */
export function models(): string {
  const folder = process.env["PICKSCORE_TEST_MODELS"];
  if (!folder) throw new Error("PICKSCORE_TEST_MODELS names no folder: run `cargo xtask test`");
  return folder;
}

/** The reference implementation's results for the model `narrow`. */
export interface Golden {
  prompts: string[];
  images: string[];
  /** `[prompts][images]` */
  scores: number[][];
}

export function golden(): Golden {
  return JSON.parse(readFileSync(resolve(here, "../parity/fixtures/end-to-end.json"), "utf8")) as Golden;
}

/**
 * The native engine's results for the model `narrow` in a precision: `[prompts][images]` of {@link
 * golden}.
 */
export function native(precision: string): number[][] {
  return JSON.parse(readFileSync(join(models(), `narrow-${precision}.json`), "utf8")) as number[][];
}

export function imageFile(name: string): Buffer {
  return readFileSync(resolve(here, "../parity/fixtures/pixels/files", name));
}

/** In a form that a message to the page can carry. */
export function imageFiles(names: string[]): { name: string; base64: string }[] {
  return names.map((name) => ({ name, base64: imageFile(name).toString("base64") }));
}
