/** The page's language. */

import { settings } from "../state/settings";
import { Store } from "../state/store";

export type Language = "en" | "ja";

export const language = new Store<Language>(choose());

settings.subscribe(() => {
  language.value = choose();
});

language.subscribe(apply);
apply();

function choose(): Language {
  const chosen = settings.value.language;
  if (chosen) return chosen;
  const known = navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => tag === "en" || tag === "ja");
  return (known as Language | undefined) ?? "en";
}

function apply(): void {
  document.documentElement.lang = language.value;
}
