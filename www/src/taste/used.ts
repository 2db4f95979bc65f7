/** Which tastes are columns on Score. */

import { settings } from "../state/settings";
import type { KeptTaste } from "./kept";
import { imported } from "./origin";

/** Whether a taste is measurably better than its base scorer. */
export function isOffered({ info }: KeptTaste): boolean {
  return info.offered;
}

/**
 * Shows the tastes on Score that are offered and not paused. Returns whether there are any.
 */
export function use(tastes: readonly KeptTaste[]): boolean {
  imported.value = new Set(tastes.flatMap(({ base, report }) => (report ? [] : [base])));
  const used = tastes.filter((taste) => isOffered(taste) && !taste.paused);
  const columns = used.map(({ base, info, readsPrompt }) => ({ base, title: info.name, readsPrompt }));
  if (JSON.stringify(columns) !== JSON.stringify(settings.value.tastes)) settings.patch({ tastes: columns });
  return columns.length > 0;
}
