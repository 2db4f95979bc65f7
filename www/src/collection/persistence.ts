/** Asking the browser not to evict the collection when it needs space. */

let asked = false;

/**
 * Asks once, after the first choice has been stored. Some browsers ask the visitor, others decide
 * by themselves; the collection works either way.
 */
export async function askToKeep(again = false): Promise<void> {
  if ((asked && !again) || !navigator.storage?.persist) return;
  asked = true;
  try {
    if (!(await navigator.storage.persisted())) await navigator.storage.persist();
  } catch {
    // Not available on insecure addresses.
  }
}

/** The space that the page uses and may use, if the browser reports it. */
export async function room(): Promise<{ used: number; granted: number; kept: boolean } | undefined> {
  try {
    const { usage, quota } = await navigator.storage.estimate();
    if (usage === undefined || quota === undefined) return undefined;
    return { used: usage, granted: quota, kept: await navigator.storage.persisted() };
  } catch {
    return undefined;
  }
}
