/**
 * Which images are selected, and which of three buckets each is in. Kept by the SHA-256 of an
 * image's file, so that both survive a reload.
 */

import { Store } from "../state/store";

export type Bucket = "keep" | "maybe" | "drop";
export const BUCKETS: readonly Bucket[] = ["keep", "maybe", "drop"];

export interface Selection {
  /** The uids of the selected images. */
  selected: ReadonlySet<string>;
  /** By uid. */
  buckets: ReadonlyMap<string, Bucket>;
}

export const selection = new Store<Selection>({ selected: new Set(), buckets: new Map() });

/** What identifies an image here. */
interface Identified {
  readonly id: number;
  uid?: string;
}

/** The key of an image whose file has not been read yet; {@link identified} replaces it. */
function provisional({ id }: Identified): string {
  return `#${id}`;
}

function keyOf(picture: Identified): string {
  return picture.uid || provisional(picture);
}

export function isSelected(picture: Identified): boolean {
  const { selected } = selection.value;
  return selected.size > 0 && ((picture.uid !== undefined && selected.has(picture.uid)) || selected.has(provisional(picture)));
}

export function bucketOf(picture: Identified): Bucket | undefined {
  const { buckets } = selection.value;
  if (buckets.size === 0) return undefined;
  return (picture.uid === undefined ? undefined : buckets.get(picture.uid)) ?? buckets.get(provisional(picture));
}

/** Selects images, or removes them from the selection. */
export function select(pictures: Iterable<Identified>, on: boolean): void {
  const selected = new Set(selection.value.selected);
  for (const picture of pictures) {
    // The uid may have become known since.
    selected.delete(provisional(picture));
    if (on) selected.add(keyOf(picture));
    else selected.delete(keyOf(picture));
  }
  selection.patch({ selected });
}

/** Selects these of all the images, and no others. */
export function selectOnly(chosen: ReadonlySet<Identified>, all: Iterable<Identified>): void {
  const selected = new Set(selection.value.selected);
  for (const picture of all) {
    selected.delete(provisional(picture));
    selected.delete(keyOf(picture));
  }
  for (const picture of chosen) selected.add(keyOf(picture));
  selection.patch({ selected });
}

/** Puts images into a bucket, or into none. */
export function mark(pictures: Iterable<Identified>, bucket: Bucket | undefined): void {
  const buckets = new Map(selection.value.buckets);
  for (const picture of pictures) {
    buckets.delete(provisional(picture));
    if (bucket) buckets.set(keyOf(picture), bucket);
    else buckets.delete(keyOf(picture));
  }
  selection.patch({ buckets });
}

/** Call it when an image's uid has become known. */
export function identified(picture: Identified): void {
  const { selected, buckets } = selection.value;
  const before = provisional(picture);
  if (!picture.uid || (!selected.has(before) && !buckets.has(before))) return;
  const [on, bucket] = [isSelected(picture), bucketOf(picture)];
  if (selected.has(before)) select([picture], on);
  if (buckets.has(before)) mark([picture], bucket);
}

/** The bucket of a key: K, M and D; 0 for none. */
export function bucketOfKey(key: string): Bucket | "none" | undefined {
  const named: Record<string, Bucket | "none"> = { k: "keep", m: "maybe", d: "drop", "0": "none" };
  return named[key.toLowerCase()];
}
