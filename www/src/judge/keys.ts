/** The keys of a round. Each is shown on the button that it presses. */

import { Store } from "../state/store";
import type { Answer } from "./play";

export type Deed = Answer | "undo";

const OF_PAIRS: Readonly<Record<string, Deed>> = { ArrowLeft: "left", ArrowDown: "tie", ArrowRight: "right", s: "skip", u: "undo" };
const OF_GROUPS: Readonly<Record<string, Deed>> = { 1: "1", 2: "2", 3: "3", 4: "4", ArrowDown: "tie", s: "skip", u: "undo" };

const KEPT = "pickscore.letters";

/**
 * Whether keys with a single letter or digit are used. They can be turned off, because speech input
 * may trigger them by accident.
 */
export const letters = new Store(readLetters());

function readLetters(): boolean {
  try {
    return localStorage.getItem(KEPT) !== "off";
  } catch {
    return true;
  }
}

export function setLetters(on: boolean): void {
  letters.value = on;
  try {
    localStorage.setItem(KEPT, on ? "on" : "off");
  } catch {
    // Without storage, it lasts until the tab closes.
  }
}

/** What a key does while `count` images of a group are shown, or a pair if `count` is 0. */
export function deedOf(event: KeyboardEvent, count: number): Deed | undefined {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return undefined;
  const target = event.composedPath()[0];
  if (target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return undefined;
  if (target instanceof HTMLInputElement && target.type !== "checkbox") return undefined;
  const single = event.key.length === 1;
  if (single && !letters.value) return undefined;
  const deed = (count > 0 ? OF_GROUPS : OF_PAIRS)[single ? event.key.toLowerCase() : event.key];
  return Number(deed) > count ? undefined : deed;
}
