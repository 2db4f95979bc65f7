/**
 * Tells a visitor at once that the small model was made for drawings, when an image that was added
 * is none.
 */

import { css, html, nothing, type TemplateResult } from "lit";
import "../models/price";
import { PickElement } from "../design/element";
import { icon } from "../design/icons";
import { config } from "../state/config";
import { number } from "../text/format";
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
        ${this.count === 0 ? nothing : html`<p>${icon("alert")}<span><b>${welcomeText.unlike(this.count)}</b> ${welcomeText.madeFor(this.count)}</span></p>`}
      </div>
      ${this.count === 0
        ? nothing
        : html`<div class="more">
            ${real ? html`<h2>${welcomeText.real(real.name)}</h2><model-price .model=${real}></model-price>` : nothing}
            <details class="small"><summary>${welcomeText.why}</summary><p class="soft">${scoreText.demoMeasure} (${number(this.limit * 100)} %)</p></details>
          </div>`}`;
  }

  static override styles = [
    ...PickElement.shared,
    css`
      :host([count="0"]) {
        display: contents;
      }
      :host(:not([count="0"])) {
        display: grid;
        gap: var(--s2);
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
        align-self: center;
      }
      .more {
        display: grid;
        gap: var(--s2);
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
