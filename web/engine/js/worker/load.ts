/** Loads a model: from storage if it is kept there, else from where it was published, keeping it on the way. */

import { asPickScoreError, PickScoreError } from "../error";
import type { Info } from "../pickscore";
import type { LoadRequest } from "../protocol";
import { modelId } from "../store";
import { lockForWriting, refusal } from "./lock";
import type { Context } from "./main";
import { Model, type TakeTurns } from "./model";
import { candidates, choose } from "./precision";
import { find, type Source } from "./source";
import { readStored, removeStored } from "./stored";
import { layoutOf, type Loaded, stream, type Towers } from "./stream";
import { type Engine, isClip, type Scorer, start } from "./wasm";
import { ModelWriter } from "./writer";

/** One load, and what it has to say to the user. */
interface Task {
  request: LoadRequest;
  /** The address that the model is kept under; `null` where it is not to be kept. */
  address: string | null;
  engine: Engine;
  context: Context;
  notes: string[];
}

/** Loads the model that was asked for. */
export async function load(request: LoadRequest, context: Context): Promise<Model> {
  context.progress("engine", 0);
  const engine = await start(request.device, request.assets, context.lost);
  context.signal.throwIfAborted();
  const tile = await engine.tune(request.tile);
  const notes: string[] = [];
  const address = typeof request.model === "string" && request.cache !== "off" && (await mayKeep(request, notes)) ? request.model : null;
  const task: Task = { request, address, engine, context, notes };
  const [loaded, reason] = (await fromStorage(task)) ?? (await fromSource(task));
  context.progress("check", 0);
  await engine.selfTest(loaded.precision);
  const { batch, ...shape } = loaded.scorer.info() as ScorerInfo;
  const low = request.memory === "low" && address !== null;
  const info: Info = {
    model: loaded.name,
    device: request.device,
    ...(request.adapter === undefined ? {} : { adapter: request.adapter }),
    precision: loaded.precision,
    ...(tile === undefined ? {} : { tile }),
    threads: engine.threads,
    memory: request.memory,
    reasons: [request.reason, reason],
    ...shape,
    source: loaded.source,
    cached: loaded.cached,
    bytes: loaded.bytes,
    engineMemory: engine.memory(),
    notes: [...notes, ...loaded.notes],
  };
  const takeTurns = low ? await turns(address, loaded, engine) : undefined;
  return new Model(loaded.scorer, engine, info, batch, takeTurns);
}

/** Whether there is storage to keep the model in. */
async function mayKeep({ cache }: LoadRequest, notes: string[]): Promise<boolean> {
  const refused = await refusal();
  if (refused === null) return true;
  if (cache === "on") throw new PickScoreError("storage", `${refused}; load the model with \`cache: "off"\``);
  notes.push(`The model is not kept for the next visit: ${refused}.`);
  return false;
}

/** Brings one tower of a stored model to the device in place of the other. */
async function turns(address: string, { scorer, precision }: Loaded, engine: Engine): Promise<TakeTurns> {
  const id = await modelId(address, precision);
  let held: { towers: Towers; scorer: Scorer } | undefined = { towers: FIRST, scorer };
  return async (towers, context) => {
    if (held?.towers === towers) return held.scorer;
    held?.scorer.free();
    held = undefined;
    engine.device.tidy();
    const loaded = await readStored(id, engine, context, towers);
    if (!loaded) throw new PickScoreError("storage", "the model is no longer in this browser's storage; load it again");
    held = { towers, scorer: loaded.scorer };
    return loaded.scorer;
  };
}

/** The tower that a model begins with where its towers take turns. */
const FIRST = "text";

/** What the device holds at first. */
function firstTowers({ request }: Task): Towers {
  return request.memory === "low" ? FIRST : "both";
}

/** What the engine says of a loaded model. */
type ScorerInfo = Pick<Info, "parameters" | "unexpected" | "imageSize" | "dimensions" | "logitScale"> & { batch: number };

/** The model from this browser's storage, if it is there and whole, with the reason for its precision. */
async function fromStorage(task: Task): Promise<[Loaded, string] | null> {
  const { request, address, engine, context, notes } = task;
  if (!address) return null;
  for (const { precision, reason } of candidates(request.precision, request.device, engine.device.half)) {
    const id = await modelId(address, precision);
    try {
      const loaded = await readStored(id, engine, context, firstTowers(task));
      if (loaded) return [loaded, reason];
    } catch (error) {
      const { code, message } = asPickScoreError(error);
      if (["aborted", "out-of-memory", "crashed", "device-failed"].includes(code)) throw error;
      // Never used again; the server has it.
      await removeStored(id);
      notes.push(`The stored copy was damaged and has been removed (${message}); the model was downloaded again.`);
    }
  }
  return null;
}

/** The model from its address or files, with the reason for its precision. */
async function fromSource(task: Task): Promise<[Loaded, string]> {
  const { request, address, engine, context, notes } = task;
  const towers = firstTowers(task);
  context.progress("config", 0);
  const open = () => find(request.model, (config) => isClip(engine, config), context.signal);
  const source = await open();
  const { precision, reason } = choose(request, engine.device, (precision) => layoutOf(engine, source, precision));
  if (!address) return [await stream(source, precision, engine, context, null, towers), reason];

  const id = await modelId(address, precision);
  const lock = await lockForWriting(id, context);
  try {
    // Another tab may have stored it while this one waited.
    const stored = lock.waited ? await readStored(id, engine, context, towers, lock) : null;
    if (stored) return [stored, reason];
    const write = async (source: Source, anew: boolean): Promise<Loaded> => {
      const model = { address, name: source.name, precision };
      const writer = await ModelWriter.open(id, model, layoutOf(engine, source, precision), anew);
      try {
        return await stream(source, precision, engine, context, writer, towers);
      } finally {
        writer.close();
      }
    };
    try {
      return [await write(source, false), reason];
    } catch (error) {
      const failure = asStorageError(error);
      if (failure.code === "model-changed") {
        // What was stored is of another version, or damaged: from the beginning, once.
        notes.push("What an earlier load had stored could not be used, so the model was downloaded from its beginning.");
        return [await write(await open(), true), reason];
      }
      const storage = failure.code === "storage-full" || failure.code === "storage";
      if (!storage || request.cache !== "optional") throw failure;
      notes.push(`The model is not kept for the next visit: ${failure.message}.`);
      return [await stream(await open(), precision, engine, context, null, towers), reason];
    }
  } finally {
    lock.release();
  }
}

/** The browser's own words for storage that fails are many; they mean one thing. */
function asStorageError(error: unknown): PickScoreError {
  const failure = asPickScoreError(error);
  if (failure.code !== "internal" || !(error instanceof DOMException)) return failure;
  return new PickScoreError("storage", `the browser's storage failed (${failure.message}); load the model with \`cache: "off"\``);
}
