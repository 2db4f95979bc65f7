/** Decoded images of a pair or group, so that all appear at once. */

import { imageFile } from "../collection/collection";

/** The images on the screen and those before, for undo. */
const KEPT = 12;

export interface Ready {
  /** `""` if the image cannot be shown. */
  address: string;
  /** Width divided by height; 1 if unknown. */
  ratio: number;
}

export class Showing {
  /** By uid, least recently used first. */
  readonly #pictures = new Map<string, Promise<Ready>>();

  /** Reads and decodes an image; immediate if it was shown before. */
  get(uid: string): Promise<Ready> {
    const found = this.#pictures.get(uid) ?? prepare(uid);
    this.#pictures.delete(uid);
    this.#pictures.set(uid, found);
    for (const [old, ready] of this.#pictures) {
      if (this.#pictures.size <= KEPT) break;
      this.#pictures.delete(old);
      void ready.then(({ address }) => address && URL.revokeObjectURL(address));
    }
    return found;
  }

  clear(): void {
    for (const ready of this.#pictures.values()) void ready.then(({ address }) => address && URL.revokeObjectURL(address));
    this.#pictures.clear();
  }
}

const NONE: Ready = { address: "", ratio: 1 };

async function prepare(uid: string): Promise<Ready> {
  const file = await imageFile(uid).catch(() => undefined);
  if (!file) return NONE;
  const address = URL.createObjectURL(file);
  const image = new Image();
  image.src = address;
  try {
    await image.decode();
    return { address, ratio: image.naturalWidth / image.naturalHeight || 1 };
  } catch {
    URL.revokeObjectURL(address);
    return NONE;
  }
}
