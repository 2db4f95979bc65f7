/**
 * Filters by what the files say: a button that opens one list for each setting. Shown once a file
 * says how it was made.
 */

import { css, html, nothing, type TemplateResult } from "lit";
import { PickElement } from "../design/element";
import { Menu, menuStyle } from "../design/menu";
import { Watch } from "../state/store";
import { number } from "../text/format";
import { tableText } from "../text/table";
import { board } from "./board";
import { anyGeneration, type Field, FIELDS, type Filter, values } from "./generation";

/** Longer lists are of no use; seeds are found by typing. */
const MOST = 300;

export class GenerationFilter extends PickElement {
  readonly #menu = new Menu(this);

  constructor() {
    super();
    new Watch(this, board);
  }

  override render(): TemplateResult | typeof nothing {
    const { pictures, filter } = board.value;
    const count = Object.keys(filter).length;
    if (count === 0 && !anyGeneration(pictures)) return nothing;
    return html`<div class="menu" @focusout=${this.#menu.left} @keydown=${this.#menu.keyed}>
      <button type="button" aria-expanded=${this.#menu.open} aria-pressed=${count > 0} @click=${this.#menu.toggle}>${count > 0 ? tableText.settingsOf(count) : tableText.settings}</button>
      ${this.#menu.open
        ? html`<fieldset class="list">
            <legend class="small">${tableText.filterTitle}</legend>
            ${FIELDS.map((field) => this.#field(field))}
            ${count > 0 ? html`<button type="button" @click=${this.#clear}>${tableText.clearFilter}</button>` : nothing}
          </fieldset>`
        : nothing}
    </div>`;
  }

  #field(field: Field): TemplateResult | typeof nothing {
    const { pictures, filter } = board.value;
    const found = values(pictures, field);
    const chosen = filter[field];
    // A single value filters nothing.
    if (found.length < 2 && chosen === undefined) return nothing;
    const listed = found.slice(0, MOST);
    return html`<label>
      <span>${tableText[`field_${field}`]}</span>
      <select @change=${(event: Event) => this.#choose(field, (event.target as HTMLSelectElement).selectedIndex, listed)}>
        <option ?selected=${chosen === undefined}>${tableText.any}</option>
        ${listed.map(([value, count]) => html`<option ?selected=${value === chosen}>${value === "" ? tableText.unsaid : value} (${number(count)})</option>`)}
      </select>
    </label>`;
  }

  #choose(field: Field, index: number, listed: readonly (readonly [string, number])[]): void {
    const { [field]: _, ...rest } = board.value.filter as Filter;
    const value = listed[index - 1]?.[0];
    board.patch({ filter: value === undefined ? rest : { ...rest, [field]: value } });
  }

  /** The button goes with the filters, so the menu's own gets the focus. */
  readonly #clear = (): void => {
    board.patch({ filter: {} });
    this.#menu.focusButton();
  };

  static override styles = [
    ...PickElement.shared,
    menuStyle,
    css`
      /* Without files that say anything, it takes no gap in the toolbar. */
      :host {
        display: contents;
      }
      label > span::first-letter {
        text-transform: uppercase;
      }
      .list {
        gap: var(--s2);
        width: min(22rem, calc(100vw - 2 * var(--gutter)));
        padding: var(--s3);
      }
      legend {
        float: left;
        padding: 0;
      }
      label {
        display: grid;
        grid-template-columns: 6.5rem minmax(0, 1fr);
        align-items: center;
        gap: var(--s2);
      }
    `,
  ];
}

customElements.define("generation-filter", GenerationFilter);
