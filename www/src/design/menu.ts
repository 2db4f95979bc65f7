/**
 * A button with a list that it opens. The list closes on Escape, on a press outside, and when the
 * focus moves elsewhere.
 */

import { css, type ReactiveController, type ReactiveElement } from "lit";

export class Menu implements ReactiveController {
  readonly #host: ReactiveElement;
  /** A selector of the element that holds the button and the list. */
  readonly #menu: string;
  #open = false;

  /** The button is the first one in the element that `menu` selects. */
  constructor(host: ReactiveElement, menu = ".menu") {
    this.#host = host;
    this.#menu = menu;
    host.addController(this);
  }

  hostConnected(): void {
    addEventListener("pointerdown", this.#pressed);
  }

  hostDisconnected(): void {
    removeEventListener("pointerdown", this.#pressed);
  }

  get open(): boolean {
    return this.#open;
  }

  readonly toggle = (): void => {
    this.#set(!this.#open);
  };

  readonly close = (): void => {
    this.#set(false);
  };

  focusButton(): void {
    this.#element()?.querySelector("button")?.focus();
  }

  /** For `@focusout`. Nothing gets the focus when the list of a `<select>` opens. */
  readonly left = ({ relatedTarget }: FocusEvent): void => {
    if (relatedTarget !== null && !this.#element()?.contains(relatedTarget as Node)) this.close();
  };

  /** For `@keydown`. */
  readonly keyed = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || !this.#open) return;
    this.close();
    this.focusButton();
  };

  readonly #pressed = (event: PointerEvent): void => {
    const element = this.#element();
    if (this.#open && element && !event.composedPath().includes(element)) this.close();
  };

  #element(): Element | null {
    return this.#host.renderRoot.querySelector(this.#menu);
  }

  #set(open: boolean): void {
    if (open === this.#open) return;
    this.#open = open;
    this.#host.requestUpdate();
  }
}

export const menuStyle = css`
  .menu {
    position: relative;
  }
  .menu > .list {
    position: absolute;
    inset-block-start: calc(100% + 4px);
    inset-inline-end: 0;
    z-index: 20;
    display: grid;
    background: var(--raised);
    border: 1px solid var(--edge);
    border-radius: var(--corner);
  }
  @media (max-width: 40rem) {
    .menu > .list {
      inset-inline: 0 auto;
    }
  }
`;
