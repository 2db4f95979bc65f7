/**
 * Reads models and prompts from paths with patterns such as `{model}/*` and `{prompt}/{model}_*`.
 * Parts between slashes are folders; the last part is the file's name without its extension; a star
 * matches anything. A pattern matches the end of a path, ignoring case.
 */

/** What a pattern reads from a path. */
export interface PatternMatch {
  model: string | null;
  prompt: string | null;
}

/** Why a pattern is invalid: it has no field, one field twice, or an unknown field. */
export type PatternFault = "no-field" | "field-twice" | "unknown-field";

const FIELDS = ["model", "prompt"] as const;

export class Pattern {
  readonly #parts: RegExp[];

  private constructor(parts: RegExp[]) {
    this.#parts = parts;
  }

  static read(pattern: string): Pattern | PatternFault {
    const fields = [...pattern.matchAll(/\{([^{}/]*)\}/g)].map(([, name = ""]) => name.trim().toLowerCase());
    if (fields.length === 0) return "no-field";
    if (fields.some((field) => !FIELDS.includes(field as "model"))) return "unknown-field";
    if (new Set(fields).size < fields.length) return "field-twice";
    const parts = pattern.trim().split("/").map((part) => new RegExp(`^${sourceOf(part)}$`, "iu"));
    return new Pattern(parts);
  }

  /** Reads a path; both are null if it does not match. */
  match(path: string): PatternMatch {
    const found: PatternMatch = { model: null, prompt: null };
    const segments = path.split("/");
    const last = segments.length - 1;
    segments[last] = (segments[last] as string).replace(/\.[a-z0-9]{2,5}$/i, "");
    const from = segments.length - this.#parts.length;
    if (from < 0) return found;
    for (const [index, part] of this.#parts.entries()) {
      const groups = part.exec(segments[from + index] as string);
      if (!groups) return { model: null, prompt: null };
      const { model, prompt } = groups.groups ?? {};
      if (model?.trim()) found.model = model.trim();
      if (prompt?.trim()) found.prompt = prompt.replaceAll("_", " ").trim();
    }
    return found;
  }
}

function sourceOf(part: string): string {
  return part
    .split(/(\{[^{}]*\}|\*)/)
    .map((piece) => {
      if (piece === "*") return ".*";
      const field = /^\{\s*(\w+)\s*\}$/.exec(piece);
      // As short as possible: in `{model}_*` the model ends at the first underscore.
      return field ? `(?<${(field[1] as string).toLowerCase()}>.+?)` : piece.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    })
    .join("");
}
