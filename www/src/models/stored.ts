/** What is kept in this browser, and how much space there is. */

import { type CachedModel, library } from "../engine/library";
import { Store } from "../state/store";

export interface Stored {
  models: CachedModel[];
  /** Bytes, as far as the browser tells. */
  used: number | undefined;
  quota: number | undefined;
}

export const stored = new Store<Stored>({ models: [], used: undefined, quota: undefined });

/** Looks again. */
export async function refreshStored(): Promise<void> {
  const { listCached } = await library();
  const models = await listCached().catch(() => []);
  const estimate = await navigator.storage?.estimate?.().catch(() => undefined);
  stored.value = { models, used: estimate?.usage, quota: estimate?.quota };
}

/** Removes one. */
export async function removeStored(model: CachedModel): Promise<void> {
  const { removeCached } = await library();
  await removeCached(model);
  await refreshStored();
}
