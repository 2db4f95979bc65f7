/** Exports contributions. */

import type { Exporter as WasmExporter } from "../pkg/records";
import { asRecordsError, guarded, RecordsError, throwIfAborted } from "./error";
import { bytesOf } from "./metadata";
import { type Sink, sinkOf, writing } from "./target";
import type { DataStage, ExportOptions, ExportResult, ImageSource } from "./types";
import { functions } from "./wasm";

/** Number of images to look up at a time. */
const AT_ONCE = 16;
/** Minimum interval between progress reports, in milliseconds. */
const OFTEN = 100;

/**
 * Writes records and images as a contribution: a zip or folder in the schema of Pick-a-Pic. Only a
 * few images are in memory at a time.
 *
 * @throws RecordsError
 */
export async function exportContribution(options: ExportOptions): Promise<ExportResult> {
  const { Exporter } = functions();
  const { records, images, target, format = "parquet", card, appVersion, now = Date.now(), signal } = options;
  if (!Array.isArray(records)) throw new RecordsError("bad-argument", "`records` is not a list");
  if (typeof images !== "function") throw new RecordsError("bad-argument", "`images` is not a function");
  throwIfAborted(signal);
  const sink = sinkOf(target);
  let open: WasmExporter | undefined;
  try {
    const tell = teller(options.onProgress);
    const uids = new Set(records.flatMap((record) => [record?.left?.image_uid, record?.right?.image_uid]).filter((uid) => typeof uid === "string"));
    const sizes = format === "csv" ? {} : await sizesOf([...uids], images, tell, signal);
    const json = [JSON.stringify(records), JSON.stringify(sizes), JSON.stringify(card)] as const;
    const exporter = guarded(() => new Exporter(...json, format, !sink.isFolder, appVersion, now));
    open = exporter;
    const leftOut = guarded(() => exporter.leftOut());
    await writeAll(exporter, sink, images, tell, signal);
    const exported = guarded(() => exporter.finish());
    await pour(sink, exporter);
    throwIfAborted(signal);
    const blob = await writing(() => sink.close());
    const name = sink.isFolder ? exported.name : `${exported.name}.zip`;
    return { ...exported, name, leftOut, ...(blob ? { blob } : {}) };
  } catch (thrown) {
    const error = asRecordsError(thrown);
    await sink.abort(error);
    throw error;
  } finally {
    open?.free();
  }
}

type Tell = (stage: DataStage, loaded: number, total: number) => void;

/** Limits the rate of progress reports. The last one of each stage is always sent. */
function teller(onProgress: ExportOptions["onProgress"]): Tell {
  let last = Number.NEGATIVE_INFINITY;
  return (stage, loaded, total) => {
    const time = performance.now();
    if (loaded < total && time - last < OFTEN) return;
    last = time;
    onProgress?.({ stage, loaded, total });
  };
}

/** The sizes of the available images. */
async function sizesOf(uids: string[], images: ImageSource, tell: Tell, signal: AbortSignal | undefined): Promise<Record<string, number>> {
  const sizes: Record<string, number> = {};
  for (let start = 0; start < uids.length; start += AT_ONCE) {
    throwIfAborted(signal);
    const some = uids.slice(start, start + AT_ONCE);
    const blobs = await Promise.all(some.map((uid) => images(uid)));
    for (const [at, uid] of some.entries()) {
      const size = blobs[at]?.size;
      if (size !== undefined) sizes[uid] = size;
    }
    tell("checking", Math.min(start + AT_ONCE, uids.length), uids.length);
  }
  return sizes;
}

async function writeAll(exporter: WasmExporter, sink: Sink, images: ImageSource, tell: Tell, signal: AbortSignal | undefined): Promise<void> {
  const total = exporter.steps();
  for (let done = 0; ; done += 1) {
    throwIfAborted(signal);
    const wanted = exporter.wanted();
    if (wanted.length === 0) return;
    const bytes = await Promise.all(wanted.map((uid) => imageOf(uid, images)));
    guarded(() => exporter.give(bytes));
    await pour(sink, exporter);
    tell("writing", done + 1, total);
  }
}

async function imageOf(uid: string, images: ImageSource): Promise<Uint8Array> {
  const blob = await images(uid);
  if (!blob) throw new RecordsError("image", `the image ${uid} was removed during the export`);
  return new Uint8Array(await bytesOf(blob));
}

/** Writes the pieces to the target. */
async function pour(sink: Sink, exporter: WasmExporter): Promise<void> {
  for (const piece of guarded(() => exporter.take())) await writing(() => sink.write(piece));
}
