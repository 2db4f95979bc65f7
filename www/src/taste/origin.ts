/** Which tastes were imported: what they say about themselves is not measured on the visitor. */

import { Store } from "../state/store";

/** The base scorers of the imported tastes. */
export const imported = new Store<ReadonlySet<string>>(new Set());
