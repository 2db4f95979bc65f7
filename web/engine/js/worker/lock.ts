import { lockName } from "../store";
import type { Context } from "./context";

/** An exclusive lock for writing a model's files. */
export interface Lock {
  /** Whether another load, possibly in another tab, held the lock first. */
  waited: boolean;
  release(): void;
}

/**
 * Why models cannot be stored; `null` if they can. Browsers deny locks and storage to cross-site
 * frames.
 */
export async function refusal(): Promise<string | null> {
  try {
    await navigator.locks.request("pickscore", { mode: "shared" }, () => undefined);
    return null;
  } catch (error) {
    return `the browser's storage is not available here (${(error as Error).message})`;
  }
}

/** Acquires the lock for writing a model. */
export async function lockForWriting(id: string, { signal, progress }: Context): Promise<Lock> {
  const name = lockName(id);
  const held = (options: LockOptions): Promise<(() => void) | null> =>
    new Promise((resolve, reject) => {
      const request = navigator.locks.request(name, options, (lock) => {
        if (!lock) return resolve(null);
        return new Promise<void>((release) => resolve(release));
      });
      request.catch(reject);
    });
  const release = await held({ ifAvailable: true });
  if (release) return { waited: false, release };
  progress("waiting", 0);
  const later = await held({ signal });
  return { waited: true, release: later ?? (() => undefined) };
}
