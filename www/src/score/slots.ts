/**
 * Slots for the elements of a list of which only a part is in the document: an image that leaves
 * the window gives its element to one that comes. Making an element takes several times as long
 * as changing one.
 */

export class Slots {
  /** By the number of an image. */
  #taken = new Map<number, number>();
  #next = 0;

  /**
   * The slots of the images that are shown now. An image keeps its slot; without `reuse`, new ones
   * get new slots.
   */
  assign(ids: readonly number[], reuse: boolean): ReadonlyMap<number, number> {
    const taken = new Map<number, number>();
    for (const id of ids) {
      const slot = this.#taken.get(id);
      if (slot !== undefined) taken.set(id, slot);
    }
    const free = reuse ? [...this.#taken].flatMap(([id, slot]) => (taken.has(id) ? [] : [slot])) : [];
    for (const id of ids) if (!taken.has(id)) taken.set(id, free.pop() ?? this.#next++);
    this.#taken = taken;
    return taken;
  }
}
