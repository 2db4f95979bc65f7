/**
 * Zoom and position shared by images side by side: with mouse wheel, fingers and keys. At full view
 * a sideways swipe goes to another image.
 */

import type { ReactiveController, ReactiveControllerHost } from "lit";

export const LARGEST = 16;
/** Least distance of a swipe, in CSS pixels. */
const SWIPE = 48;
/** Two taps within this time zoom in, in milliseconds. */
const DOUBLE = 300;

export class Zoom implements ReactiveController {
  /** 1 shows the whole image. */
  scale = 1;
  /** The point in the middle of the view, from the image's centre, as fractions of a pane. */
  x = 0;
  y = 0;
  readonly #host: ReactiveControllerHost;
  readonly #swiped: (step: -1 | 1) => void;
  readonly #pointers = new Map<number, PointerEvent>();
  /** Where the only finger or the mouse went down. */
  #start: PointerEvent | undefined;
  #tapped = 0;

  constructor(host: ReactiveControllerHost, swiped: (step: -1 | 1) => void) {
    this.#host = host;
    this.#swiped = swiped;
    host.addController(this);
  }

  hostDisconnected(): void {
    this.#pointers.clear();
  }

  get transform(): string {
    return `scale(${this.scale}) translate(${-this.x * 100}%, ${-this.y * 100}%)`;
  }

  readonly fit = (): void => this.#moveTo(0, 0, 1);

  /** Zooms around a point of a pane, given from its centre as fractions of the pane. */
  by(factor: number, aroundX = 0, aroundY = 0): void {
    const scale = Math.min(LARGEST, Math.max(1, this.scale * factor));
    // The image under the point stays there.
    this.#moveTo(this.x + aroundX / this.scale - aroundX / scale, this.y + aroundY / this.scale - aroundY / scale, scale);
  }

  /** Moves by steps of a pane. */
  step(right: number, down: number): void {
    const step = 0.12 / this.scale;
    this.#moveTo(this.x + right * step, this.y + down * step);
  }

  #moveTo(x: number, y: number, scale = this.scale): void {
    const most = (1 - 1 / scale) / 2;
    this.scale = scale;
    this.x = Math.min(most, Math.max(-most, x));
    this.y = Math.min(most, Math.max(-most, y));
    this.#host.requestUpdate();
  }

  readonly wheel = (event: WheelEvent): void => {
    event.preventDefault();
    const pane = (event.target as HTMLElement).closest<HTMLElement>(".pane");
    const [x, y] = pane ? within(pane, event) : [0, 0];
    // Mice report lines, trackpads pixels; neither may jump.
    this.by(Math.exp(-Math.sign(event.deltaY) * Math.min(0.25, Math.abs(event.deltaY) / 400)), x, y);
  };

  readonly down = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    this.#start = this.#pointers.size === 0 ? event : undefined;
    this.#pointers.set(event.pointerId, event);
  };

  readonly move = (event: PointerEvent): void => {
    const before = this.#pointers.get(event.pointerId);
    if (!before) return;
    const pane = event.currentTarget as HTMLElement;
    const { width, height } = pane.getBoundingClientRect();
    const [other] = [...this.#pointers.values()].filter(({ pointerId }) => pointerId !== event.pointerId);
    if (other) {
      const distance = ({ clientX, clientY }: PointerEvent) => Math.hypot(clientX - other.clientX, clientY - other.clientY);
      const [x, y] = within(pane, { clientX: (event.clientX + other.clientX) / 2, clientY: (event.clientY + other.clientY) / 2 });
      this.by(distance(event) / Math.max(1, distance(before)), x, y);
    } else {
      const [dx, dy] = [(event.clientX - before.clientX) / width, (event.clientY - before.clientY) / height];
      this.#moveTo(this.x - dx / this.scale, this.y - dy / this.scale);
    }
    this.#pointers.set(event.pointerId, event);
  };

  readonly up = (event: PointerEvent): void => {
    this.#pointers.delete(event.pointerId);
    const start = this.#start;
    if (!start || start.pointerId !== event.pointerId) return;
    this.#start = undefined;
    const [dx, dy] = [event.clientX - start.clientX, event.clientY - start.clientY];
    if (Math.hypot(dx, dy) < 8) this.#tap(event);
    else if (this.scale === 1 && event.pointerType !== "mouse" && Math.abs(dx) > SWIPE && Math.abs(dx) > 2 * Math.abs(dy)) this.#swiped(dx < 0 ? 1 : -1);
  };

  readonly cancel = (event: PointerEvent): void => {
    this.#pointers.delete(event.pointerId);
    this.#start = undefined;
  };

  /** The second of two taps or clicks zooms in there, or out. */
  #tap(event: PointerEvent): void {
    const isDouble = event.timeStamp - this.#tapped < DOUBLE;
    this.#tapped = isDouble ? 0 : event.timeStamp;
    if (!isDouble) return;
    if (this.scale > 1) this.fit();
    else this.by(4, ...within(event.currentTarget as HTMLElement, event));
  }
}

/** A point from the centre of a pane, as fractions of the pane. */
function within(pane: HTMLElement, { clientX, clientY }: { clientX: number; clientY: number }): [x: number, y: number] {
  const { x, y, width, height } = pane.getBoundingClientRect();
  return [(clientX - x) / width - 0.5, (clientY - y) / height - 0.5];
}
