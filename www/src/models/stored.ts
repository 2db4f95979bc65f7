/** What is kept in this browser, and how much space there is. */

import { type CachedModel, library } from "../engine/library";
import { Store } from "../state/store";

export interface Stored {
  models: CachedModel[];
  /** Bytes, as far as the browser tells. */
  used: number | undefined;
  quota: number | undefined;
  /** Bytes that the page and its workers take, where the browser measures it; the GPU's not counted. */
  memory: number | undefined;
}

export const stored = new Store<Stored>({ models: [], used: undefined, quota: undefined, memory: undefined });

/** Looks again. */
export async function refreshStored(): Promise<void> {
  const { listCached } = await library();
  const models = await listCached().catch(() => []);
  const estimate = await navigator.storage?.estimate?.().catch(() => undefined);
  stored.patch({ models, used: estimate?.usage, quota: estimate?.quota });
  void measureMemory();
}

/** Isolated pages may ask; an answer comes with the browser's next garbage collection. */
async function measureMemory(): Promise<void> {
  const { measureUserAgentSpecificMemory } = performance as { measureUserAgentSpecificMemory?: () => Promise<{ bytes: number }> };
  if (!crossOriginIsolated || !measureUserAgentSpecificMemory) return;
  const measured = await measureUserAgentSpecificMemory.call(performance).catch(() => undefined);
  if (measured) stored.patch({ memory: measured.bytes });
}

/** Removes one. */
export async function removeStored(model: CachedModel): Promise<void> {
  const { removeCached } = await library();
  await removeCached(model);
  await refreshStored();
}
