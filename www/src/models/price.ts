/**
 * What a model costs before it can be used: gigabytes to download, minutes on this connection, and
 * space on the disk; and what happens if the download stops half way. With the button that begins.
 */

import { css, html, nothing, type TemplateResult } from "lit";
import { PickElement } from "../design/element";
import { expandAddress } from "../engine/address";
import { type Loading, loadModel, session } from "../engine/session";
import { measuring, speed } from "../engine/speed";
import type { OfferedModel } from "../state/config";
import { Watch } from "../state/store";
import { between, bytes, duration } from "../text/format";
import { modelsText } from "../text/models";
import { priceText } from "../text/price";
import { refreshStored, stored, tooLittle } from "./stored";

export class ModelPrice extends PickElement {
  static override properties = { model: { attribute: false } };
  declare model: OfferedModel;
  #wasLoading = false;

  constructor() {
    super();
    new Watch(this, session, speed, stored);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void refreshStored();
  }

  /** A download that ended or was paused has left something in storage. */
  protected override updated(): void {
    const isLoading = session.value.loading !== undefined;
    if (this.#wasLoading && !isLoading) void refreshStored();
    this.#wasLoading = isLoading;
  }

  override render(): TemplateResult | typeof nothing {
    const { model } = this;
    const { models } = stored.value;
    const { loading, support } = session.value;
    const full = expandAddress(model.address);
    const kept = models.filter(({ address }) => address === full);
    const whole = kept.some(({ complete }) => complete);
    const isLoading = typeof loading?.model === "string" && expandAddress(loading.model) === full;
    const words = whole ? priceText.use(model.name) : kept.length > 0 ? priceText.goOn(model.name) : priceText.download(model.name);
    const free = whole ? undefined : tooLittle(model);
    return html`
      ${whole
        ? nothing
        : html`<dl>
            <div><dt>${priceText.size}</dt><dd>${model.bytes === undefined ? modelsText.sizeUnknown : bytes(model.bytes)}</dd></div>
            ${model.kept?.f16 === undefined || model.kept.q8 === undefined ? nothing : html`<div><dt>${priceText.disk}</dt><dd>${priceText.between(bytes(model.kept.q8), bytes(model.kept.f16))}</dd></div>`}
            <div><dt>${priceText.time}</dt><dd aria-live="polite">${timeOf(model, isLoading ? loading : undefined)}</dd></div>
          </dl>`}
      <div class="row">
        ${isLoading ? nothing : html`<button type="button" class="primary" @click=${() => void loadModel({ model: model.address, name: model.name })}>${words}</button>`}
        ${whole ? nothing : html`<p class="small soft">${support?.storage === false ? priceText.notStored : priceText.halfway}</p>`}
      </div>
      ${free === undefined ? nothing : html`<p class="notice small">${modelsText.notEnough(bytes(free))}</p>`}
    `;
  }

  static override styles = [
    ...PickElement.shared,
    css`
      :host {
        display: grid;
        gap: var(--s3);
      }
      dl {
        display: flex;
        flex-wrap: wrap;
        gap: var(--s2) var(--s6);
      }
      dt {
        color: var(--soft);
        font-size: var(--tiny);
      }
      dd {
        font-size: var(--small);
        font-weight: 600;
      }
      .row p {
        flex: 1 1 16rem;
        max-width: var(--narrow);
      }
    `,
  ];
}

/** How long the download takes: measured now, measured earlier, or not yet known. */
function timeOf({ bytes: size }: OfferedModel, loading: Loading | undefined): string {
  const sample = loading && measuring(loading);
  if (sample) return priceText.measuring(bytes(sample.loaded), bytes(sample.of));
  if (speed.value === undefined || size === undefined) return priceText.unmeasured;
  return priceText.measured(duration(size / speed.value), bytes(speed.value));
}

/** How long a download takes, and that it may stop half way. */
export function downloadWords(model: OfferedModel): string {
  const { loading, support } = session.value;
  const isLoading = typeof loading?.model === "string" && expandAddress(loading.model) === expandAddress(model.address);
  return `${priceText.timeIs(timeOf(model, isLoading ? loading : undefined))}${between()}${support?.storage === false ? priceText.notStored : priceText.halfway}`;
}

customElements.define("model-price", ModelPrice);
