/** Contributions, read back. */

import { asRecordsError, guarded, RecordsError, throwIfAborted } from "./error";
import type { DataStage, ImportOptions, ImportResult } from "./types";
import { functions } from "./wasm";

/** Progress is told so often at most, in milliseconds. */
const OFTEN = 100;
/** Most bytes that are read at a time. */
const PIECE = 2 ** 20;

/**
 * Reads contributions back: zips, Parquet and JSON Lines files, or all files of a folder. What is not as it should be is refused by file, row
 * and column, and everything else is kept; so is, before any of it is read, a file with another sum than `SHA256SUMS` or the manifest says. A `File` of a folder is known by its `webkitRelativePath`; `[path, blob]` names one otherwise.
 *
 * @throws RecordsError
 */
export async function importContribution(files: (File | [string, Blob])[], options: ImportOptions): Promise<ImportResult> {
  const { Importer } = functions();
  const { onRecord, now = Date.now(), signal, onProgress } = options;
  if (!Array.isArray(files)) throw new RecordsError("bad-argument", "the files are no list");
  if (typeof onRecord !== "function") throw new RecordsError("bad-argument", "`onRecord` is no function");
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
  // Sums are compared before any data are read.
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
          // A copy of the engine's own making: those it counts, and collects them before many have gathered; what a blob gives it counts late.
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
      // Small parts are read more than once; what is read is never told to be more than there is.
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
