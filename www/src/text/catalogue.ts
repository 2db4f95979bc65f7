/**
 * Texts in every language, typed by the English ones. One file a screen:
 *
 * ```ts
 * const en = { title: "Judge", left: (pairs: number) => `${pairs} pairs left` };
 * const ja: typeof en = { … };
 * export const judgeText = catalogue(en, ja);
 * ```
 *
 * and in an element, `judgeText.title`: always of the language that is set now. An element that extends `PickElement` renders anew when that changes.
 */

import { type Language, language } from "./language";

type Texts = Record<string, string | ((...given: never[]) => string)>;

/** The texts of the language that is set whenever one is read. */
export function catalogue<T extends Texts>(en: T, ja: T): Readonly<T> {
  const all: Record<Language, T> = { en, ja };
  return new Proxy(en, { get: (_, key) => all[language.value][key as keyof T] });
}
