/** How to judge: the modes with the work that each takes, and options. */

import { css, html, nothing, type TemplateResult } from "lit";
import type { Mode, PreferenceRecord } from "../collection/library";
import type { Plan, PromptSet } from "../collection/rows";
import { PickElement } from "../design/element";
import { between, duration } from "../text/format";
import { judgeText } from "../text/judge";
import { expectedSeconds } from "./pace";
import { choicesOf, fittingMode } from "./sets";

const MODES = ["best-of-four", "active", "all-pairs", "winner-stays"] as const satisfies Mode[];

/** Dispatches `plan` with the changes. */
export class PlanView extends PickElement {
  static override properties = { plan: { attribute: false }, sets: { attribute: false }, earlier: { attribute: false } };
  declare plan: Plan;
  declare sets: readonly PromptSet[];
  /** Choices of earlier rounds, from which the expected time follows. */
  declare earlier: readonly PreferenceRecord[];

  constructor() {
    super();
    this.sets = [];
    this.earlier = [];
  }

  override render(): TemplateResult {
    const { plan, sets } = this;
    const largest = Math.max(0, ...sets.map(({ images }) => images.length));
    return html`
      <fieldset class="stack">
        <legend>${judgeText.how}</legend>
        <div class="modes">${MODES.map((mode) => this.#mode(mode, largest))}</div>
        <div class="options">
          <label class="check">
            <input type="checkbox" .checked=${plan.open} @change=${(event: Event) => this.#set({ open: (event.target as HTMLInputElement).checked })} />
            <span>${judgeText.open}${between()}<span class="soft">${judgeText.openWords}</span></span>
          </label>
          <label class="check">
            <input type="checkbox" .checked=${plan.controls} @change=${(event: Event) => this.#set({ controls: (event.target as HTMLInputElement).checked })} />
            <span>${judgeText.controls}${between()}<span class="soft">${judgeText.controlsWords}</span></span>
          </label>
          ${plan.mode === "active"
            ? html`<label class="check">
                <input type="checkbox" .checked=${plan.byTaste === true} @change=${(event: Event) => this.#set({ byTaste: (event.target as HTMLInputElement).checked })} />
                <span>${judgeText.byTaste}${between()}<span class="soft">${judgeText.byTasteWords}</span></span>
              </label>`
            : nothing}
          <label class="check">
            <input type="number" min="0" max="9999" .value=${String(plan.limit)} @change=${(event: Event) => this.#set({ limit: Math.max(0, Math.min(9999, Math.round(Number((event.target as HTMLInputElement).value) || 0))) })} />
            <span>${judgeText.limit}</span>
          </label>
        </div>
      </fieldset>
    `;
  }

  #mode(mode: (typeof MODES)[number], largest: number): TemplateResult {
    return html`<label class="mode">
      <input type="radio" name="mode" .checked=${this.plan.mode === mode} @change=${() => this.#set({ mode })} />
      <span class="name"
        ><strong>${judgeText[`mode_${mode}`]}</strong>
        ${largest > 0 && mode === fittingMode(largest) ? html`<span class="fits tiny">${judgeText.fits(largest)}</span>` : nothing}</span
      >
      <span class="soft small words">${judgeText[`about_${mode}`]}</span>
      ${largest > 0 ? html`<span class="small words figures">${this.#work(mode)}</span>` : nothing}
    </label>`;
  }

  /** The choices of a mode, and how long they will take. */
  #work(mode: Mode): string {
    const choices = this.sets.reduce((sum, { images }) => sum + choicesOf(mode, images.length, this.plan.limit), 0);
    const words = mode === "best-of-four" ? judgeText.choices(choices) : judgeText.pairs(choices);
    return judgeText.workOf(words, duration(choices * expectedSeconds(mode, this.earlier)));
  }

  #set(plan: Partial<Plan>): void {
    this.dispatchEvent(new CustomEvent("plan", { detail: plan }));
  }

  static override styles = [
    ...PickElement.shared,
    css`
      legend {
        padding: 0;
        margin-block-end: var(--s3);
      }
      .modes {
        display: grid;
        grid-template-columns: repeat(4, minmax(0, 1fr));
        gap: var(--s3);
      }
      @media (max-width: 72rem) {
        .modes {
          grid-template-columns: repeat(2, minmax(0, 1fr));
        }
      }
      @media (max-width: 40rem) {
        .modes {
          grid-template-columns: minmax(0, 1fr);
        }
      }
      .mode {
        display: grid;
        grid-template-columns: auto 1fr;
        gap: 0 var(--s2);
        align-items: center;
        align-content: start;
        padding: var(--s3);
        border: 1px solid var(--line);
        border-radius: var(--corner);
        cursor: pointer;
      }
      .mode:has(:checked) {
        border-color: var(--mark);
        background: var(--mark-wash);
      }
      .mode strong {
        font-weight: 600;
      }
      .mode .name {
        display: flex;
        flex-wrap: wrap;
        align-items: baseline;
        justify-content: space-between;
        gap: 0 var(--s2);
      }
      .fits {
        color: var(--mark);
      }
      .mode .words {
        grid-column: 2;
        display: block;
      }
      .options {
        display: grid;
        gap: var(--s2);
      }
      .options input[type="number"] {
        width: 5rem;
      }
    `,
  ];
}

customElements.define("plan-view", PlanView);
