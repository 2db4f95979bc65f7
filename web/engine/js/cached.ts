import { PickScoreError } from "./error";
import type { Precision } from "./pickscore";
import { JOURNAL, lockName, modelsFolder, readRecord, readText, WEIGHTS } from "./store";

/** A model in this browser's storage. */
export interface CachedModel {
  /** What {@link removeCached} takes. */
  id: string;
  /** The address that it was loaded from. */
  address: string;
  /** Its name. */
  name: string;
  /** What its matrices are stored as. */
  precision: Precision;
  /** Bytes that it takes. */
  bytes: number;
  /** Whether it is all there. A part is what an interrupted load left; the next one goes on from it. */
  complete: boolean;
  /** When it was stored, ISO 8601; absent for a part. */
  stored?: string;
}

/** The models in this browser's storage, parts included. */
export async function listCached(): Promise<CachedModel[]> {
  if (typeof navigator.storage?.getDirectory !== "function") return [];
  const models = await modelsFolder(false);
  const found: CachedModel[] = [];
  if (!models) return found;
  for await (const [id, folder] of models.entries()) {
    if (folder.kind !== "directory") continue;
    const directory = folder as FileSystemDirectoryHandle;
    const record = await readRecord(directory);
    if (record) {
      const { address, name, precision, bytes, stored } = record;
      found.push({ id, address, name, precision, bytes, complete: true, stored });
      continue;
    }
    const begun = await beginning(directory);
    if (begun) found.push({ id, ...begun, complete: false });
  }
  return found.sort((a, b) => a.name.localeCompare(b.name) || a.id.localeCompare(b.id));
}

/** The first line of a journal says what is being stored. */
async function beginning(folder: FileSystemDirectoryHandle): Promise<Omit<CachedModel, "id" | "complete"> | null> {
  try {
    const journal = await readText(folder, JOURNAL);
    const { address, name, precision } = JSON.parse(journal?.split("\n", 1)[0] ?? "") as CachedModel;
    const bytes = (await (await folder.getFileHandle(WEIGHTS)).getFile()).size;
    return { address, name, precision, bytes };
  } catch {
    return null;
  }
}

/**
 * Removes a model from this browser's storage: by the id that {@link listCached} gives, or by its address in every precision. Models that
 * are in use stay usable until they are disposed of.
 *
 * @returns how many were removed
 * @throws {@link PickScoreError} `storage` while it is being loaded
 */
export async function removeCached(model: string | Pick<CachedModel, "id">): Promise<number> {
  const id = typeof model === "string" ? undefined : model.id;
  const address = typeof model === "string" ? new URL(model, document.baseURI).href : undefined;
  const models = await modelsFolder(false);
  const wanted = (await listCached()).filter((found) => found.id === id || found.address === address);
  for (const found of wanted) {
    await navigator.locks.request(lockName(found.id), { ifAvailable: true }, async (lock) => {
      if (!lock) {
        throw new PickScoreError("storage", `${found.name} is being loaded; stop that first, or wait for its end`);
      }
      await models?.removeEntry(found.id, { recursive: true });
    });
  }
  return wanted.length;
}
