/** Which tastes were imported: what they say about themselves is not measured on the visitor. */

import { tasteKey } from "../engine/panel";
import { Store } from "../state/store";

/** The base scorers of the imported tastes. */
export const imported = new Store<ReadonlySet<string>>(new Set());

/** Whether the scores of this key are those of an imported taste. */
export function isImported(key: string): boolean {
  return [...imported.value].some((base) => tasteKey(base) === key);
}
