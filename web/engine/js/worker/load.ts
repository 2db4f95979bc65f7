/** Loads a model from storage, or from its source while storing it. */

import { asPickScoreError, type ErrorCode, PickScoreError, WITHOUT_CACHE } from "../error";
import type { Info, Precision } from "../types";
import type { LoadRequest } from "../protocol";
import { modelId, sha256, storedPrecision } from "../store";
import { lockForWriting, refusal } from "./lock";
import type { Context } from "./context";
import type { Recognised } from "./description";
import { readHead } from "./heads";
import { Model, type TakeTurns } from "./model";
import { candidates, choose } from "./precision";
import { find, type Source, type Wanted } from "./source";
import { readStored, removeStored } from "./stored";
import { layoutOf, type Loaded, stream, type Towers } from "./stream";
import { type Engine, type Scorer, start } from "./wasm";
import { ModelWriter } from "./writer";

/** The state of a load. */
interface Task {
  request: LoadRequest;
  /** The URL under which the model is stored; `null` if it is not stored. */
  address: string | null;
  engine: Engine;
  context: Context;
  /** The requested scorer, and the head that was given for it. */
  wanted: Wanted;
  notes: string[];
}

/** Loads the requested model. */
export async function load(request: LoadRequest, context: Context): Promise<Model> {
  context.progress("engine", 0);
  const engine = await start(request.device, request.assets, context.lost);
  context.signal.throwIfAborted();
  const tile = await engine.tune(request.tile, request.precision);
  const notes: string[] = [];
  const address = typeof request.model === "string" && request.cache !== "off" && (await canStore(request, notes)) ? request.model : null;
  const head = request.head === null ? null : await readHead(request.head, address !== null, context.signal);
  const task: Task = { request, address, engine, context, wanted: { scorer: request.scorer, head }, notes };
  const [loaded, reason] = (await fromStorage(task)) ?? (await fromSource(task));
  context.progress("check", 0);
  await engine.selfTest(loaded.precision);
  const { batch, ...shape } = loaded.scorer.info() as ScorerInfo;
  const { readsLengths, ...traits } = loaded.recognised;
  // A scorer that reads no prompt has one tower only.
  const fingerprint = await identify(loaded);
  const low = request.memory === "low" && address !== null && traits.readsPrompt;
  const info: Info = {
    model: loaded.name,
    ...traits,
    ...(fingerprint === null ? {} : { fingerprint }),
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
  const takeTurns = low ? turns(loaded, task) : undefined;
  return new Model(loaded.scorer, engine, info, { batch, readsLengths }, takeTurns);
}

/** Version of the computation: it increases when the same files give other scores. */
const COMPUTATION = 1;

/** Identifies the scores of a stored model. */
async function identify({ fingerprint, recognised, head, precision }: Loaded): Promise<string | null> {
  if (fingerprint === null) return null;
  const parts = [COMPUTATION, fingerprint, recognised.scorer, head && recognised.needsHead ? await sha256(head.bytes) : null];
  // The fingerprint tells only stored precisions apart.
  if (precision !== storedPrecision(precision)) parts.push(precision);
  return sha256(new TextEncoder().encode(JSON.stringify(parts)));
}

/** Whether the model can be stored. Throws if it cannot although it must. */
async function canStore({ cache }: LoadRequest, notes: string[]): Promise<boolean> {
  const refused = await refusal();
  if (refused === null) return true;
  if (cache === "on") throw new PickScoreError("storage", refused, { advice: WITHOUT_CACHE });
  notes.push(`The model is not stored for the next visit: ${refused}.`);
  return false;
}

/** Returns a function that replaces the tower on the device by another one from storage. */
function turns({ scorer, precision, head }: Loaded, task: Task): TakeTurns {
  const { engine, wanted } = task;
  let held: { towers: Towers; scorer: Scorer } | undefined = { towers: FIRST, scorer };
  return async (towers, context) => {
    if (held?.towers === towers) return held.scorer;
    held?.scorer.free();
    held = undefined;
    engine.device.tidy();
    for (const id of await idsOf(task, precision)) {
      const loaded = await readStored(id, precision, { ...wanted, head }, engine, context, () => towers);
      if (!loaded) continue;
      held = { towers, scorer: loaded.scorer };
      return loaded.scorer;
    }
    throw new PickScoreError("storage", "the model is no longer in this browser's storage; load it again");
  };
}

/** The IDs under which the model may be stored, most specific first. */
async function idsOf({ address, wanted }: Task, precision: Precision): Promise<string[]> {
  const scorers = wanted.scorer === null ? [null] : [wanted.scorer, null];
  return Promise.all(scorers.map((scorer) => modelId(address ?? "", precision, scorer)));
}

/** The first tower on the device with `memory: "low"`. */
const FIRST = "text";

/** The towers that are loaded first. */
function firstTowers({ request }: Task): (recognised: Recognised) => Towers {
  return ({ readsPrompt }) => (!readsPrompt ? "vision" : request.memory === "low" ? FIRST : "both");
}

/** Properties of a loaded model, as returned by the engine. */
type ScorerInfo = Pick<Info, "identity" | "parameters" | "unexpected" | "imageSize" | "dimensions" | "logitScale"> & { batch: number };

/** Loads the model from storage, if it is complete, with the reason for its precision. */
async function fromStorage(task: Task): Promise<[Loaded, string] | null> {
  const { request, address, wanted, engine, context, notes } = task;
  if (!address) return null;
  for (const { precision, reason } of candidates(request, engine.device)) {
    for (const id of await idsOf(task, precision)) {
      try {
        const loaded = await readStored(id, precision, wanted, engine, context, firstTowers(task));
        if (loaded) return [loaded, reason];
      } catch (error) {
        const { code, message } = asPickScoreError(error);
        if (KEEPING.has(code)) throw error;
        // A damaged copy is useless, and the server has another.
        await removeStored(id, context.signal);
        notes.push(`The stored copy was damaged and has been removed (${message}); the model was downloaded again.`);
      }
    }
  }
  return null;
}

/** Codes of errors that do not mean that the stored model is damaged. */
const KEEPING = new Set<ErrorCode>([
  "aborted",
  "out-of-memory",
  "crashed",
  "device-failed",
  "network",
  "not-found",
  "other-scorer",
  "no-head",
  "bad-head",
]);

/** Loads the model from its URL or files, with the reason for its precision. */
async function fromSource(task: Task): Promise<[Loaded, string]> {
  const { request, address, wanted, engine, context, notes } = task;
  const towers = firstTowers(task);
  context.progress("config", 0);
  const open = () => find(request.model, wanted, engine, context.signal);
  const source = await open();
  const { precision, reason } = choose(request, engine.device, (precision) => layoutOf(engine, source, precision));
  if (!address) return [await stream(source, precision, engine, context, null, towers), reason];

  const id = await modelId(address, precision, source.inferred ? wanted.scorer : null);
  const lock = await lockForWriting(id, context);
  try {
    // Another tab may have stored the model while this one waited.
    const stored = lock.waited ? await readStored(id, precision, wanted, engine, context, towers, lock) : null;
    if (stored) return [stored, reason];
    let continues = false;
    const write = async (source: Source, restart: boolean): Promise<Loaded> => {
      const model = { address, name: source.name, precision: storedPrecision(precision) };
      const writer = await ModelWriter.open(id, model, layoutOf(engine, source, precision), restart);
      continues = writer.left.files.size > 0;
      try {
        return await stream(source, precision, engine, context, writer, towers);
      } finally {
        writer.close();
      }
    };
    let failure: PickScoreError;
    try {
      return [await write(source, false), reason];
    } catch (error) {
      failure = asStorageError(error);
    }
    if (failure.code === "model-changed" || (continues && SUSPECT.has(failure.code))) {
      // The stored part is damaged or belongs to another version, so the load restarts once.
      notes.push("The partial download in storage could not be used, so the download was restarted.");
      try {
        return [await write(await open(), true), reason];
      } catch (error) {
        failure = asStorageError(error);
      }
    }
    const storage = failure.code === "storage-full" || failure.code === "storage";
    if (!storage || request.cache !== "optional") throw failure;
    notes.push(`The model is not stored for the next visit: ${failure.message}.`);
    return [await stream(await open(), precision, engine, context, null, towers), reason];
  } finally {
    lock.release();
  }
}

/** Codes of errors that a damaged journal can cause. */
const SUSPECT = new Set<ErrorCode>(["model-weights", "storage", "internal"]);

/** Converts a browser error about storage, of which there are many, to `storage`. */
function asStorageError(error: unknown): PickScoreError {
  const failure = asPickScoreError(error);
  if (failure.code !== "internal" || !(error instanceof DOMException)) return failure;
  return new PickScoreError("storage", `the browser's storage failed (${failure.detail})`, { advice: WITHOUT_CACHE });
}
