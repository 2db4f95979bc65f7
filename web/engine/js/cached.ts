import { PickScoreError } from "./error";
import type { Precision } from "./types";
import { headsFolder, JOURNAL, lockName, modelsFolder, readRecord, readText, WEIGHTS } from "./store";

/** A model in this browser's storage. */
export interface CachedModel {
  /** Identifies the model for {@link removeCached}. */
  id: string;
  /** The URL that it was loaded from. */
  address: string;
  /** The model's name. */
  name: string;
  /** The precision of stored weight matrices. */
  precision: Precision;
  /** Size in bytes. */
  bytes: number;
  /** Whether the model is complete. The next load continues an incomplete one. */
  complete: boolean;
  /** When it was stored, in ISO 8601; absent if incomplete. */
  stored?: string;
}

/** Lists the models in this browser's storage, including incomplete ones. */
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
    const partial = await readPartial(directory);
    if (partial) found.push({ id, ...partial, complete: false });
  }
  return found.sort((a, b) => a.name.localeCompare(b.name) || a.id.localeCompare(b.id));
}

/** Reads the description of an incomplete model from the first line of its journal. */
async function readPartial(folder: FileSystemDirectoryHandle): Promise<Omit<CachedModel, "id" | "complete"> | null> {
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
 * Removes a model from this browser's storage, given its ID from {@link listCached}, or its URL to
 * remove it in every precision. Loaded models remain usable until they are disposed of.
 *
 * @returns the number of removed models
 * @throws {@link PickScoreError} `storage` if a model is being loaded
 */
export async function removeCached(model: string | Pick<CachedModel, "id">): Promise<number> {
  const id = typeof model === "string" ? undefined : model.id;
  const address = typeof model === "string" ? new URL(model, document.baseURI).href : undefined;
  const models = await modelsFolder(false);
  const wanted = (await listCached()).filter((found) => found.id === id || found.address === address);
  for (const found of wanted) {
    await navigator.locks.request(lockName(found.id), { ifAvailable: true }, async (lock) => {
      if (!lock) {
        throw new PickScoreError("storage", `${found.name} is being loaded; cancel the load or wait until it ends`);
      }
      await models?.removeEntry(found.id, { recursive: true });
    });
  }
  if ((await listCached()).length === 0) await removeHeads();
  return wanted.length;
}

/** Removes all heads, which are of no use without a model. */
async function removeHeads(): Promise<void> {
  const heads = await headsFolder(false);
  if (!heads) return;
  for await (const [name] of heads.entries()) await heads.removeEntry(name);
}
