/** Models stored in this browser, and hosts that the visitor allowed. */

import { css, html, nothing, type TemplateResult } from "lit";
import { PickElement } from "../design/element";
import { icon } from "../design/icons";
import type { CachedModel } from "../engine/library";
import { clearKept, keptSize } from "../engine/kept";
import { loadModel } from "../engine/session";
import { forbid } from "../shell/policy";
import { toast } from "../shell/toasts";
import { settings } from "../state/settings";
import { Watch } from "../state/store";
import { explain } from "../text/errors";
import { bytes, number } from "../text/format";
import { language } from "../text/language";
import { modelsText } from "../text/models";
import { removeStored, stored } from "./stored";

export class KeptModels extends PickElement {
  static override properties = { asked: { state: true } };

  /** The model whose deletion has to be confirmed. */
  declare asked: string | undefined;

  constructor() {
    super();
    new Watch(this, stored, settings, keptSize);
    this.asked = undefined;
  }

  override render(): TemplateResult {
    const { models } = stored.value;
    const { hosts } = settings.value;
    const rows = keptSize.value.embeddings + keptSize.value.scores;
    return html`
      <h2>${modelsText.stored}</h2>
      ${models.length === 0 ? html`<p class="small soft">${modelsText.nothingStored}</p>` : html`<ul>${models.map((model) => this.#model(model))}</ul>`}
      ${rows === 0
        ? nothing
        : html`<h2>${modelsText.keptScores}</h2>
            <div class="row small">
              <span class="soft words">${modelsText.keptScoresWords(number(keptSize.value.embeddings), number(keptSize.value.scores), bytes(keptSize.value.bytes))}</span>
              <button type="button" aria-label="${modelsText.clearScores}: ${modelsText.keptScores}" @click=${() => void this.#clear()}>${modelsText.clearScores}</button>
            </div>`}
      ${hosts.length === 0
        ? nothing
        : html`<h2>${modelsText.allowed}</h2>
            <ul>
              ${hosts.map((host) => html`<li class="small"><span>${host}</span><button type="button" class="quiet" aria-label="${modelsText.takeBack}: ${host}" @click=${() => this.#takeBack(host)}>${modelsText.takeBack}</button></li>`)}
            </ul>`}
    `;
  }

  #model(model: CachedModel): TemplateResult {
    const { id, name, precision, bytes: size, complete, stored: since, address } = model;
    const facts = [`${bytes(size)} ${precision}`, complete ? (since ? modelsText.storedOn(new Date(since).toLocaleDateString(language.value)) : "") : modelsText.part];
    const load = () => {
      settings.patch({ precision });
      void loadModel({ model: address, name });
    };
    return html`<li>
      <div>
        <p>${name}</p>
        <p class="tiny soft">${facts.filter(Boolean).join(" · ")}<br />${address}</p>
      </div>
      ${this.asked === id
        ? html`<div class="row" role="alert">
            <span class="small">${modelsText.deleteSure(name, bytes(size))}</span>
            <button type="button" @click=${() => this.#delete(model)}>${modelsText.delete}</button>
            <button type="button" class="quiet" @click=${() => (this.asked = undefined)}>${modelsText.cancel}</button>
          </div>`
        : html`<div class="row">
            <button type="button" aria-label="${complete ? modelsText.load : modelsText.goOn}: ${name}" @click=${load}>${complete ? modelsText.load : modelsText.goOn}</button>
            <button type="button" class="quiet" aria-label="${modelsText.delete}: ${name}" @click=${() => (this.asked = id)}>${icon("remove")}${modelsText.delete}</button>
          </div>`}
    </li>`;
  }

  async #delete(model: CachedModel): Promise<void> {
    this.asked = undefined;
    try {
      await removeStored(model);
      toast({ text: modelsText.deleted(model.name) });
    } catch (error) {
      toast({ text: explain(error), stays: true });
    }
  }

  async #clear(): Promise<void> {
    try {
      await clearKept();
      toast({ text: modelsText.clearedScores });
    } catch (error) {
      toast({ text: explain(error), stays: true });
    }
  }

  #takeBack(host: string): void {
    forbid(host);
    toast({ text: modelsText.takenBack(host) });
  }

  static override styles = [
    ...PickElement.shared,
    css`
      :host {
        display: grid;
        gap: var(--s2);
      }
      h2:not(:first-of-type) {
        margin-block-start: var(--s5);
      }
      .words {
        flex: 1 1 20rem;
        max-width: var(--measure);
      }
      ul {
        border-block-end: 1px solid var(--line);
      }
      li {
        display: flex;
        flex-wrap: wrap;
        justify-content: space-between;
        align-items: center;
        gap: var(--s2) var(--s5);
        padding-block: var(--s2);
        border-block-start: 1px solid var(--line);
        overflow-wrap: anywhere;
      }
      li > div:first-child {
        flex: 1 1 14rem;
        min-width: 0;
      }
    `,
  ];
}

customElements.define("kept-models", KeptModels);
