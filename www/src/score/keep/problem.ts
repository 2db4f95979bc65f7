/** Why images could not be saved. Sentences for the codes are in `text/keep.ts`. */

export type SaveCode = "full" | "permission" | "gone" | "blocked" | "locked" | "name" | "failed" | "stopped" | "unpermitted" | "unreadable-all";

/** What stops a save as a whole. */
export class SaveProblem extends Error {
  override readonly name = "SaveProblem";
  readonly code: SaveCode;

  constructor(code: SaveCode, detail = "") {
    super(detail);
    this.code = code;
  }
}

const CODES: Record<string, SaveCode> = {
  QuotaExceededError: "full",
  NotAllowedError: "permission",
  SecurityError: "permission",
  NotFoundError: "gone",
  NoModificationAllowedError: "locked",
  // The browser's protection against malware ends a write this way; a stopped one is told apart.
  AbortError: "blocked",
};

/** What the browser threw while a target was written. */
export function asProblem(thrown: unknown): SaveProblem {
  if (thrown instanceof SaveProblem) return thrown;
  const { name = "", message = String(thrown) } = (thrown ?? {}) as { name?: string; message?: string };
  return new SaveProblem(CODES[name] ?? "failed", message.replace(/[.。]+$/, ""));
}

export function throwIfStopped(signal: AbortSignal): void {
  if (signal.aborted) throw new SaveProblem("stopped");
}
