/** Light or dark, as chosen by the visitor or else by the system. */

import { settings } from "../state/settings";

settings.subscribe(apply);
apply();

function apply(): void {
  const { theme } = settings.value;
  if (theme === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}
