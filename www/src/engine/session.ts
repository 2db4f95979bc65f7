/** The loaded model, shared by all screens: loading it, progress, stopping, unloading. */

import { config } from "../state/config";
import { settings } from "../state/settings";
import { Store } from "../state/store";
import { codeOf } from "../text/errors";
import { expandAddress } from "./address";
import { type CachePolicy, type Info, library, type LoadOptions, type LoadProgress, type PickScore, type ScorerName, type Support } from "./library";

/** A load in progress. */
export interface Loading {
  name: string;
  /** The address, or the files of a folder. */
  model: string | File[];
  progress: LoadProgress;
  /** When the stage began (`performance.now`) and how many bytes were loaded then. */
  since: number;
  from: number;
}

export interface Session {
  support: Support | undefined;
  scorer: PickScore | undefined;
  info: Info | undefined;
  /** The address of the loaded model; `""` if it came from files. */
  address: string;
  /** How the loaded model was chosen. */
  choice: LoadChoice | undefined;
  loading: Loading | undefined;
  /** Why the last load failed, and of which model. */
  failed: { error: unknown; choice: LoadChoice } | undefined;
}

export const session = new Store<Session>({
  support: undefined,
  scorer: undefined,
  info: undefined,
  address: "",
  choice: undefined,
  loading: undefined,
  failed: undefined,
});

let running: { abort: AbortController; done: Promise<void> } | undefined;

/** Detects what the browser supports. */
export async function findSupport(): Promise<Support> {
  const support = session.value.support ?? (await (await library()).probe());
  session.patch({ support });
  return support;
}

/** Whether the loaded (or else the loading) model is the demonstration. */
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
  scorer?: ScorerName;
  /** The head: its address or a file. */
  head?: string | File;
  cache?: CachePolicy;
}

/** Loads a model in place of the current one. Never rejects: the session has the outcome. */
export async function loadModel(choice: LoadChoice): Promise<void> {
  await stopLoading();
  const abort = new AbortController();
  const done = load(choice, abort.signal);
  running = { abort, done };
  await done;
}

/** Stops a load. What was downloaded is kept, and the next load continues from there. */
export async function stopLoading(): Promise<void> {
  running?.abort.abort();
  await running?.done;
}

/** Unloads the model and frees its memory. */
export async function unload(): Promise<void> {
  const { scorer } = session.value;
  session.patch({ scorer: undefined, info: undefined, address: "", choice: undefined });
  await scorer?.dispose();
}

async function load(choice: LoadChoice, signal: AbortSignal): Promise<void> {
  const { model, name, scorer: as = "auto", head, cache } = choice;
  const progress = { stage: "engine", loaded: 0 } as const;
  session.patch({ loading: { name, model, progress, since: performance.now(), from: 0 }, failed: undefined });
  try {
    // Two models at once would need twice the memory.
    await unload();
    const { Scorer } = await library();
    const own = isOwn(model);
    const keep = cache ?? (own || typeof model !== "string" ? "optional" : "on");
    const scorer = await Scorer.load({
      model,
      scorer: as,
      ...(head !== undefined && { head }),
      ...choices(own, keep),
      cache: keep,
      signal,
      onProgress: tell,
    });
    const address = typeof model === "string" ? model : "";
    session.patch({ scorer, info: scorer.info, address, choice });
    if (typeof model === "string" && !(head instanceof File)) settings.patch({ model: own ? "" : model, scorer: as, head: head ?? "" });
  } catch (error) {
    if (codeOf(error) !== "aborted") session.patch({ failed: { error, choice } });
  } finally {
    session.patch({ loading: undefined });
    running = undefined;
  }
}

/** For the demonstration model, starting a GPU would take longer than scoring on the CPU. */
function choices(own: boolean, keep: CachePolicy): Pick<LoadOptions, "device" | "precision" | "memory"> {
  const { device, precision, memory } = settings.value;
  if (own) return { device: device === "auto" ? "cpu" : device, precision };
  const emulated = session.value.support?.emulated && device === "auto";
  // Taking turns needs the towers in storage.
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

/** Bytes per second and seconds left, once there is enough data to estimate them. */
export function pace({ progress, since, from }: Loading): { speed: number; left: number | undefined } | undefined {
  const seconds = (performance.now() - since) / 1000;
  if (seconds < 1 || progress.loaded <= from) return undefined;
  const speed = (progress.loaded - from) / seconds;
  return { speed, left: progress.total === undefined ? undefined : (progress.total - progress.loaded) / speed };
}
