/** Asking the browser not to clear the collection away when it needs room. */

let asked = false;

/**
 * Asks once, when there is something to lose: the first choice is stored by then. Some browsers ask the visitor, others decide by themselves; either way
 * the collection works.
 */
export async function askToKeep(again = false): Promise<void> {
  if ((asked && !again) || !navigator.storage?.persist) return;
  asked = true;
  try {
    if (!(await navigator.storage.persisted())) await navigator.storage.persist();
  } catch {
    // Not on this address.
  }
}

/** How much room the page takes and is granted, where the browser says. */
export async function room(): Promise<{ used: number; granted: number; kept: boolean } | undefined> {
  try {
    const { usage, quota } = await navigator.storage.estimate();
    if (usage === undefined || quota === undefined) return undefined;
    return { used: usage, granted: quota, kept: await navigator.storage.persisted() };
  } catch {
    return undefined;
  }
}
