/** The images and prompts for the next round. Stored, so that a reload loses nothing. */

import { imageFile, type NewImage, openCollection, removeRound, saveRound } from "../collection/collection";
import { type Held, hold } from "../collection/hold";
import { records } from "../collection/library";
import { randomSeed, randomUid } from "../collection/rater";
import type { DraftWords, Item, Plan, RoundRow, Written } from "../collection/rows";
import { uidOf } from "../collection/uid";
import { Play } from "./play";
import { arrange, fittingMode, guessRule } from "./sets";
import { spoil } from "./spoil";

/** An image to be added. */
export interface Incoming {
  file: Blob;
  path: string;
  written?: Written | null;
}

export type RejectReason = "not-image" | "unreadable" | "too-large";

export interface Intake {
  added: number;
  duplicates: number;
  rejected: { path: string; reason: RejectReason }[];
}

/** Larger files are not images that a browser can show. */
const MOST_BYTES = 256 * 2 ** 20;
/** Images per transaction. */
const PORTION = 8;

export class Draft {
  row: RoundRow;
  readonly held: Held;
  /** Whether the visitor chose the rule; a guess then never replaces it. */
  #ruled: boolean;
  #saving: Promise<void> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Whether a round has been made from this draft. */
  #ended = false;

  constructor(row: RoundRow, held: Held) {
    this.row = row;
    this.held = held;
    this.#ruled = row.items.length > 0;
  }

  static async make(plan: Plan): Promise<Draft> {
    const uid = `draft-${randomUid()}`;
    const held = (await hold(uid)) as Held;
    const words: DraftWords = { prompts: "", rule: { models: "none", pattern: "{model}/*", writtenPrompts: true } };
    const row: RoundRow = { uid, kind: "draft", session: "", created: Date.now(), images: [], items: [], sets: [], plan, draft: words };
    return new Draft(row, held);
  }

  get words(): DraftWords {
    return this.row.draft as DraftWords;
  }

  get items(): readonly Item[] {
    return this.row.items;
  }

  setPrompts(prompts: string): void {
    this.#change({ draft: { ...this.words, prompts } });
  }

  setRule(rule: Partial<DraftWords["rule"]>): void {
    this.#ruled = true;
    this.#change({ draft: { ...this.words, rule: { ...this.words.rule, ...rule } } });
  }

  /** A mode among the changes is the visitor's choice. */
  setPlan(plan: Partial<Plan>): void {
    const modeChosen = this.words.modeChosen === true || plan.mode !== undefined;
    this.#change({ plan: { ...this.row.plan, ...plan }, draft: { ...this.words, modeChosen } });
  }

  /** Until the visitor chooses a mode, it is the one that fits the images. */
  #fitted(row: RoundRow): RoundRow {
    const words = row.draft as DraftWords;
    if (words.modeChosen || row.items.length === 0) return row;
    const { sets } = arrange(row.items, words);
    const largest = Math.max(...sets.map(({ images }) => images.length), sets.length > 0 ? 0 : row.items.length);
    return { ...row, plan: { ...row.plan, mode: fittingMode(largest) } };
  }

  #change(change: Partial<RoundRow>): void {
    this.row = this.#fitted({ ...this.row, ...change });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#save([]).catch(() => undefined), 100);
  }

  /** Changes run one after another, so that the last one made is the last one written. */
  #save(images: readonly NewImage[]): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#ended) return Promise.resolve();
    const save = this.#saving.then(() => (this.row.items.length > 0 || images.length > 0 ? saveRound(this.row, images) : removeRound(this.row.uid)));
    this.#saving = save.catch(() => undefined);
    return save;
  }

  /**
   * Adds images: decodes each, hashes it, reads its metadata and stores it. Rejects if they cannot
   * be stored.
   */
  async add(incoming: readonly Incoming[], { signal, onProgress }: { signal: AbortSignal; onProgress: (done: number) => void }): Promise<Intake> {
    await openCollection();
    const result: Intake = { added: 0, duplicates: 0, rejected: [] };
    const known = new Set(this.row.items.map(({ uid }) => uid));
    for (let from = 0; from < incoming.length && !signal.aborted; from += PORTION) {
      const portion = incoming.slice(from, from + PORTION);
      const looked = await Promise.all(portion.map(look));
      const items: Item[] = [];
      const images: NewImage[] = [];
      for (const [index, found] of looked.entries()) {
        const { path, file } = portion[index] as Incoming;
        if (typeof found === "string") {
          result.rejected.push({ path, reason: found });
        } else if (known.has(found.uid)) {
          result.duplicates += 1;
        } else {
          known.add(found.uid);
          items.push(found);
          images.push({ uid: found.uid, file });
        }
      }
      if (items.length > 0) {
        const before = this.row;
        this.row = { ...before, items: [...before.items, ...items], images: [...before.images, ...images.map(({ uid }) => uid)] };
        if (!this.#ruled) this.row = { ...this.row, draft: { ...this.words, rule: guessRule(this.row.items) } };
        this.row = this.#fitted(this.row);
        try {
          await this.#save(images);
        } catch (error) {
          this.row = this.#fitted({ ...this.row, items: before.items, images: before.images });
          throw error;
        }
        result.added += items.length;
      }
      onProgress(from + portion.length);
    }
    return result;
  }

  async remove(uids: ReadonlySet<string>): Promise<void> {
    const keeps = ({ uid }: { uid: string }) => !uids.has(uid);
    this.row = this.#fitted({ ...this.row, items: this.row.items.filter(keeps), images: this.row.images.filter((uid) => !uids.has(uid)) });
    if (this.row.items.length === 0) this.#ruled = false;
    await this.#save([]);
  }

  /** Makes a round of the draft, which is deleted once the round is stored. */
  async begin(): Promise<{ row: RoundRow; held: Held; play: Play }> {
    clearTimeout(this.#timer);
    await this.#saving;
    const { plan } = this.row;
    const { items, sets } = arrange(this.row.items, this.words);
    const placed = new Set(sets.flatMap(({ images }) => images));
    const files = new Map<string, NewImage>();
    if (plan.controls) {
      for (const set of sets) {
        const some = sample(set.images, Math.max(1, Math.ceil(set.images.length / 8)));
        const found = await Promise.all(some.map(async (uid) => ({ uid, file: await imageFile(uid) })));
        const { controls, copies } = await spoil(found.filter((image): image is NewImage => image.file !== undefined));
        set.controls = controls;
        for (const copy of copies) files.set(copy.uid, copy);
      }
    }
    const row: RoundRow = {
      uid: `round-${randomUid()}`,
      kind: "round",
      session: randomUid(),
      created: Date.now(),
      items: items.filter(({ uid }) => placed.has(uid)),
      images: [...placed, ...files.keys()],
      sets,
      plan: { ...plan, seed: randomSeed() },
    };
    const round = await startRound(row, [...files.values()]);
    this.#ended = true;
    await removeRound(this.row.uid);
    this.held.release();
    return { row, ...round };
  }
}

/** Stores a new round. */
export async function startRound(row: RoundRow, images: readonly NewImage[]): Promise<{ held: Held; play: Play }> {
  const place = await Play.begin(row, Date.now());
  const held = (await hold(row.uid)) as Held;
  await saveRound(row, images, place);
  return { held, play: await Play.resume(row, held) };
}

async function look({ file, path, written }: Incoming): Promise<Item | RejectReason> {
  if (file.size > MOST_BYTES) return "too-large";
  if (file.type && !file.type.startsWith("image/")) return "not-image";
  try {
    (await createImageBitmap(file)).close();
  } catch {
    return "unreadable";
  }
  const uid = await uidOf(file);
  return { uid, path, model: null, written: written === undefined ? await readWritten(file) : written };
}

async function readWritten(file: Blob): Promise<Written | null> {
  const found = await (await records()).readMetadata(file).catch(() => null);
  if (!found) return null;
  return { generator: found.generator, prompt: found.prompt ?? null, model: found.model ?? null, seed: found.seed ?? null };
}

/** `count` items, evenly spread over the list. */
function sample<T>(list: readonly T[], count: number): T[] {
  return Array.from({ length: Math.min(count, list.length) }, (_, index) => list[Math.floor((index * list.length) / count)] as T);
}
