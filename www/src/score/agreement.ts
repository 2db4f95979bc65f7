/** How far the scorers agree: Kendall's τ-b of every two of them, for one prompt. */

import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { records } from "../collection/library";
import { PickElement } from "../design/element";
import { styled } from "../design/style";
import type { Column } from "../engine/panel";
import { between, number } from "../text/format";
import { scoreText } from "../text/score";
import type { Picture } from "./picture";

/** Fewer images say nothing about agreement. */
const LEAST = 3;

export class ScorerAgreement extends PickElement {
  static override properties = { scorers: { attribute: false }, pictures: { attribute: false }, prompt: {}, version: { type: Number }, taus: { state: true } };

  declare scorers: readonly Column[];
  declare pictures: readonly Picture[];
  declare prompt: string;
  declare version: number;
  /** By the indices of two scorers, the larger one first. */
  declare private taus: readonly (readonly (number | null)[])[];
  #kendall: ((one: readonly number[], other: readonly number[]) => number | null) | undefined;
  #seen = "";

  constructor() {
    super();
    this.scorers = [];
    this.pictures = [];
    this.prompt = "";
    this.version = 0;
    this.taus = [];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void records().then(
      ({ kendall }) => {
        this.#kendall = kendall;
        this.requestUpdate();
      },
      // The panel stays empty; the screens that need the library explain why.
      () => undefined,
    );
  }

  protected override willUpdate(_changed: PropertyValues): void {
    const kendall = this.#kendall;
    if (!kendall) return;
    const rows = this.#rows();
    // Images change often without a new score.
    const seen = JSON.stringify(rows);
    if (seen === this.#seen) return;
    this.#seen = seen;
    this.taus = rows.map((row, index) => rows.slice(0, index).map((other) => (row.length < LEAST ? null : kendall(row, other))));
  }

  /** Scores by scorer of the images that all of them have scored. */
  #rows(): number[][] {
    const { scorers, prompt } = this;
    const complete = this.pictures.filter(({ scores }) => scorers.every(({ key }) => scores.get(key)?.has(prompt)));
    return scorers.map(({ key }) => complete.map(({ scores }) => scores.get(key)?.get(prompt)?.score as number));
  }

  override render(): TemplateResult | typeof nothing {
    const { scorers, taus } = this;
    if (!taus.some((row) => row.some((tau) => tau !== null))) return nothing;
    return html`<section>
      <h2>${scoreText.agreement}</h2>
      <p class="small soft">${scoreText.agreementWords}${scorers.some(({ isTaste }) => isTaste) ? between() + scoreText.agreementTaste : nothing}</p>
      <div class="scroller">
        <table>
          <thead>
            <tr>
              <td></td>
              ${scorers.slice(0, -1).map(({ title }) => html`<th scope="col">${title}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${taus.slice(1).map(
              (row, index) => html`<tr>
                <th scope="row">${scorers[index + 1]?.title}</th>
                ${row.map((tau) => (tau === null ? html`<td class="soft">–</td>` : html`<td class="figures" ${styled({ "--share": `${Math.round(Math.abs(tau) * 100)}%` })}><span class=${tau < 0 ? "against" : ""}>${number(tau, 2)}</span></td>`))}
              </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </section>`;
  }

  static override styles = [
    ...PickElement.shared,
    css`
      section {
        display: grid;
        gap: var(--s2);
        max-width: var(--measure);
        padding-block-start: var(--s4);
      }
      h2 {
        font-size: var(--small);
      }
      .scroller {
        overflow-x: auto;
      }
      table {
        border-collapse: collapse;
        font-size: var(--small);
      }
      th {
        font-weight: 400;
        text-align: start;
        vertical-align: bottom;
        max-width: 9rem;
        padding: var(--s1) var(--s5) var(--s1) 0;
      }
      tbody th {
        white-space: nowrap;
        max-width: none;
      }
      tbody tr {
        border-block-start: 1px solid var(--line);
      }
      td {
        min-width: 5.5rem;
        padding: var(--s2) var(--s3) var(--s2) 0;
      }
      /* A bar as long as the agreement. */
      td.figures span {
        display: block;
        padding-block-end: var(--s0);
        background: linear-gradient(var(--mark), var(--mark)) no-repeat 0 100% / var(--share) 2px;
      }
      td.figures .against {
        background-image: linear-gradient(var(--soft), var(--soft));
      }
    `,
  ];
}

customElements.define("scorer-agreement", ScorerAgreement);
