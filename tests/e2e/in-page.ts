/**
 * Functions that run inside the page, in every browser. They are sent as source code, so each must
 * be self-contained.
 */

import type * as Library from "../../web/engine/js/pickscore";

export interface Encoded {
  name: string;
  base64: string;
}

/** Options of `PickScore.load` that a message can carry. */
export type Options = Pick<Library.LoadOptions, "device" | "precision" | "cache" | "scorer"> & { model: string; head?: string };

export interface ScoreTask {
  load: Options;
  prompts: string[];
  images: Encoded[];
}

export interface ScoreOutcome {
  info: Library.Info;
  /** `[prompts][images]` */
  scores: number[][];
  /** Empty for scorers without probabilities. */
  probabilities: number[][];
  stages: string[];
  /** `first`: from engine start to the first score. */
  milliseconds: { load: number; score: number; first: number };
}

/** Loads a model, scores every prompt with every image, and disposes of it. */
export async function scoreAll({ load, prompts, images }: ScoreTask): Promise<ScoreOutcome> {
  const library = (await import(new URL("lib/pickscore.js", document.baseURI).href)) as typeof Library;
  const files = images.map(({ name, base64 }) => {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    return new File([bytes], name);
  });
  const stages: string[] = [];
  const start = performance.now();
  let ready = start;
  const scorer = await library.PickScore.load({
    ...load,
    onProgress: ({ stage }) => {
      if (stages.at(-1) === "engine" && stage !== "engine") ready = performance.now();
      if (stages.at(-1) !== stage) stages.push(stage);
    },
  });
  const loaded = performance.now();
  const scores: number[][] = [];
  const probabilities: number[][] = [];
  await scorer.score(prompts[0] as string, files.slice(0, 1));
  const first = performance.now() - ready;
  for (const prompt of prompts) {
    const result = await scorer.score(prompt, files);
    scores.push(result.scores);
    if (result.probabilities) probabilities.push(result.probabilities);
  }
  const milliseconds = { load: loaded - start, score: performance.now() - loaded, first };
  const { info } = scorer;
  await scorer.dispose();
  return { info, scores, probabilities, stages, milliseconds };
}

/** Empties the origin's storage. */
export async function emptyStorage(): Promise<void> {
  const root = await navigator.storage.getDirectory();
  await root.removeEntry("pickscore", { recursive: true }).catch(() => undefined);
}

export interface Attempt {
  load: Options;
  prompt: string;
  images: Encoded[];
  /** Abort the load at this share of the progress of downloading, or of this stage. */
  abortAt?: number;
  abortStage?: Library.Stage;
  /** Leaves the scorer loaded; closing the page ends it. */
  keep?: boolean;
}

export interface AttemptOutcome {
  info?: Library.Info;
  scores?: number[];
  /** The error. */
  error?: { name: string; code: string; message: string };
  stages: string[];
  /** What is stored of the model afterwards. */
  cached: Library.CachedModel[];
}

/** Loads a model and scores one prompt; reports any outcome. */
export async function attempt({ load, prompt, images, abortAt, abortStage = "download", keep }: Attempt): Promise<AttemptOutcome> {
  const library = (await import(new URL("lib/pickscore.js", document.baseURI).href)) as typeof Library;
  const files = images.map(({ name, base64 }) => {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    return new File([bytes], name);
  });
  const stages: string[] = [];
  // Read by the test if this takes too long.
  Object.assign(globalThis, { stages });
  const abort = new AbortController();
  const outcome: AttemptOutcome = { stages, cached: [] };
  try {
    const scorer = await library.PickScore.load({
      ...load,
      signal: abort.signal,
      onProgress: ({ stage, loaded, total }) => {
        if (stages.at(-1) !== stage) stages.push(stage);
        if (abortAt !== undefined && stage === abortStage && total && loaded >= abortAt * total) abort.abort();
      },
    });
    outcome.info = scorer.info;
    outcome.scores = (await scorer.score(prompt, files)).scores;
    if (!keep) await scorer.dispose();
  } catch (error) {
    const { name, code, message } = error as Library.PickScoreError;
    outcome.error = { name, code, message };
  }
  stages.push("list");
  outcome.cached = await library.listCached();
  stages.pop();
  return outcome;
}
