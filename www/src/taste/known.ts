/**
 * The embeddings and scores of the collection's images by the loaded model, as far as they are kept
 * or can be computed.
 */

import { imageFile } from "../collection/collection";
import { type Embedded, keepEmbeddings, keepScores, keptEmbeddings, keptScores } from "../engine/kept";
import type { PickScore } from "../engine/library";

/** Images per call. */
const BATCH = 16;

export interface Steps {
  signal: AbortSignal;
  onProgress: (done: number, total: number) => void;
}

/** The embeddings of images; those that are gone or cannot be read are left out. */
export async function embeddingsOf(scorer: PickScore, uids: readonly string[], { signal, onProgress }: Steps): Promise<Map<string, Embedded>> {
  const { fingerprint = "", dimensions } = scorer.info;
  const found = new Map([...(await keptEmbeddings(fingerprint, uids))].filter(([, { vector }]) => vector.length === dimensions));
  const missing = uids.filter((uid) => !found.has(uid));
  for (let at = 0; at < missing.length; at += BATCH) {
    signal.throwIfAborted();
    onProgress(uids.length - missing.length + at, uids.length);
    const some = missing.slice(at, at + BATCH);
    const files = await Promise.all(some.map(async (uid) => ({ uid, file: await imageFile(uid) })));
    const there = files.flatMap(({ uid, file }) => (file ? [{ uid, file }] : []));
    if (there.length === 0) continue;
    const made = await scorer.readImages(there.map(({ file }) => file), { signal, unreadable: "skip" });
    const fresh = new Map<string, Embedded>();
    for (const [index, { uid }] of there.entries()) {
      const [vector, length] = [made.embeddings[index], made.lengths[index]];
      if (vector && vector.length > 0 && length !== undefined) fresh.set(uid, { vector, length, byBrowser: made.decodedByBrowser.includes(index) });
    }
    void keepEmbeddings(fingerprint, fresh);
    for (const [uid, embedded] of fresh) found.set(uid, embedded);
  }
  return found;
}

/** The scores of embedded images for a prompt. */
export async function scoresFor(scorer: PickScore, prompt: string, uids: readonly string[], embeddings: ReadonlyMap<string, Embedded>): Promise<Map<string, number>> {
  const { fingerprint = "", readsPrompt } = scorer.info;
  const key = readsPrompt ? prompt : "";
  const found = await keptScores(fingerprint, key, uids);
  const missing = uids.filter((uid) => !found.has(uid) && embeddings.has(uid));
  if (missing.length === 0) return found;
  const known = missing.map((uid) => embeddings.get(uid) as Embedded);
  const { scores } = await scorer.scoreEmbeddings(key, known.map(({ vector }) => vector), { lengths: known.map(({ length }) => length) });
  const fresh = new Map(missing.map((uid, index) => [uid, scores[index] as number]));
  void keepScores(fingerprint, key, fresh);
  return new Map([...found, ...fresh]);
}
