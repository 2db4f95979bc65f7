/** Models and images of the tests, and what is known of them. `cargo xtask test` makes the models. */

import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const here = import.meta.dirname;

/** The folder of generated models. */
export function models(): string {
  const folder = process.env["PICKSCORE_TEST_MODELS"];
  if (!folder) throw new Error("PICKSCORE_TEST_MODELS names no folder: run `cargo xtask test`");
  return folder;
}

/** What the reference implementation computes for the model `narrow`. */
export interface Golden {
  prompts: string[];
  images: string[];
  /** `[prompts][images]` */
  scores: number[][];
}

export function golden(): Golden {
  return JSON.parse(readFileSync(resolve(here, "../parity/fixtures/end-to-end.json"), "utf8")) as Golden;
}

/** What the native engine computes for the model `narrow` in a precision: `[prompts][images]` of {@link golden}. */
export function native(precision: string): number[][] {
  return JSON.parse(readFileSync(join(models(), `narrow-${precision}.json`), "utf8")) as number[][];
}

export function imageFile(name: string): Buffer {
  return readFileSync(resolve(here, "../parity/fixtures/pixels/files", name));
}

/** As a message to the page carries it. */
export function imageFiles(names: string[]): { name: string; base64: string }[] {
  return names.map((name) => ({ name, base64: imageFile(name).toString("base64") }));
}
