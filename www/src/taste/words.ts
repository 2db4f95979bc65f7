/** Words for a taste: which texts of a list lie along its weights, and which against them. */

import type { PickScore } from "../engine/library";
import { ask } from "./client";
import type { KeptTaste } from "./kept";

/** A text with how far it lies along the taste, from the mean of all texts. */
export interface Word {
  text: string;
  along: number;
  /** The ends of the 95 % interval. */
  low: number;
  high: number;
}

const KEY = "pickscore.words";
/** Texts, and letters of all of them. */
const MOST = 100;
const LONGEST = 8000;
/** Standard deviations from the middle of a 95 % interval to its ends. */
const NORMAL = 1.96;

/** The list until the visitor edits it. Models are trained on English captions. */
const FIRST = [
  "soft light",
  "hard shadows",
  "close-up",
  "wide view",
  "bright colors",
  "muted colors",
  "black and white",
  "warm colors",
  "cold colors",
  "dark",
  "simple",
  "full of detail",
  "blurred background",
  "a person",
  "an animal",
  "a landscape",
  "a city",
  "a photograph",
  "a painting",
  "a drawing",
  "round shapes",
  "sharp edges",
  "cheerful",
  "sad",
];

/** The visitor's list. */
export function wordList(): string[] {
  try {
    const stored = localStorage.getItem(KEY);
    return stored === null ? FIRST : linesOf(stored);
  } catch {
    return FIRST;
  }
}

/** Keeps the visitor's list; an empty one brings the first one back. */
export function keepWords(text: string): string[] {
  const lines = linesOf(text);
  try {
    if (lines.length === 0) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, lines.join("\n"));
  } catch {
    // It lasts until the page closes.
  }
  return lines.length === 0 ? FIRST : lines;
}

function linesOf(text: string): string[] {
  const lines = text.slice(0, LONGEST).split("\n").map((line) => line.trim());
  return [...new Set(lines.filter(Boolean))].slice(0, MOST);
}

/** The texts by how far they lie along a taste, the furthest first. */
export async function describe(scorer: PickScore, taste: KeptTaste, texts: readonly string[], signal: AbortSignal): Promise<Word[]> {
  const embeddings = await scorer.embedText([...texts], { signal });
  // Without a base score, the difference is the projection on the weights, from the mean.
  const found = await ask("apply", { text: taste.text, scores: texts.map(() => 0), embeddings }, { signal });
  const words = found.map(({ difference, difference_deviation: deviation }, index): Word => {
    const reach = NORMAL * deviation;
    return { text: texts[index] as string, along: difference, low: difference - reach, high: difference + reach };
  });
  return words.sort((one, other) => other.along - one.along);
}
