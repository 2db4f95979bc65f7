/**
 * Own prompts: images whose files say their prompt are scored against it, and ranked among the
 * images that say the same one.
 */

import type { Picture } from "./picture";

/**
 * Stands for every image's own prompt wherever a prompt is expected: in results, ranks, columns. No
 * line of the prompt box can contain it.
 */
export const OWN = "\0own";

/** The prompt that the file says, if any. */
export function ownPrompt({ generation }: Pick<Picture, "generation">): string | undefined {
  return generation?.prompt?.trim() || undefined;
}

/** A prompt in words: the image's own, if it stands for that. */
export function promptWords(prompt: string, picture: Pick<Picture, "generation">): string {
  return prompt === OWN ? (ownPrompt(picture) ?? "") : prompt;
}

/** Images by their own prompt, in the order of each prompt's first image; without the others. */
export function byOwnPrompt<P extends Pick<Picture, "generation">>(pictures: readonly P[]): Map<string, P[]> {
  const groups = new Map<string, P[]>();
  for (const picture of pictures) {
    const prompt = ownPrompt(picture);
    if (prompt === undefined) continue;
    const group = groups.get(prompt);
    if (group) group.push(picture);
    else groups.set(prompt, [picture]);
  }
  return groups;
}

/** What a view shows together. */
export interface Group {
  /** The prompt; absent if there is one group for all images. */
  prompt?: string;
  kind: "all" | "prompt" | "alone" | "none" | "unread";
  pictures: readonly Picture[];
}

/**
 * The groups of a view of own prompts: one for each prompt of several images, then the images that
 * are alone with their prompt, those without one, and those that have not been read. `whole` are
 * the images that are ranked, also where a filter hides some.
 */
export function groupsOf(shown: readonly Picture[], whole: readonly Picture[]): Group[] {
  const sizes = new Map<string, number>();
  for (const [prompt, { length }] of byOwnPrompt(whole)) sizes.set(prompt, length);
  const shownBy = byOwnPrompt(shown);
  const groups: Group[] = [];
  for (const prompt of sizes.keys()) {
    const pictures = shownBy.get(prompt);
    if (pictures && (sizes.get(prompt) ?? 0) > 1) groups.push({ prompt, kind: "prompt", pictures });
  }
  const rest: Record<"alone" | "none" | "unread", Picture[]> = { alone: [], none: [], unread: [] };
  for (const picture of shown) {
    const prompt = ownPrompt(picture);
    if (prompt === undefined) rest[picture.generation === undefined ? "unread" : "none"].push(picture);
    else if (sizes.get(prompt) === 1) rest.alone.push(picture);
  }
  for (const kind of ["alone", "none", "unread"] as const) if (rest[kind].length > 0) groups.push({ kind, pictures: rest[kind] });
  return groups;
}
