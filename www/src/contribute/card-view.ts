/** Licence, consent and title of a contribution. */

import { css, html, nothing, type TemplateResult } from "lit";
import { PickElement } from "../design/element";
import { config } from "../state/config";
import { Watch } from "../state/store";
import { contributeText } from "../text/contribute";
import { consentText, licence, words } from "./card";

export class CardView extends PickElement {
  constructor() {
    super();
    new Watch(this, words);
  }

  override render(): TemplateResult {
    const { purpose, agreed, title, description } = words.value;
    const purposes = { publish: contributeText.forPublishing, keep: contributeText.forKeeping } as const;
    return html`
      <fieldset class="stack">
        <legend>${contributeText.purpose}</legend>
        ${(["publish", "keep"] as const).map(
          (name) => html`<label class="check">
            <input type="radio" name="purpose" .checked=${purpose === name} @change=${() => words.patch({ purpose: name })} />
            <span>${purposes[name]}</span>
          </label>`,
        )}
      </fieldset>
      ${purpose === "publish" ? this.#publishing(agreed) : nothing}
      <details>
        <summary class="small">${contributeText.describe}</summary>
        <div class="stack">
          <label class="field">
            ${contributeText.cardTitle}
            <input maxlength="200" .value=${title} placeholder=${contributeText.defaultTitle(config().title)} @input=${(event: Event) => words.patch({ title: (event.target as HTMLInputElement).value })} />
          </label>
          <label class="field">
            ${contributeText.cardDescription}
            <textarea rows="3" maxlength="5000" .value=${description} @input=${(event: Event) => words.patch({ description: (event.target as HTMLTextAreaElement).value })}></textarea>
          </label>
        </div>
      </details>
    `;
  }

  #publishing(agreed: boolean): TemplateResult {
    const chosen = licence();
    const { licences } = config();
    const url = licences.find(({ id }) => id === chosen)?.url;
    return html`
      <div class="row">
        <label class="field">
          ${contributeText.licence}
          <select @change=${(event: Event) => words.patch({ licence: (event.target as HTMLSelectElement).value })}>
            ${licences.map(({ id, name }) => html`<option value=${id} ?selected=${id === chosen}>${name}</option>`)}
          </select>
        </label>
        ${url ? html`<a class="small read" href=${url} target="_blank" rel="noreferrer">${contributeText.readLicence}</a>` : nothing}
      </div>
      <label class="check consent">
        <input type="checkbox" .checked=${agreed} @change=${(event: Event) => words.patch({ agreed: (event.target as HTMLInputElement).checked })} />
        <span>${consentText()} <span class="soft tiny">${contributeText.consentVersion(config().consentVersion)}</span></span>
      </label>
    `;
  }

  static override styles = [
    ...PickElement.shared,
    css`
      :host {
        display: grid;
        gap: var(--s4);
        max-width: var(--measure);
      }
      fieldset {
        gap: 0;
      }
      legend {
        padding: 0;
        margin-block-end: var(--s1);
        font-size: var(--small);
      }
      .consent {
        align-items: start;
        padding: var(--s3);
        background: var(--table);
      }
      .consent input {
        margin-block-start: var(--s0);
      }
      .read {
        align-self: end;
        padding-block: var(--s2);
      }
      summary {
        cursor: pointer;
        color: var(--mark);
        min-height: 1.75rem;
      }
    `,
  ];
}

customElements.define("card-view", CardView);
