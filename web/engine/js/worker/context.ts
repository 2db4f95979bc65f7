import type { Stage } from "../types";

/** The context of a running request. */
export interface Context {
  signal: AbortSignal;
  /** Reports progress to the page. */
  progress(stage: Stage, loaded: number, total?: number): void;
  /** Reports that the GPU was lost. */
  lost(reason: string): void;
}
