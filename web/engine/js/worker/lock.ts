import { lockName } from "../store";
import type { Context } from "./main";

/** The right to write a model's files, alone. */
export interface Lock {
  /** Whether another tab, or another load of this one, had it first. */
  waited: boolean;
  release(): void;
}

/** Why nothing can be kept here; `null` where it can. Browsers refuse locks, and storage with them, to frames of other sites. */
export async function refusal(): Promise<string | null> {
  try {
    await navigator.locks.request("pickscore", { mode: "shared" }, () => undefined);
    return null;
  } catch (error) {
    return `this browser gives no storage here (${(error as Error).message})`;
  }
}

/** Waits until nobody else writes this model. */
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
