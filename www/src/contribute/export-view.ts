/** Exporting a contribution. */

import { css, html, nothing, type TemplateResult } from "lit";
import "./card-view";
import type { DataProgress, ExportResult, Format } from "../collection/library";
import { PickElement } from "../design/element";
import { icon } from "../design/icons";
import { canWriteFolder } from "../files/pickers";
import { announce } from "../shell/toasts";
import { Watch } from "../state/store";
import { contributeText } from "../text/contribute";
import { bytes, number } from "../text/format";
import { card, isReady, words } from "./card";
import { explainData } from "./explain";
import { type Order, saveFolder, saveZip } from "./export";
import type { Holdings } from "./holdings";

const FORMATS: Format[] = ["parquet", "jsonl", "csv"];
/** Maximum reasons shown. */
const MOST = 10;

export class ExportView extends PickElement {
  static override properties = { holdings: { attribute: false }, format: { state: true }, running: { state: true }, result: { state: true }, error: { state: true } };
  declare holdings: Holdings;
  declare private format: Format;
  declare private running: { abort: AbortController; progress: DataProgress | undefined } | undefined;
  declare private result: ExportResult | undefined;
  declare private error: unknown;

  constructor() {
    super();
    this.format = "parquet";
    this.running = undefined;
    this.result = undefined;
    this.error = undefined;
    new Watch(this, words);
  }

  override render(): TemplateResult {
    const { running } = this;
    return html`
      <h2>${contributeText.exportTitle}</h2>
      <card-view></card-view>
      <fieldset class="stack">
        <legend>${contributeText.format}</legend>
        ${FORMATS.map(
          (name) => html`<label class="check">
            <input type="radio" name="format" .checked=${this.format === name} @change=${() => (this.format = name)} />
            <span>${contributeText[`format_${name}`]} <span class="soft">${contributeText[`about_${name}`]}</span></span>
          </label>`,
        )}
      </fieldset>
      ${running
        ? html`<div class="row" role="status">
            <span class="small">${this.#progressWords(running.progress)}</span>
            <progress .value=${running.progress?.loaded ?? 0} max=${running.progress?.total ?? 1} aria-label=${contributeText.progress}></progress>
            <button type="button" @click=${() => running.abort.abort()}>${contributeText.stop}</button>
          </div>`
        : html`<div class="row">
            <button type="button" class="primary" ?disabled=${!isReady()} @click=${() => this.#run(saveZip)}>${icon("download")}${contributeText.saveZip(number(this.holdings.records.length))}</button>
            ${canWriteFolder ? html`<button type="button" ?disabled=${!isReady()} @click=${() => this.#run(saveFolder)}>${icon("folder")}${contributeText.saveFolder}</button>` : nothing}
            ${isReady() ? nothing : html`<span class="small soft">${contributeText.agreeFirst}</span>`}
          </div>`}
      ${this.error ? html`<p class="problem small" role="alert">${explainData(this.error)}</p>` : nothing} ${this.#outcome()}
    `;
  }

  #progressWords(progress: DataProgress | undefined): string {
    if (!progress) return contributeText.beginning;
    const { stage, loaded, total } = progress;
    return stage === "checking" ? contributeText.checking(number(loaded), number(total ?? loaded)) : contributeText.writing(number(loaded), number(total ?? loaded));
  }

  #outcome(): TemplateResult | typeof nothing {
    const { result } = this;
    if (!result) return nothing;
    return html`<div class="notice small" role="status">
      <p>${contributeText.saved(number(result.records), result.name, bytes(result.bytes))}</p>
      ${result.leftOut.length > 0
        ? html`<p>${contributeText.leftOut(result.leftOut.length)}</p>
            <ul>
              ${result.leftOut.slice(0, MOST).map(({ uid, reason }) => html`<li><span class="figures">${uid.slice(0, 8)}</span>: ${reason}</li>`)}
              ${result.leftOut.length > MOST ? html`<li>${contributeText.andMore(number(result.leftOut.length - MOST))}</li>` : nothing}
            </ul>`
        : nothing}
    </div>`;
  }

  async #run(save: (order: Order) => Promise<ExportResult | undefined>): Promise<void> {
    const abort = new AbortController();
    this.running = { abort, progress: undefined };
    this.error = undefined;
    this.result = undefined;
    try {
      const order = { format: this.format, card: card(), signal: abort.signal, onProgress: (progress: DataProgress) => (this.running = { abort, progress }) };
      this.result = await save(order);
      if (this.result) announce(contributeText.saved(number(this.result.records), this.result.name, bytes(this.result.bytes)));
    } catch (error) {
      if (!abort.signal.aborted) this.error = error;
    } finally {
      this.running = undefined;
    }
  }

  static override styles = [
    ...PickElement.shared,
    css`
      :host {
        display: grid;
        gap: var(--s4);
      }
      fieldset {
        gap: 0;
      }
      legend {
        padding: 0;
        margin-block-end: var(--s1);
        font-size: var(--small);
      }
      progress {
        max-width: 18rem;
      }
    `,
  ];
}

customElements.define("export-view", ExportView);
