/**
 * Tells a visitor at once that the small model was made for drawings, when an image that was added
 * is none.
 */

import { css, html, nothing, type TemplateResult } from "lit";
import "../models/price";
import { PickElement } from "../design/element";
import { icon } from "../design/icons";
import { config } from "../state/config";
import { Once } from "../state/once";
import { Watch } from "../state/store";
import { between, percent } from "../text/format";
import { scoreText } from "../text/score";
import { welcomeText } from "../text/welcome";

/** Whether it was closed in this tab. Each such image keeps its own mark. */
const dismissed = new Once("pickscore.unlike", "sessionStorage");

export class UnlikeNotice extends PickElement {
  static override properties = { count: { type: Number }, limit: { type: Number } };
  /** Images that are unlike drawings. */
  declare count: number;
  /** The share of flat colour below which an image counts as such. */
  declare limit: number;

  constructor() {
    super();
    new Watch(this, dismissed);
    this.count = 0;
    this.limit = 0;
  }

  override render(): TemplateResult {
    const [real] = config().models;
    const isShown = this.count > 0 && !dismissed.value;
    // Without something to say, it takes no gap, and the live region stays.
    this.toggleAttribute("silent", !isShown);
    // The live region is there before it has something to say.
    return html`<div role="status">
        ${!isShown ? nothing : html`<p>${icon("alert")}<span><b>${welcomeText.unlike(this.count)}</b>${between()}${welcomeText.madeFor(this.count)}</span></p>`}
      </div>
      ${!isShown
        ? nothing
        : html`<button type="button" class="quiet close" aria-label=${welcomeText.closeNotice} title=${welcomeText.closeNotice} @click=${() => dismissed.remember()}>${icon("close")}</button>${real ? html`<div class="offer"><h2>${welcomeText.real(real.name)}</h2><model-price .model=${real}></model-price></div>` : nothing}
            <details class="small"><summary>${welcomeText.why}</summary><p class="soft">${scoreText.demoMeasure} (${percent(this.limit, 0)})</p></details>`}`;
  }

  static override styles = [
    ...PickElement.shared,
    css`
      :host([silent]) {
        position: absolute;
      }
      :host(:not([silent])) {
        position: relative;
        display: grid;
        grid-template: auto 1fr / minmax(0, 5fr) minmax(0, 6fr);
        gap: var(--s2) var(--s6);
        padding: var(--s3) var(--s7) var(--s3) var(--s4);
        border-inline-start: 3px solid var(--mark);
        background: var(--mark-wash);
      }
      .close {
        position: absolute;
        inset-block-start: var(--s1);
        inset-inline-end: var(--s1);
      }
      p {
        display: flex;
        gap: var(--s2);
        align-items: baseline;
        max-width: var(--wide);
      }
      p svg {
        align-self: start;
        margin-block-start: var(--s1);
      }
      .offer {
        grid-area: 1 / 2 / 3 / 3;
        display: grid;
        gap: var(--s2);
      }
      @media (max-width: 48rem) {
        :host(:not([silent])) {
          grid-template: none / minmax(0, 1fr);
        }
        .offer {
          grid-area: auto;
        }
      }
      summary {
        cursor: pointer;
        color: var(--mark);
        min-height: 1.5rem;
        width: fit-content;
      }
    `,
  ];
}

customElements.define("unlike-notice", UnlikeNotice);
