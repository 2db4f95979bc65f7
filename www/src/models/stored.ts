/** Models stored in this browser, and the space that is used. */

import { type CachedModel, library } from "../engine/library";
import type { OfferedModel } from "../state/config";
import { Store } from "../state/store";

export interface Stored {
  models: CachedModel[];
  /** In bytes, if the browser reports them. */
  used: number | undefined;
  quota: number | undefined;
  /**
   * Bytes of memory of the page and its workers, if the browser measures it; without GPU memory.
   */
  memory: number | undefined;
}

export const stored = new Store<Stored>({ models: [], used: undefined, quota: undefined, memory: undefined });

/** Refreshes the list. */
export async function refreshStored(): Promise<void> {
  const { listCached } = await library();
  const models = await listCached().catch(() => []);
  const estimate = await navigator.storage?.estimate?.().catch(() => undefined);
  stored.patch({ models, used: estimate?.usage, quota: estimate?.quota });
  void measureMemory();
}

/** Only isolated pages may measure memory; the result comes with the next garbage collection. */
async function measureMemory(): Promise<void> {
  const { measureUserAgentSpecificMemory } = performance as { measureUserAgentSpecificMemory?: () => Promise<{ bytes: number }> };
  if (!crossOriginIsolated || !measureUserAgentSpecificMemory) return;
  const measured = await measureUserAgentSpecificMemory.call(performance).catch(() => undefined);
  if (measured) stored.patch({ memory: measured.bytes });
}

/** Deletes a stored model. */
export async function removeStored(model: CachedModel): Promise<void> {
  const { removeCached } = await library();
  await removeCached(model);
  await refreshStored();
}

/** The free space in bytes, if it is known to be too little for a model in 8 bits. */
export function tooLittle({ bytes, kept }: Pick<OfferedModel, "bytes" | "kept">): number | undefined {
  const { quota, used } = stored.value;
  const need = kept?.q8 ?? bytes;
  if (need === undefined || quota === undefined || used === undefined) return undefined;
  const free = Math.max(0, quota - used);
  return free < need ? free : undefined;
}
