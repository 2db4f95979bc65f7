/** Imports contributions. */

import { asRecordsError, guarded, RecordsError, throwIfAborted } from "./error";
import type { DataStage, ImportOptions, ImportResult } from "./types";
import { functions } from "./wasm";

/** Minimum interval between progress reports, in milliseconds. */
const OFTEN = 100;
/** Maximum number of bytes that are read at a time. */
const PIECE = 2 ** 20;

/**
 * Reads contributions: zips, Parquet and JSON Lines files, or all files of a folder. Invalid files
 * and rows are refused with a message that names file, row and column; everything else is imported.
 * Files whose checksum differs from `SHA256SUMS` or the manifest are refused before their data are
 * read. The path of a `File` is its `webkitRelativePath`; `[path, blob]` gives another one.
 *
 * @throws RecordsError
 */
export async function importContribution(files: (File | [string, Blob])[], options: ImportOptions): Promise<ImportResult> {
  const { Importer } = functions();
  const { onRecord, now = Date.now(), signal, onProgress } = options;
  if (!Array.isArray(files)) throw new RecordsError("bad-argument", "the files are not a list");
  if (typeof onRecord !== "function") throw new RecordsError("bad-argument", "`onRecord` is not a function");
  const named = files.map((file): [string, Blob] => (Array.isArray(file) ? file : [file.webkitRelativePath || file.name, file]));
  if (named.some(([path, blob]) => typeof path !== "string" || !(blob instanceof Blob))) {
    throw new RecordsError("bad-argument", "a file is not a File, and not [path, Blob]");
  }
  const total = named.reduce((sum, [, blob]) => sum + blob.size, 0);
  const importer = new Importer(
    named.map(([path]) => path),
    Float64Array.from(named, ([, blob]) => blob.size),
    now,
  );
  // Checksums are compared before any data are read.
  const loaded = { checking: 0, reading: 0 };
  let [records, last] = [0, Number.NEGATIVE_INFINITY];
  try {
    for (;;) {
      throwIfAborted(signal);
      const step = guarded(() => importer.step());
      if (step === null) break;
      if ("record" in step) {
        records += 1;
        await onRecord(step.record, { left: step.left, right: step.right });
        continue;
      }
      const { file, start, length, checks } = step;
      const stage: Exclude<DataStage, "writing"> = checks ? "checking" : "reading";
      const [, blob] = named[file] as [string, Blob];
      try {
        for (let at = start; at < start + length; at += PIECE) {
          throwIfAborted(signal);
          const piece = await blob.slice(at, Math.min(at + PIECE, start + length)).arrayBuffer();
          // The copy makes the engine collect garbage in time: it does not count the buffers of
          // blobs soon enough.
          const bytes = new Uint8Array(piece.byteLength);
          bytes.set(new Uint8Array(piece));
          guarded(() => importer.add(bytes, length));
        }
        guarded(() => importer.give());
      } catch (thrown) {
        const error = asRecordsError(thrown, "read");
        if (error.code !== "read") throw error;
        importer.giveUp(error.message);
      }
      // Small ranges are read more than once, so the sum could exceed the total.
      loaded[stage] = Math.min(loaded[stage] + length, total);
      if (performance.now() - last >= OFTEN) {
        last = performance.now();
        onProgress?.({ stage, loaded: loaded[stage], total });
      }
    }
    onProgress?.({ stage: "reading", loaded: total, total });
    return { records, ...guarded(() => importer.refused()) };
  } catch (thrown) {
    throw asRecordsError(thrown);
  } finally {
    importer.free();
  }
}
