import type { LoadProgress } from "./library";

const STAGES: Record<string, string> = {
  engine: "Starting the engine",
  config: "Reading the model's configuration",
  waiting: "Waiting for another tab that loads this model",
  restore: "Taking up what an earlier load had stored",
  download: "Downloading",
  cache: "Loading from this browser's storage",
  files: "Reading your files",
  "starting-over": "The server cannot go on in the middle: downloading from the beginning",
  check: "Checking that the device computes correctly",
  images: "Scoring",
};

/** What to tell of a progress. */
export function describe({ stage, loaded, total }: LoadProgress): string {
  const words = STAGES[stage] ?? stage;
  if (stage === "images") return `${words}: ${loaded} of ${total ?? "?"} images`;
  if (loaded === 0) return `${words}…`;
  return total === undefined ? `${words}: ${bytes(loaded)}` : `${words}: ${bytes(loaded)} of ${bytes(total)}`;
}

/** A number of bytes in words. */
export function bytes(count: number): string {
  if (count < 1e6) return `${Math.ceil(count / 1e3)} KB`;
  return count < 1e9 ? `${(count / 1e6).toFixed(0)} MB` : `${(count / 1e9).toFixed(2)} GB`;
}
