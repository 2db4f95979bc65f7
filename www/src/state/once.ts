/** Something that the visitor has closed, remembered for this browser or for this tab. */

import { Store } from "./store";

export class Once extends Store<boolean> {
  readonly #key: string;
  readonly #storage: "localStorage" | "sessionStorage";

  constructor(key: string, storage: "localStorage" | "sessionStorage") {
    super(known(key, storage));
    this.#key = key;
    this.#storage = storage;
  }

  /** From now on, it is closed. */
  remember(): void {
    this.value = true;
    try {
      window[this.#storage].setItem(this.#key, "1");
    } catch {
      // Without storage, it is shown again after a reload.
    }
  }
}

function known(key: string, storage: "localStorage" | "sessionStorage"): boolean {
  try {
    return window[storage].getItem(key) !== null;
  } catch {
    return false;
  }
}
