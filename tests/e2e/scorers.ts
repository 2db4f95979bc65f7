/** The scores of small models by their authors' code: see `tests/parity/reference/scorers.py`. */

import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { ScorerName } from "../../web/engine/js/pickscore";

const folder = resolve(import.meta.dirname, "../parity/fixtures/scorers");

export interface Reference {
  prompts: string[];
  images: string[];
  cases: Case[];
}

interface Case {
  scorer: ScorerName;
  /** The code that computed the scores. */
  code: string;
  /** The model's address below the test models, and whether its scorer has to be specified. */
  model: string;
  given: boolean;
  /** `[prompts][images]`, with one row for a scorer that reads no prompt. */
  scores: number[][];
  /** Standard deviation of one prompt's scores. */
  spread: number;
}

interface Stored extends Omit<Reference, "cases"> {
  cases: (Omit<Case, "model" | "given"> & { files: Record<string, string>; config: object | null })[];
}

export function reference(): Reference {
  const { prompts, images, cases } = JSON.parse(readFileSync(join(folder, "scorers.json"), "utf8")) as Stored;
  return {
    prompts,
    images,
    cases: cases.map(({ files, config, ...rest }, index) => {
      const weights = Object.values(files)[0] as string;
      // A folder is found by its configuration, and bare weights by their name.
      const path = config === null ? weights : weights.replace(/[^/]*$/, "");
      // A server does not list heads.
      return { ...rest, model: `scorers/${index}/${path}`, given: Object.keys(files).length > 1 };
    }),
  };
}

/** ImageReward's rewards. */
export function imageReward(): Reference {
  const file = JSON.parse(readFileSync(join(folder, "image-reward.json"), "utf8")) as Rewards;
  // The library refuses prompts without a token between the start and the end.
  const kept = file.attention_mask.map((mask) => mask.filter(Boolean).length > 2);
  const rows = <T>(all: T[]) => all.filter((_, index) => kept[index]);
  const one: Case = { scorer: "image-reward", code: "ImageReward", model: "scorers/ImageReward.pt", given: false, scores: rows(file.rewards), spread: file.spread };
  return { prompts: rows(file.prompts), images: file.images, cases: [one] };
}

interface Rewards extends Pick<Reference, "prompts" | "images"> {
  attention_mask: number[][];
  /** `[prompts][images]` */
  rewards: number[][];
  spread: number;
}
