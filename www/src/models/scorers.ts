/** The scorers that are known by name, in groups, from the engine's own table. */

import { css, html, nothing, type TemplateResult } from "lit";
import { PickElement } from "../design/element";
import { icon } from "../design/icons";
import { expandAddress } from "../engine/address";
import { type KnownScorer, library } from "../engine/library";
import { addToPanel, choiceKey, isOnPanel, removeFromPanel } from "../engine/panel";
import { type LoadChoice, loadModel, session } from "../engine/session";
import { config } from "../state/config";
import { settings } from "../state/settings";
import { Watch } from "../state/store";
import { bytes, percent } from "../text/format";
import { modelsText } from "../text/models";
import { stored } from "./stored";

const GROUPS = ["preference", "aesthetics", "similarity"] as const;

export class KnownScorers extends PickElement {
  static override properties = { scorers: { state: true } };

  declare private scorers: readonly KnownScorer[];

  constructor() {
    super();
    new Watch(this, session, settings, stored);
    this.scorers = [];
    void library().then(({ SCORERS }) => (this.scorers = SCORERS));
  }

  override render(): TemplateResult {
    return html`
      <h2>${modelsText.scorers}</h2>
      <p class="small soft lead">${modelsText.scorersLead}</p>
      ${GROUPS.map((group) => {
        const scorers = this.scorers.filter((scorer) => scorer.group === group);
        return scorers.length === 0
          ? nothing
          : html`<section>
              <h3>${modelsText[group]}</h3>
              <ul>
                ${scorers.map((scorer) => this.#scorer(scorer))}
              </ul>
            </section>`;
      })}
    `;
  }

  #scorer(scorer: KnownScorer): TemplateResult {
    const { title, page, readsPrompt, accuracy, weightsLicence, codeLicence, needsHead, head } = scorer;
    const licence = (name: string | null) => name ?? modelsText.notStated;
    const facts = [
      readsPrompt ? modelsText.readsBoth : modelsText.readsImage,
      accuracy === null ? undefined : modelsText.paper(percent(accuracy / 100)),
      modelsText.size(bytes(scorer.bytes)),
      modelsText.licence(licence(weightsLicence), licence(codeLicence)),
    ];
    const host = new URL(page);
    return html`<li>
      <div>
        <h4 class="voice">${title}</h4>
        <p class="small">${facts.filter((fact) => fact !== undefined).join(" · ")}</p>
        <p class="tiny soft">${modelsText.published} <a href=${page} rel="noreferrer" target="_blank">${host.host}${host.pathname}</a></p>
        ${scorer.address === null ? html`<p class="tiny soft">${modelsText.onlyFiles}${needsHead && head === null ? html` ${modelsText.needsHeadFile}` : nothing}</p>` : nothing}
      </div>
      ${scorer.address === null ? nothing : this.#actions(scorer, scorer.address)}
    </li>`;
  }

  #actions(scorer: KnownScorer, address: string): TemplateResult {
    const { title, readsPrompt } = scorer;
    const choice = choiceOf(scorer, address);
    const { choice: loaded, loading } = session.value;
    const is = (other: LoadChoice | undefined) => typeof other?.model === "string" && choiceKey({ ...other, model: other.model }) === choiceKey(choice);
    const isStored = stored.value.models.some(({ complete, address: from }) => complete && from === expandAddress(address));
    const words = isStored ? modelsText.load : modelsText.downloadAndLoad;
    const beside = (event: Event) => {
      if (!(event.target as HTMLInputElement).checked) removeFromPanel(choice);
      else addToPanel({ model: choice.model, scorer: choice.scorer ?? "auto", head: choice.head ?? null, title, readsPrompt });
    };
    return html`<div class="actions">
      <label class="check small"><input type="checkbox" .checked=${isOnPanel(choice)} aria-label=${modelsText.beside(title)} @change=${beside} />${modelsText.besideShort}</label>
      ${is(loaded)
        ? html`<p class="state small">${icon("check")}${modelsText.loaded}</p>`
        : html`<button type="button" aria-label="${words}: ${title}" ?disabled=${loading?.name === title} @click=${() => void loadModel(choice)}>${words}</button>`}
    </div>`;
  }

  static override styles = [
    ...PickElement.shared,
    css`
      :host {
        display: grid;
        gap: var(--s3);
      }
      .lead {
        max-width: var(--measure);
      }
      h3 {
        font-size: var(--small);
        font-weight: 600;
        padding-block: var(--s3) var(--s2);
      }
      h4 {
        margin: 0;
        font-size: var(--large);
        font-weight: 400;
      }
      ul {
        border-block-end: 1px solid var(--line);
      }
      li {
        display: flex;
        flex-wrap: wrap;
        justify-content: space-between;
        align-items: center;
        gap: var(--s2) var(--s6);
        padding-block: var(--s3);
        border-block-start: 1px solid var(--line);
      }
      li > div:first-child {
        flex: 1 1 18rem;
        max-width: var(--measure);
        overflow-wrap: anywhere;
      }
      .actions {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--s2) var(--s4);
      }
      .state {
        display: flex;
        align-items: center;
        gap: var(--s2);
      }
    `,
  ];
}

/** How to load a scorer. A model that the page offers by itself is the same choice here. */
function choiceOf({ name, title, head }: KnownScorer, address: string): LoadChoice & { model: string; head?: string } {
  const offered = config().models.some((model) => expandAddress(model.address) === expandAddress(address));
  return { model: address, name: title, ...(!offered && { scorer: name }), ...(head !== null && { head }) };
}

customElements.define("known-scorers", KnownScorers);
