/**
 * Marks elements that stick to the lower edge of the window. Messages and focused images keep clear
 * of them: `--below` is the height that they take.
 */

import type { ReactiveController, ReactiveElement } from "lit";

/** Distance from the window's edge, and to what is above, in pixels. */
const SPACE = 16;

const heights = new Map<Element, number>();
const observer = new ResizeObserver((entries) => {
  for (const { target, borderBoxSize } of entries) heights.set(target, borderBoxSize[0]?.blockSize ?? 0);
  tell();
});

function tell(): void {
  const height = Math.max(0, ...heights.values());
  document.documentElement.style.setProperty("--below", height > 0 ? `${Math.ceil(height) + SPACE}px` : "0px");
}

export class Dock implements ReactiveController {
  readonly #host: ReactiveElement;

  constructor(host: ReactiveElement) {
    this.#host = host;
    host.addController(this);
  }

  hostConnected(): void {
    observer.observe(this.#host);
  }

  hostDisconnected(): void {
    observer.unobserve(this.#host);
    heights.delete(this.#host);
    tell();
  }
}
