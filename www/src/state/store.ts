/** A value that elements watch. */

import type { ReactiveController, ReactiveControllerHost } from "lit";

export class Store<T> {
  #value: T;
  readonly #listeners = new Set<(value: T) => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set value(value: T) {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const listener of [...this.#listeners]) listener(value);
  }

  /** Changes some fields of an object. */
  patch(change: Partial<T>): void {
    this.value = { ...this.#value, ...change };
  }

  /** Calls `listener` after each change, until the returned function is called. */
  subscribe(listener: (value: T) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** A store of any type. */
export interface Watchable {
  subscribe(listener: () => void): () => void;
}

/** Re-renders an element when one of the stores changes: `new Watch(this, storeA, storeB)`. */
export class Watch implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  readonly #stores: Watchable[];
  #stop: (() => void)[] = [];

  constructor(host: ReactiveControllerHost, ...stores: Watchable[]) {
    this.#host = host;
    this.#stores = stores;
    host.addController(this);
  }

  hostConnected(): void {
    this.#stop = this.#stores.map((store) => store.subscribe(() => this.#host.requestUpdate()));
    // Catches up on changes made while the element was disconnected.
    this.#host.requestUpdate();
  }

  hostDisconnected(): void {
    for (const stop of this.#stop) stop();
    this.#stop = [];
  }
}
