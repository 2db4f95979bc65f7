/** Images and prompts → sets to judge: the images of each prompt and the model of each image. */

import type { Mode } from "../collection/library";
import type { DraftWords, Item, PromptSet, Rule } from "../collection/rows";
import { Pattern, type PatternFault } from "./pattern";

/** Maximum images per prompt, from the records library. */
export const MOST_IMAGES: Record<Mode, number> = { "winner-stays": 2000, "all-pairs": 2000, active: 300, "best-of-four": 2000, retest: Infinity };
/** Up to these numbers of images, a mode takes few enough choices: 10 and 64. */
const FEW = 5;
const SOME = 16;

export interface Arranged {
  items: Item[];
  sets: PromptSet[];
  /** Images without a prompt. */
  promptless: Item[];
  /** Images that are the only one for their prompt. */
  alone: Item[];
  /** What is wrong with the rule's pattern. */
  fault: PatternFault | undefined;
}

/** Sorts images into sets by the visitor's prompts and rule. */
export function arrange(given: readonly Item[], { prompts, rule }: DraftWords): Arranged {
  const read = rule.models === "pattern" ? Pattern.read(rule.pattern) : undefined;
  const pattern = typeof read === "object" ? read : undefined;
  const typed = linesOf(prompts);
  const sets = new Map<string, string[]>(typed.map((prompt) => [prompt, []]));
  const promptless: Item[] = [];
  const items = given.map((item) => {
    const match = pattern?.match(item.path);
    const model = rule.models === "written" ? (item.written?.model ?? null) : (match?.model ?? null);
    const own = match?.prompt ?? (rule.writtenPrompts ? item.written?.prompt?.trim() : undefined);
    const all = own ? [own] : typed;
    if (all.length === 0) promptless.push(item);
    for (const prompt of all) {
      const images = sets.get(prompt);
      if (images) images.push(item.uid);
      else sets.set(prompt, [item.uid]);
    }
    return { ...item, model };
  });
  const whole = [...sets].map(([prompt, images]) => ({ prompt, images })).filter(({ images }) => images.length > 1);
  const placed = new Set(whole.flatMap(({ images }) => images));
  const without = new Set(promptless.map(({ uid }) => uid));
  const alone = given.filter(({ uid }) => !placed.has(uid) && !without.has(uid));
  return { items, sets: whole, promptless, alone, fault: typeof read === "string" ? read : undefined };
}

export function linesOf(text: string): string[] {
  return [...new Set(text.split("\n").map((line) => line.trim()).filter(Boolean))];
}

/** The number of images of each model, largest first; `null` is the unknown model. */
export function groupsOf(items: readonly Item[]): { model: string | null; items: Item[] }[] {
  const groups = new Map<string | null, Item[]>();
  for (const item of items) groups.set(item.model, [...(groups.get(item.model) ?? []), item]);
  return [...groups]
    .map(([model, items]) => ({ model, items }))
    .sort((a, b) => Number(a.model === null) - Number(b.model === null) || b.items.length - a.items.length);
}

/** The rule that fits the images best: their metadata, else their folders, else none. */
export function guessRule(items: readonly Item[]): Rule {
  const writtenPrompts = items.some(({ written }) => written?.prompt);
  const say = items.filter(({ written }) => written?.model).length;
  if (say > 0 && say >= items.length / 2) return { models: "written", pattern: "{model}/*", writtenPrompts };
  const folders = new Set(items.map(({ path }) => path.split("/").at(-2) ?? ""));
  const models = folders.size > 1 && !folders.has("") ? "pattern" : "none";
  return { models, pattern: "{model}/*", writtenPrompts };
}

/** The number of answers that a mode asks for, as far as it is known in advance. */
export function choicesOf(mode: Mode, images: number, limit = 0): number {
  const all = (images * (images - 1)) / 2;
  const counts: Record<Mode, number> = {
    "winner-stays": images - 1,
    "all-pairs": all,
    active: Math.min(all, Math.round(images * Math.log2(images))),
    "best-of-four": Math.ceil((images - 1) / 3),
    retest: 0,
  };
  return limit > 0 ? Math.min(counts[mode], limit) : counts[mode];
}

/**
 * The mode that fits the number of images: the most reliable one that takes a few minutes. `images`
 * is the size of the largest set.
 */
export function fittingMode(images: number): Mode {
  return images <= FEW ? "all-pairs" : images <= SOME ? "active" : "best-of-four";
}
