/** The selection and the buckets as they are stored, by the uid of an image. */

import { type Bucket, selection } from "../selected";
import type { Marks } from "./rows";

/** What is stored of them. Keys of images that have not been read yet are not uids. */
export function marks(): Marks {
  const { selected, buckets } = selection.value;
  const isUid = (key: string) => !key.startsWith("#");
  return { selected: [...selected].filter(isUid), buckets: Object.fromEntries([...buckets].filter(([key]) => isUid(key))) };
}

/** Puts stored ones in the place of the current ones. */
export function applyMarks({ selected = [], buckets = {} }: Partial<Marks>): void {
  selection.value = { selected: new Set(selected), buckets: new Map<string, Bucket>(Object.entries(buckets)) };
}
