/**
 * Texts in every language, typed by the English ones. There is one file per screen:
 *
 * ```ts
 * const en = { title: "Judge", left: (pairs: number) => `${pairs} pairs left` };
 * const ja: typeof en = { … };
 * export const judgeText = catalogue(en, ja);
 * ```
 *
 * In an element, `judgeText.title` is the text in the current language. An element that extends
 * `PickElement` renders again when the language changes.
 */

import { type Language, language } from "./language";

type Texts = Record<string, string | ((...given: never[]) => string)>;

/** The texts; each is looked up in the current language when it is read. */
export function catalogue<T extends Texts>(en: T, ja: T): Readonly<T> {
  const all: Record<Language, T> = { en, ja };
  return new Proxy(en, { get: (_, key) => all[language.value][key as keyof T] });
}
