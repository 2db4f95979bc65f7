/** Files dropped anywhere on the page, for the current screen. */

import { html, nothing, type ReactiveController, type ReactiveControllerHost, type TemplateResult } from "lit";

/**
 * Accepts drops while `wanted()`, and shows an overlay while files are dragged over the page: the
 * class `drop` of the shared styles.
 */
export class FileDrop implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  readonly #wanted: () => boolean;
  readonly #take: (transfer: DataTransfer) => void;
  #over = false;

  /**
   * `take` has to read the transfer before it returns or awaits, because a browser empties it
   * afterwards.
   */
  constructor(host: ReactiveControllerHost, wanted: () => boolean, take: (transfer: DataTransfer) => void) {
    this.#host = host;
    this.#wanted = wanted;
    this.#take = take;
    host.addController(this);
  }

  hostConnected(): void {
    addEventListener("dragover", this.#dragged);
    addEventListener("dragleave", this.#dragged);
    addEventListener("drop", this.#dropped);
  }

  hostDisconnected(): void {
    removeEventListener("dragover", this.#dragged);
    removeEventListener("dragleave", this.#dragged);
    removeEventListener("drop", this.#dropped);
  }

  /** The overlay shown while files are dragged over the page. */
  veil(text: string): TemplateResult | typeof nothing {
    return this.#over ? html`<div class="drop-veil"><p class="title">${text}</p></div>` : nothing;
  }

  readonly #dragged = (event: DragEvent): void => {
    if (!this.#ours(event)) return;
    event.preventDefault();
    this.#show(event.type === "dragover" || event.relatedTarget !== null);
  };

  readonly #dropped = (event: DragEvent): void => {
    this.#show(false);
    if (!this.#ours(event) || !event.dataTransfer) return;
    event.preventDefault();
    this.#take(event.dataTransfer);
  };

  #ours(event: DragEvent): boolean {
    return this.#wanted() && event.dataTransfer?.types.includes("Files") === true;
  }

  #show(over: boolean): void {
    if (over === this.#over) return;
    this.#over = over;
    this.#host.requestUpdate();
  }
}
