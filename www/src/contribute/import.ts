/**
 * Importing contributions: first reads what they contain, then adds it to the collection on
 * request.
 */

import { addRecords, listRecords, type NewImage } from "../collection/collection";
import { type Comparison, type ImportOptions, type ImportResult, type PreferenceRecord, records } from "../collection/library";

export interface Preview {
  files: File[];
  /** What to add for each record, in the files' order; null if it exists already. */
  plan: (PreferenceRecord | null)[];
  fresh: number;
  duplicates: number;
  renamed: number;
  refused: ImportResult["refused"];
  refusedCount: number;
}

/** Choices per transaction; their images are in memory until it is done. */
const PORTION = 16;

type Run = Pick<ImportOptions, "onProgress"> & { signal: AbortSignal };

/** Reads the files and reports what adding them would do. Keeps no image in memory. */
export async function preview(files: File[], run: Run): Promise<Preview> {
  const { importContribution, compareRecords } = await records();
  const incoming: PreferenceRecord[] = [];
  const result = await importContribution(files, { ...run, onRecord: (record) => void incoming.push(record) });
  const comparison = compareRecords(await listRecords(), incoming);
  const plan = planOf(incoming, comparison);
  return {
    files,
    plan,
    fresh: comparison.fresh.length,
    duplicates: comparison.duplicates.length,
    renamed: comparison.renamed.length,
    refused: result.refused,
    refusedCount: result.refusedCount,
  };
}

/** Which records are new, in their order; the second reading returns them in the same order. */
function planOf(incoming: readonly PreferenceRecord[], { fresh, renamed }: Comparison): (PreferenceRecord | null)[] {
  const from = new Map(renamed.map(({ from, to }) => [to, from]));
  let next = 0;
  return incoming.map((record) => {
    const candidate = fresh[next];
    if (!candidate || (candidate.uid !== record.uid && from.get(candidate.uid) !== record.uid) || candidate.created_at !== record.created_at) return null;
    next += 1;
    return candidate;
  });
}

/** Adds what is new. Returns the uids that were added, also when it was stopped halfway. */
export async function add({ files, plan }: Preview, run: Run): Promise<string[]> {
  const { importContribution } = await records();
  const added: string[] = [];
  let index = 0;
  let waiting: PreferenceRecord[] = [];
  const images = new Map<string, NewImage>();
  const store = async () => {
    await addRecords(waiting, [...images.values()]);
    added.push(...waiting.map(({ uid }) => uid));
    waiting = [];
    images.clear();
  };
  try {
    await importContribution(files, {
      ...run,
      onRecord: async (record, bytes) => {
        const planned = plan[index++];
        if (!planned || planned.created_at !== record.created_at) return;
        waiting.push(planned);
        for (const side of ["left", "right"] as const) {
          const held = bytes[side];
          const uid = planned[side].image_uid;
          if (held && !images.has(uid)) images.set(uid, { uid, file: new Blob([held as Uint8Array<ArrayBuffer>], { type: typeOf(held) }) });
        }
        if (waiting.length >= PORTION) await store();
      },
    });
  } catch (error) {
    // Choices stored before it was stopped stay, and can be undone.
    if (!run.signal.aborted) throw error;
    return added;
  }
  if (waiting.length > 0) await store();
  return added;
}

/** The media type by which a browser shows an image. */
function typeOf(bytes: Uint8Array): string {
  const [first, second, third] = bytes;
  if (first === 0x89 && second === 0x50) return "image/png";
  if (first === 0xff && second === 0xd8) return "image/jpeg";
  if (first === 0x52 && second === 0x49) return "image/webp";
  if (first === 0x47 && second === 0x49 && third === 0x46) return "image/gif";
  return first === 0x42 ? "image/bmp" : "";
}
