/** Light or dark, as the visitor or else the system has it. */

import { settings } from "../state/settings";

settings.subscribe(apply);
apply();

function apply(): void {
  const { theme } = settings.value;
  if (theme === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}
