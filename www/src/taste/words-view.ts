/** A chart of words for a taste: those most along it, and those most against it. */

import { css, html, nothing, svg, type PropertyValues, type TemplateResult } from "lit";
import { PickElement } from "../design/element";
import { session } from "../engine/session";
import { Watch } from "../state/store";
import { explain } from "../text/errors";
import { number } from "../text/format";
import { tasteText } from "../text/taste";
import type { KeptTaste } from "./kept";
import { describe, keepWords, type Word, wordList } from "./words";

/** Rows of the chart at either end. */
const ENDS = 6;
const HEIGHT = 20;

export class TasteWords extends PickElement {
  static override properties = { taste: { attribute: false }, words: { state: true }, error: { state: true }, editing: { state: true } };
  declare taste: KeptTaste;
  declare private words: readonly Word[];
  declare private error: unknown;
  declare private editing: boolean;
  #abort: AbortController | undefined;
  #seen: unknown;

  constructor() {
    super();
    new Watch(this, session);
    this.words = [];
    this.editing = false;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#abort?.abort();
    this.#seen = undefined;
  }

  protected override willUpdate(_changed: PropertyValues): void {
    const seen = this.#isLoaded ? this.taste.text : "";
    if (seen !== this.#seen) void this.#describe(seen);
  }

  /** Whether the model of the taste is loaded, which embeds the words. */
  get #isLoaded(): boolean {
    const { info } = session.value;
    return info?.embedsPrompts === true && info.fingerprint === this.taste.base;
  }

  async #describe(seen: string): Promise<void> {
    this.#seen = seen;
    this.#abort?.abort();
    const { scorer } = session.value;
    if (!scorer || !this.#isLoaded) return;
    const abort = (this.#abort = new AbortController());
    try {
      const words = await describe(scorer, this.taste, wordList(), abort.signal);
      if (abort.signal.aborted) return;
      this.words = words;
      this.error = undefined;
    } catch (error) {
      if (!abort.signal.aborted) this.error = error;
    }
  }

  #keep(event: Event): void {
    event.preventDefault();
    const text = this.renderRoot.querySelector("textarea")?.value ?? "";
    keepWords(text);
    this.editing = false;
    this.#seen = undefined;
    this.requestUpdate();
  }

  override render(): TemplateResult | typeof nothing {
    if (session.value.info?.fingerprint === this.taste.base && !session.value.info.embedsPrompts) return nothing;
    const rows = this.words.length <= 2 * ENDS ? this.words : [...this.words.slice(0, ENDS), ...this.words.slice(-ENDS)];
    return html`<h4>${tasteText.words}</h4>
      <p class="tiny soft">${this.#isLoaded ? tasteText.wordsAbout : tasteText.wordsNeedModel(this.taste.model)}</p>
      ${this.error ? html`<p class="small" role="alert">${explain(this.error)}</p>` : nothing}
      ${this.#isLoaded && rows.length > 0 ? this.#chart(rows) : nothing}
      ${this.#isLoaded && rows.length > 0 && !this.words.some(isSure) ? html`<p class="small">${tasteText.noWord}</p>` : nothing}
      ${this.editing
        ? html`<form @submit=${this.#keep}>
            <label class="small"
              >${tasteText.wordsOneEach}
              <textarea rows="8" .value=${wordList().join("\n")}></textarea>
            </label>
            <div class="row">
              <button type="submit">${tasteText.save}</button>
              <button type="button" class="quiet" @click=${() => (this.editing = false)}>${tasteText.cancel}</button>
            </div>
          </form>`
        : html`<button type="button" class="link small" @click=${() => (this.editing = true)}>${tasteText.editWords}</button>`}`;
  }

  #chart(rows: readonly Word[]): TemplateResult {
    const reach = Math.max(...rows.flatMap(({ low, high }) => [-low, high])) || 1;
    const x = (value: number) => `${50 + (50 * value) / reach}%`;
    const row = (word: Word) => {
      const { text, along, low, high } = word;
      return html`<tr>
      <th scope="row" class="voice">${text}</th>
      <td class="plot">
        <svg width="100%" height=${HEIGHT} aria-hidden="true">
          ${svg`<line class="zero" x1="50%" x2="50%" y1="0" y2=${HEIGHT} />
            <line class="reach" x1=${x(low)} x2=${x(high)} y1=${HEIGHT / 2} y2=${HEIGHT / 2} />
            <circle class=${isSure(word) ? "sure" : "unsure"} cx=${x(along)} cy=${HEIGHT / 2} r="4" />`}
        </svg>
      </td>
      <td class="figures tiny">${signed(along)} <span class="soft">${tasteText.range(signed(low), signed(high))}</span></td>
    </tr>`;
    };
    return html`<div class="scroller" tabindex="0" role="region" aria-label=${tasteText.words}>
      <table>
        <thead class="tiny soft">
          <tr>
            <th scope="col"><span class="hidden-text">${tasteText.word}</span></th>
            <td class="plot"><span class="sides"><span>${tasteText.against}</span><span>${tasteText.towards}</span></span></td>
            <th scope="col"><span class="hidden-text">${tasteText.along}</span></th>
          </tr>
        </thead>
        <tbody>${rows.map(row)}</tbody>
      </table>
    </div>`;
  }

  static override styles = [
    ...PickElement.shared,
    css`
      :host {
        display: grid;
        gap: var(--s2);
        justify-items: start;
        align-content: start;
        max-width: var(--narrow);
      }
      h4 {
        margin: 0;
        font-size: var(--small);
        font-weight: 600;
      }
      .scroller {
        overflow-x: auto;
        max-width: 100%;
      }
      table {
        border-collapse: collapse;
        font-size: var(--small);
      }
      th {
        font-weight: 400;
        text-align: start;
        padding-inline-end: var(--s4);
      }
      td {
        padding-inline-end: var(--s3);
        white-space: nowrap;
      }
      .plot {
        width: 15.75rem;
      }
      /* Dots at the ends are whole. */
      svg {
        overflow: visible;
      }
      tbody .plot {
        padding-inline: 4px calc(4px + var(--s3));
      }
      .sides {
        display: flex;
        flex-wrap: wrap;
        gap: 0 var(--s2);
        white-space: nowrap;
      }
      .sides > :last-child {
        margin-inline-start: auto;
      }
      .zero {
        stroke: var(--line);
      }
      .reach {
        stroke: var(--soft);
        stroke-width: 1.5;
      }
      circle {
        stroke: var(--mark);
        stroke-width: 1.5;
      }
      .sure {
        fill: var(--mark);
      }
      .unsure {
        fill: var(--ground);
      }
      /* On phones, the drawing takes what is left, and only it shows the interval. */
      @media (max-width: 40rem) {
        table {
          width: 100%;
        }
        th {
          min-width: 5.5rem;
          padding-inline-end: var(--s2);
        }
        td:last-child {
          padding-inline-end: 0;
        }
        td.figures .soft {
          position: absolute;
          width: 1px;
          height: 1px;
          overflow: hidden;
          clip-path: inset(50%);
        }
        .plot {
          width: 100%;
          min-width: 6rem;
          white-space: normal;
        }
        tbody .plot {
          padding-inline-end: calc(4px + var(--s2));
        }
      }
      form,
      label {
        display: grid;
        gap: var(--s2);
        width: min(100%, var(--narrow));
      }
    `,
  ];
}

/** Whether the 95 % interval does not contain zero. */
function isSure({ low, high }: Word): boolean {
  return low > 0 || high < 0;
}

function signed(value: number): string {
  const text = number(value, 2);
  return value > 0 && /[1-9]/.test(text) ? `+${text}` : text;
}

customElements.define("taste-words", TasteWords);
