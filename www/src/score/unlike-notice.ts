/**
 * Tells a visitor at once that the small model was made for drawings, when an image that was added
 * is none.
 */

import { css, html, nothing, type TemplateResult } from "lit";
import "../models/price";
import { PickElement } from "../design/element";
import { icon } from "../design/icons";
import { config } from "../state/config";
import { between, percent } from "../text/format";
import { scoreText } from "../text/score";
import { welcomeText } from "../text/welcome";

export class UnlikeNotice extends PickElement {
  static override properties = { count: { type: Number }, limit: { type: Number } };
  /** Images that are unlike drawings. */
  declare count: number;
  /** The share of flat colour below which an image counts as such. */
  declare limit: number;

  constructor() {
    super();
    this.count = 0;
    this.limit = 0;
  }

  override render(): TemplateResult {
    const [real] = config().models;
    // The live region is there before it has something to say.
    return html`<div role="status">
        ${this.count === 0 ? nothing : html`<p>${icon("alert")}<span><b>${welcomeText.unlike(this.count)}</b>${between()}${welcomeText.madeFor(this.count)}</span></p>`}
      </div>
      ${this.count === 0
        ? nothing
        : html`${real ? html`<div class="offer"><h2>${welcomeText.real(real.name)}</h2><model-price .model=${real}></model-price></div>` : nothing}
            <details class="small"><summary>${welcomeText.why}</summary><p class="soft">${scoreText.demoMeasure} (${percent(this.limit, 0)})</p></details>`}`;
  }

  static override styles = [
    ...PickElement.shared,
    css`
      /* Without something to say, it takes no gap, and the live region stays. */
      :host([count="0"]) {
        position: absolute;
      }
      :host(:not([count="0"])) {
        display: grid;
        grid-template: auto 1fr / minmax(0, 5fr) minmax(0, 6fr);
        gap: var(--s2) var(--s6);
        padding: var(--s3) var(--s4);
        border-inline-start: 3px solid var(--mark);
        background: var(--mark-wash);
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
        :host(:not([count="0"])) {
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
