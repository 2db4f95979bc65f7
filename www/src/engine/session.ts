/** The model that is loaded, for all screens: loading it, telling how far it is, stopping, letting go. */

import { config } from "../state/config";
import { settings } from "../state/settings";
import { Store } from "../state/store";
import { codeOf } from "../text/errors";
import { expandAddress } from "./address";
import { type CachePolicy, type Info, library, type LoadOptions, type LoadProgress, type PickScore, type Support } from "./library";

/** What is being loaded, and how far it is. */
export interface Loading {
  name: string;
  /** The address, or the files of a folder. */
  model: string | File[];
  progress: LoadProgress;
  /** When the stage began (milliseconds of `performance.now`), and with how many bytes. */
  since: number;
  from: number;
}

export interface Session {
  support: Support | undefined;
  scorer: PickScore | undefined;
  info: Info | undefined;
  /** The address of the loaded model; `""` where it came from files. */
  address: string;
  loading: Loading | undefined;
  /** What the last load failed with, and of what. */
  failed: { error: unknown; model: string | File[]; name: string } | undefined;
}

export const session = new Store<Session>({
  support: undefined,
  scorer: undefined,
  info: undefined,
  address: "",
  loading: undefined,
  failed: undefined,
});

let running: { abort: AbortController; done: Promise<void> } | undefined;

/** Finds out what the browser can do. */
export async function findSupport(): Promise<Support> {
  const support = session.value.support ?? (await (await library()).probe());
  session.patch({ support });
  return support;
}

/** Whether the loaded model, or else the one that is being loaded, is the demonstration. */
export function isDemonstration({ address, loading, scorer }: Session = session.value): boolean {
  return isOwn(scorer ? address : loading?.model);
}

function isOwn(model: string | File[] | undefined): boolean {
  const own = config().demonstration;
  return own !== null && typeof model === "string" && expandAddress(model) === expandAddress(own.address);
}

export interface LoadChoice {
  model: string | File[];
  name: string;
  cache?: CachePolicy;
}

/** Loads a model in place of whatever is loaded or loading. Never rejects: the session tells how it ended. */
export async function loadModel({ model, name, cache }: LoadChoice): Promise<void> {
  await stopLoading();
  const abort = new AbortController();
  const done = load({ model, name, ...(cache && { cache }) }, abort.signal);
  running = { abort, done };
  await done;
}

/** Stops a load; what has come is kept, and the next one goes on from there. */
export async function stopLoading(): Promise<void> {
  running?.abort.abort();
  await running?.done;
}

/** Lets the loaded model go, with its memory. */
export async function unload(): Promise<void> {
  const { scorer } = session.value;
  session.patch({ scorer: undefined, info: undefined, address: "" });
  await scorer?.dispose();
}

async function load({ model, name, cache }: LoadChoice, signal: AbortSignal): Promise<void> {
  const progress = { stage: "engine", loaded: 0 } as const;
  session.patch({ loading: { name, model, progress, since: performance.now(), from: 0 }, failed: undefined });
  try {
    // Two models at once would be two models' memory.
    await unload();
    const { PickScore } = await library();
    const own = isOwn(model);
    const keep = cache ?? (own || typeof model !== "string" ? "optional" : "on");
    const scorer = await PickScore.load({
      model,
      ...choices(own, keep),
      cache: keep,
      signal,
      onProgress: tell,
    });
    const address = typeof model === "string" ? model : "";
    session.patch({ scorer, info: scorer.info, address });
    if (typeof model === "string") settings.patch({ model: own ? "" : model });
  } catch (error) {
    if (codeOf(error) !== "aborted") session.patch({ failed: { error, model, name } });
  } finally {
    session.patch({ loading: undefined });
    running = undefined;
  }
}

/** The demonstration is so small that starting a GPU would take longer than all its work. */
function choices(own: boolean, keep: CachePolicy): Pick<LoadOptions, "device" | "precision" | "memory"> {
  const { device, precision, memory } = settings.value;
  if (own) return { device: device === "auto" ? "cpu" : device, precision };
  const emulated = session.value.support?.emulated && device === "auto";
  // Towers that take turns come from storage.
  return { device: emulated ? "cpu" : device, precision, memory: keep === "on" ? memory : "normal" };
}

function tell(progress: LoadProgress): void {
  const { loading } = session.value;
  if (!loading) return;
  const same = loading.progress.stage === progress.stage;
  session.patch({
    loading: {
      ...loading,
      progress,
      since: same ? loading.since : performance.now(),
      from: same ? loading.from : progress.loaded,
    },
  });
}

/** Bytes a second and seconds that are left, once there is enough to tell by. */
export function pace({ progress, since, from }: Loading): { speed: number; left: number | undefined } | undefined {
  const seconds = (performance.now() - since) / 1000;
  if (seconds < 1 || progress.loaded <= from) return undefined;
  const speed = (progress.loaded - from) / seconds;
  return { speed, left: progress.total === undefined ? undefined : (progress.total - progress.loaded) / speed };
}
