/** Locks that give a round to one tab at a time. */

export interface Held {
  /** Releases it. */
  release(): void;
  /** Aborted when another tab takes over. */
  readonly lost: AbortSignal;
}

/**
 * Locks something by name; `undefined` if another tab has it. `steal` takes it from that tab.
 * Without Web Locks every lock succeeds; then a round's revision keeps tabs from overwriting each
 * other.
 */
export async function hold(name: string, steal = false): Promise<Held | undefined> {
  const gone = new AbortController();
  if (!navigator.locks) return { release: () => undefined, lost: gone.signal };
  return new Promise((resolve) => {
    const options: LockOptions = steal ? { steal: true } : { ifAvailable: true };
    navigator.locks
      .request(`pickscore-${name}`, options, (lock) => {
        if (!lock) return resolve(undefined);
        return new Promise<void>((release) => resolve({ release, lost: gone.signal }));
      })
      .catch((error: unknown) => {
        // The lock was stolen. Any other error means that the browser refuses locks, as in frames
        // of other sites; the collection is in memory there, and only this tab has it.
        if ((error as Error).name === "AbortError") gone.abort();
        resolve({ release: () => undefined, lost: gone.signal });
      });
  });
}
