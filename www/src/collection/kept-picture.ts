/**
 * An image of the collection: `<kept-picture uid=…>`. Its file is read when it comes near the
 * screen and released when it leaves the page.
 */

import { css, html, type PropertyValues, type TemplateResult } from "lit";
import { PickElement } from "../design/element";
import { icon } from "../design/icons";
import { imageFile } from "./collection";

export class KeptPicture extends PickElement {
  static override properties = { uid: {}, alt: {}, near: { state: true }, address: { state: true }, gone: { state: true } };
  declare uid: string;
  declare alt: string;
  declare private near: boolean;
  declare private address: string;
  declare private gone: boolean;
  #watch: IntersectionObserver | undefined;

  constructor() {
    super();
    this.uid = "";
    this.alt = "";
    this.near = false;
    this.address = "";
    this.gone = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#watch = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting)) this.near = true;
      },
      { rootMargin: "300px" },
    );
    this.#watch.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#watch?.disconnect();
    this.near = false;
    this.#let();
  }

  override updated(changed: PropertyValues): void {
    if (changed.has("uid")) this.#let();
    if (this.near && (changed.has("uid") || changed.has("near"))) void this.#show(this.uid);
  }

  #let(): void {
    if (this.address) URL.revokeObjectURL(this.address);
    this.address = "";
  }

  async #show(uid: string): Promise<void> {
    const file = uid ? await imageFile(uid) : undefined;
    if (uid !== this.uid || !this.isConnected) return;
    this.#let();
    this.gone = file === undefined;
    if (file) this.address = URL.createObjectURL(file);
  }

  override render(): TemplateResult {
    if (this.gone) return html`<span class="gone">${icon("image")}</span>`;
    return this.address ? html`<img src=${this.address} alt=${this.alt} decoding="async" @error=${() => (this.gone = true)} />` : html``;
  }

  static override styles = [
    ...PickElement.shared,
    css`
      :host {
        display: grid;
        place-items: center;
        background: var(--table);
        overflow: hidden;
      }
      img {
        width: 100%;
        height: 100%;
        object-fit: var(--fit, cover);
        display: block;
      }
      .gone {
        color: var(--soft);
      }
    `,
  ];
}

customElements.define("kept-picture", KeptPicture);
