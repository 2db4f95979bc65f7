/**
 * The first visit: what the page does, what stays here, what the small model can do, and the price
 * of the real one. Shown until it is closed, or until the visitor adds images or loads a model.
 */

import { css, html, nothing, svg, type TemplateResult } from "lit";
import "../models/price";
import { PickElement } from "../design/element";
import { icon } from "../design/icons";
import { isDemonstration, session } from "../engine/session";
import { config } from "../state/config";
import { settings } from "../state/settings";
import { Once } from "../state/once";
import { Watch } from "../state/store";
import { between, percent } from "../text/format";
import { welcomeText } from "../text/welcome";
import { board } from "./board";

const welcomed = new Once("pickscore.welcomed", "localStorage");

export class FirstVisit extends PickElement {
  constructor() {
    super();
    new Watch(this, welcomed, board, session);
  }

  override updated(): void {
    if (!welcomed.value && board.value.pictures.some(({ isSample }) => !isSample)) welcomed.remember();
  }

  get #isShown(): boolean {
    if (welcomed.value || !config().demonstration || settings.value.model !== "") return false;
    const { scorer } = session.value;
    return scorer === undefined || isDemonstration();
  }

  override render(): TemplateResult | typeof nothing {
    // An empty row would leave a gap.
    this.hidden = !this.#isShown;
    if (this.hidden) return nothing;
    const [real] = config().models;
    return html`<section aria-label=${welcomeText.title}>
      <div class="words">
        <p class="voice lead">${[welcomeText.does, welcomeText.stays, welcomeText.small].join(between())}</p>
        ${real
          ? html`<div class="real">
              <h2>${welcomeText.real(real.name)}</h2>
              <model-price .model=${real}></model-price>
            </div>`
          : nothing}
      </div>
      ${illustration()}
      <button type="button" class="quiet close" aria-label=${welcomeText.close} title=${welcomeText.close} @click=${() => welcomed.remember()}>${icon("close")}</button>
    </section>`;
  }

  static override styles = [
    ...PickElement.shared,
    css`
      section {
        position: relative;
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        gap: var(--s4) var(--s7);
        align-items: center;
        padding: var(--s4) var(--s7) var(--s4) var(--s5);
        background: var(--table);
        border-radius: var(--corner);
      }
      .words {
        display: grid;
        gap: var(--s3);
        max-width: var(--wide);
      }
      .lead {
        font-size: var(--large);
        line-height: 1.45;
      }
      .real {
        display: grid;
        gap: var(--s2);
      }
      .close {
        position: absolute;
        inset-block-start: var(--s1);
        inset-inline-end: var(--s1);
      }
      .illustration {
        width: clamp(15rem, 22vw, 22rem);
        height: auto;
        direction: ltr;
      }
      .device {
        fill: var(--ground);
        stroke: var(--edge);
        stroke-width: 2;
      }
      .card {
        fill: var(--raised);
        stroke: var(--line);
      }
      .best {
        stroke: var(--mark);
        stroke-width: 2.5;
      }
      .drawn {
        fill: none;
        stroke: var(--ink);
        stroke-width: 2;
        stroke-linejoin: round;
        stroke-linecap: round;
      }
      .first {
        fill: var(--mark-wash);
        stroke: var(--mark);
      }
      .prompt {
        font: 15px var(--voice);
        fill: var(--ink);
      }
      .share {
        font: 12px var(--figures);
        fill: var(--ink);
      }
      .stand {
        fill: var(--edge);
      }
      @media (max-width: 48rem) {
        section {
          grid-template-columns: minmax(0, 1fr);
          padding: var(--s4);
        }
        .lead {
          font-size: var(--body);
          padding-inline-end: var(--s6);
        }
        .illustration {
          width: min(100%, 15rem);
          justify-self: center;
        }
      }
    `,
  ];
}

/** Three images on one device, ranked for a prompt. */
function illustration(): TemplateResult {
  const cards = [
    { x: 22, share: 0.62, best: true, drawing: svg`<path class="drawn first" d="M14 16l8 12h20l8-12 2 24-20 16-20-16z" /><path class="drawn first" d="M26 36v2m12-2v2m-8 10h4" />` },
    { x: 108, share: 0.31, best: false, drawing: svg`<path class="drawn" d="M14 20l10 8h16l10-8v20q-2 14-18 14T14 40zM25 37v2m14-2v2m-9 7h4" />` },
    { x: 194, share: 0.07, best: false, drawing: svg`<path class="drawn" d="M32 10l16 20h-8l12 14H12l12-14h-8zM32 44v12" />` },
  ];
  return html`<svg class="illustration" viewBox="0 0 280 196" width="280" height="196" role="img" aria-label=${welcomeText.image}>
    <rect class="device" x="3" y="3" width="274" height="168" rx="8" />
    <rect class="stand" x="100" y="180" width="80" height="4" rx="2" />
    <rect class="card" x="22" y="18" width="236" height="30" rx="3" />
    <text class="prompt" x="33" y="38">${welcomeText.prompt}</text>
    ${cards.map(
      ({ x, share, best, drawing }) => svg`<g transform="translate(${x} 62)">
        <rect class="card ${best ? "best" : ""}" width="64" height="64" rx="3" />${drawing}
        <text class="share" x="32" y="86" text-anchor="middle">${percent(share, 0)}</text>
      </g>`,
    )}
  </svg>`;
}

customElements.define("first-visit", FirstVisit);
