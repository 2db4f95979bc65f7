/** What runs inside the page, in every browser: it is sent there as source, so each function stands alone. */

import type * as Library from "../../web/engine/js/pickscore";

export interface Encoded {
  name: string;
  base64: string;
}

export interface ScoreTask {
  /** Options of `PickScore.load`. */
  load: Omit<Library.LoadOptions, "signal" | "onProgress">;
  prompts: string[];
  images: Encoded[];
}

export interface ScoreOutcome {
  info: Library.Info;
  /** `[prompts][images]` */
  scores: number[][];
  probabilities: number[][];
  stages: string[];
  milliseconds: { load: number; score: number };
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
  const scorer = await library.PickScore.load({
    ...load,
    onProgress: ({ stage }) => {
      if (stages.at(-1) !== stage) stages.push(stage);
    },
  });
  const loaded = performance.now();
  const scores: number[][] = [];
  const probabilities: number[][] = [];
  for (const prompt of prompts) {
    const result = await scorer.score(prompt, files);
    scores.push(result.scores);
    probabilities.push(result.probabilities);
  }
  const milliseconds = { load: loaded - start, score: performance.now() - loaded };
  const { info } = scorer;
  await scorer.dispose();
  return { info, scores, probabilities, stages, milliseconds };
}

/** Empties the origin's storage. */
export async function emptyStorage(): Promise<void> {
  const root = await navigator.storage.getDirectory();
  await root.removeEntry("pickscore", { recursive: true }).catch(() => undefined);
}
