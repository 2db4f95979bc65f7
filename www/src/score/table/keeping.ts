/** Whether and how the table is kept for the next visit. */

import type { Obstacle } from "../../collection/open";
import { Store } from "../../state/store";
import type { Picture } from "../picture";
import { BOUND } from "./private";

export interface Keeping {
  /**
   * Where it is kept: not decided yet, in this browser, nowhere, or by another tab.
   */
  place: "opening" | "browser" | "nowhere" | "elsewhere" | "taken";
  /** Why it is kept nowhere. */
  obstacle?: { code: Obstacle | "closed"; detail: string } | undefined;
  /** Whether a change has not been stored yet. */
  saving: boolean;
  /** Why the last change could not be stored. */
  problem?: { name: string; message: string } | undefined;
}

export const keeping = new Store<Keeping>({ place: "opening", saving: false });

export interface Tally {
  /** Images that are kept by handle, and as copies. */
  handles: number;
  copies: number;
  /** Bytes of the copies; equal images share one. */
  bytes: number;
  /** Images that are being stored. */
  pending: number;
  /** Images that are gone when the tab closes, by reason. */
  unkept: { full: number; bound: number; refused: number };
  /** Images whose files cannot be read now, and the folders of the missing ones. */
  permission: number;
  gone: number;
  failed: number;
  roots: ReadonlySet<number>;
}

export function tally(pictures: readonly Picture[]): Tally {
  const unkept = { full: 0, bound: 0, refused: 0 };
  const away = { permission: 0, gone: 0, failed: 0 };
  const copied = new Map<string, number>();
  const roots = new Set<number>();
  let [handles, copies, pending] = [0, 0, 0];
  for (const picture of pictures) {
    const { source, uid = "", bytes = 0 } = picture;
    if (source.kind === "handle" && picture.isKept) handles += 1;
    if (source.kind === "copy") {
      copies += 1;
      copied.set(uid, bytes);
    }
    if (!picture.isKept && !picture.unkept && !picture.away) pending += 1;
    if (picture.unkept) unkept[picture.unkept] += 1;
    if (picture.away) away[picture.away] += 1;
    if (picture.away === "gone" && source.kind === "handle" && source.root !== undefined) roots.add(source.root);
  }
  const bytes = [...copied.values()].reduce((sum, size) => sum + size, 0);
  return { handles, copies, pending, bytes, unkept, ...away, roots };
}

/** Whether another copy fits. */
export function fits(pictures: readonly Picture[], bytes: number): boolean {
  return tally(pictures).bytes + bytes <= BOUND;
}
