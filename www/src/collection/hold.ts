/** Which tab has a round: two tabs never have the same one. */

export interface Held {
  /** Lets it go. */
  release(): void;
  /** Aborted when another tab takes it over. */
  readonly lost: AbortSignal;
}

/**
 * Takes hold of something by its name; `undefined` where another tab has it. With `steal` it is taken over from there.
 * Without Web Locks everything is free: then the revision of a round is what keeps tabs from writing over each other.
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
        // Taken over. Anything else is a browser that refuses locks, as in frames of other sites: what is held in memory there has one tab.
        if ((error as Error).name === "AbortError") gone.abort();
        resolve({ release: () => undefined, lost: gone.signal });
      });
  });
}
