/** Models to load: the demonstration, the host's models, any address, a folder on the device. */

import { css, html, nothing, type TemplateResult } from "lit";
import { PickElement } from "../design/element";
import { icon } from "../design/icons";
import { expandAddress } from "../engine/address";
import { type KnownScorer, library, type ScorerName } from "../engine/library";
import { type LoadChoice, loadModel, session } from "../engine/session";
import { speed } from "../engine/speed";
import { allow, isAllowed, originOf } from "../shell/policy";
import { route } from "../shell/router";
import { config, localised, type OfferedModel } from "../state/config";
import { Watch } from "../state/store";
import { bytes } from "../text/format";
import { language } from "../text/language";
import { modelsText } from "../text/models";
import { downloadWords } from "./price";
import { stored, tooLittle } from "./stored";

export class ModelOffers extends PickElement {
  static override properties = { address: { state: true }, problem: { state: true }, scorer: { state: true }, head: { state: true }, scorers: { state: true } };

  /** The contents of the address field. */
  declare address: string;
  declare problem: "bad" | "not-allowed" | undefined;
  /** The scorer and the head for the next load. */
  declare private scorer: ScorerName | "auto";
  declare private head: File | undefined;
  declare private scorers: readonly KnownScorer[];

  constructor() {
    super();
    new Watch(this, session, speed, stored);
    this.address = route.value.query.get("model") ?? "";
    this.problem = undefined;
    this.scorer = "auto";
    this.head = undefined;
    this.scorers = [];
    void library().then(({ SCORERS }) => (this.scorers = SCORERS));
  }

  override render(): TemplateResult {
    const { demonstration, models } = config();
    return html`
      <h2>${modelsText.offered}</h2>
      <ul>
        ${models.map((model) => this.#offer(model, model.about === undefined ? "" : localised(model.about, language.value)))}
        ${demonstration ? this.#offer(demonstration, modelsText.demonstrationAbout) : nothing}
        <li>${this.#other()}</li>
      </ul>
    `;
  }

  #offer(model: OfferedModel, about: string): TemplateResult {
    const { address, loading } = session.value;
    const full = expandAddress(model.address);
    const isLoaded = expandAddress(address || "/") === full && session.value.scorer !== undefined;
    const isLoading = typeof loading?.model === "string" && expandAddress(loading.model) === full;
    const kept = stored.value.models.filter((other) => other.address === full);
    const whole = kept.find(({ complete }) => complete);
    const words = whole ? modelsText.load : kept.length > 0 ? modelsText.goOn : model.bytes === undefined ? modelsText.load : modelsText.downloadAndLoad;
    const own = model === config().demonstration;
    return html`<li class=${own ? "" : "main"}>
      <div>
        <h3 class="voice">${model.name}</h3>
        <p class="small soft">${about}</p>
        <p class="small">
          ${whole ? modelsText.kept : model.bytes === undefined ? (own ? nothing : modelsText.sizeUnknown) : html`<b>${modelsText.size(bytes(model.bytes))}</b>`}
          ${model.kept?.f16 !== undefined && model.kept.q8 !== undefined ? html`<span class="soft">· ${modelsText.needs(bytes(model.kept.f16), bytes(model.kept.q8))}</span>` : nothing}
        </p>
        ${whole || own ? nothing : html`<p class="small soft">${downloadWords(model)}</p>`}
        ${this.#warning(model, whole !== undefined)}
      </div>
      ${isLoaded
        ? html`<p class="state small">${icon("check")}${modelsText.loaded}</p>`
        : html`<button type="button" class=${own ? "" : "primary"} aria-label="${words}: ${model.name}" ?disabled=${isLoading} @click=${() => void loadModel({ model: model.address, name: model.name })}>${words}</button>`}
    </li>`;
  }

  /** Warns before gigabytes are downloaded. */
  #warning(model: OfferedModel, whole: boolean): TemplateResult | typeof nothing {
    const free = whole ? undefined : tooLittle(model);
    return free === undefined ? nothing : html`<p class="notice small">${modelsText.notEnough(bytes(free))}</p>`;
  }

  #other(): TemplateResult {
    const origin = originOf(this.address) ?? "";
    const host = origin.replace(/^https?:\/\//, "");
    return html`<form class="other" @submit=${this.#submit}>
      <h3 class="voice">${modelsText.other}</h3>
      <p class="small soft" id="other-hint">${modelsText.otherHint}</p>
      <div class="row">
        <label class="field address">
          ${modelsText.address}
          <input
            name="model"
            required
            spellcheck="false"
            autocomplete="off"
            autocapitalize="off"
            placeholder=${modelsText.addressExample}
            aria-describedby="other-hint"
            .value=${this.address}
            @input=${(event: Event) => {
              this.address = (event.target as HTMLInputElement).value;
              this.problem = undefined;
            }}
          />
        </label>
        <button>${modelsText.load}</button>
      </div>
      ${this.problem === "bad" ? html`<p class="problem small" role="alert">${modelsText.badAddress}</p>` : nothing}
      ${this.problem === "not-allowed"
        ? html`<div class="problem small stack" role="alert">
            <p>${modelsText.notAllowed(host)}</p>
            <p><button type="button" @click=${this.#allow}>${modelsText.allowAndReload}</button></p>
          </div>`
        : nothing}
      <div class="row">
        <label class="field"
          >${modelsText.chooseScorer}
          <select name="scorer" @change=${(event: Event) => (this.scorer = (event.target as HTMLSelectElement).value as ScorerName | "auto")}>
            <option value="auto">${modelsText.scorerAuto}</option>
            ${this.scorers.map(({ name, title }) => html`<option value=${name} ?selected=${name === this.scorer}>${title}</option>`)}
          </select></label
        >
        <label class="button">${icon("add")}${modelsText.chooseHead}<input type="file" accept=".pth,.pt,.bin,.safetensors" @change=${this.#headPicked} /></label>
        <span class="small soft">${this.head?.name ?? modelsText.headHint}</span>
      </div>
      <div class="row">
        <label class="button">${icon("folder")}${modelsText.fromFolder}<input type="file" webkitdirectory multiple @change=${this.#picked} /></label>
        <span class="small soft">${modelsText.folderHint}</span>
      </div>
    </form>`;
  }

  #submit(event: SubmitEvent): void {
    event.preventDefault();
    const address = this.address.trim();
    const full = expandAddress(address);
    // A single word would mean a file on this host; require a path or an address.
    if (originOf(full) === null || !/^(hf:|https?:|[./])|\//.test(address)) {
      this.problem = "bad";
    } else if (!isAllowed(full)) {
      this.problem = "not-allowed";
    } else {
      this.problem = undefined;
      void loadModel({ model: address, name: nameOf(address), ...this.#as() });
    }
  }

  readonly #allow = (): void => {
    allow(this.address);
    // The address field is restored from the hash.
    location.hash = `#/models?${new URLSearchParams({ model: this.address.trim() })}`;
    location.reload();
  };

  #picked(event: Event): void {
    const input = event.target as HTMLInputElement;
    const files = [...(input.files ?? [])];
    input.value = "";
    if (files.length === 0) return;
    void loadModel({ model: files, name: files[0]?.webkitRelativePath.split("/")[0] || (files[0] as File).name, ...this.#as() });
  }

  readonly #headPicked = (event: Event): void => {
    this.head = (event.target as HTMLInputElement).files?.[0];
  };

  /** The chosen scorer and head. */
  #as(): Pick<LoadChoice, "scorer" | "head"> {
    return { ...(this.scorer !== "auto" && { scorer: this.scorer }), ...(this.head && { head: this.head }) };
  }

  static override styles = [
    ...PickElement.shared,
    css`
      ul {
        border-block-end: 1px solid var(--line);
        margin-block-start: var(--s3);
      }
      li {
        display: flex;
        flex-wrap: wrap;
        justify-content: space-between;
        align-items: center;
        gap: var(--s3) var(--s6);
        padding-block: var(--s4);
        border-block-start: 1px solid var(--line);
      }
      li > div {
        flex: 1 1 18rem;
        max-width: var(--measure);
      }
      h3 {
        font-size: var(--large);
        font-weight: 400;
      }
      .main h3 {
        font-size: var(--title);
      }
      .state {
        display: flex;
        align-items: center;
        gap: var(--s2);
      }
      .other {
        display: grid;
        gap: var(--s3);
        flex: 1;
        min-width: 0;
      }
      .other .row {
        align-items: end;
      }
      .address {
        flex: 1 1 16rem;
        max-width: var(--narrow);
      }
    `,
  ];
}

/** The last meaningful part of an address. */
export function nameOf(address: string): string {
  const parts = address.replace(/[?#].*$/, "").split("/").filter(Boolean);
  const last = parts.pop() ?? address;
  return /\.(safetensors|json)$/.test(last) ? (parts.pop() ?? last) : last.replace(/^hf:/, "");
}

customElements.define("model-offers", ModelOffers);
