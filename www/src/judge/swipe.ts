/**
 * Swiping on a pair: a finger that moves towards one of the two images chooses it when it lifts.
 * The images follow the finger, and the image that would be chosen is marked. Scrolling along the
 * other axis and zooming stay with the browser (`touch-action` in the styles).
 */

import type { ReactiveController, ReactiveControllerHost } from "lit";

export type Side = "left" | "right";

/** Pixels after which a touch is a swipe and no tap. */
const BEGUN = 12;
/** Pixels that choose an image. */
const ENOUGH = 64;

export class Swipe implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  readonly #isStacked: () => boolean;
  readonly #choose: (side: Side) => void;
  #start: { pointer: number; x: number; y: number } | undefined;
  /** How far the finger is from where it began, along the images. */
  #moved = 0;
  /** Whether the click that follows the touch is part of the swipe. */
  #swallow = false;

  constructor(host: ReactiveControllerHost, isStacked: () => boolean, choose: (side: Side) => void) {
    this.#host = host;
    this.#isStacked = isStacked;
    this.#choose = choose;
    host.addController(this);
  }

  hostConnected(): void {
    this.#end();
  }

  /** The image that would be chosen now. */
  get towards(): Side | undefined {
    return Math.abs(this.#moved) < ENOUGH ? undefined : this.#moved < 0 ? "left" : "right";
  }

  /** How far the images follow the finger, in pixels. */
  get shift(): { x: number; y: number } {
    const held = this.#start ? Math.max(-2 * ENOUGH, Math.min(2 * ENOUGH, this.#moved)) / 2 : 0;
    return this.#isStacked() ? { x: 0, y: held } : { x: held, y: 0 };
  }

  readonly down = (event: PointerEvent): void => {
    this.#swallow = false;
    // A second finger zooms.
    if (event.pointerType === "mouse" || this.#start) return this.#end();
    this.#start = { pointer: event.pointerId, x: event.clientX, y: event.clientY };
    this.#moved = 0;
  };

  readonly move = (event: PointerEvent): void => {
    const start = this.#start;
    if (!start || event.pointerId !== start.pointer) return;
    const [x, y] = [event.clientX - start.x, event.clientY - start.y];
    const along = this.#isStacked() ? y : x;
    if (this.#moved === 0 && Math.abs(along) < BEGUN) return;
    this.#moved = along;
    (event.currentTarget as Element).setPointerCapture(event.pointerId);
    this.#host.requestUpdate();
  };

  readonly up = (event: PointerEvent): void => {
    if (event.pointerId !== this.#start?.pointer) return;
    const { towards } = this;
    this.#swallow = this.#moved !== 0;
    this.#end();
    if (towards) this.#choose(towards);
  };

  readonly cancel = (): void => this.#end();

  /** The browser also reports a swipe that ends on a button as a click. */
  readonly click = (event: Event): void => {
    if (!this.#swallow) return;
    this.#swallow = false;
    event.stopPropagation();
    event.preventDefault();
  };

  #end(): void {
    this.#start = undefined;
    this.#moved = 0;
    this.#host.requestUpdate();
  }
}
