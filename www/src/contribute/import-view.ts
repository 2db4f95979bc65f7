/** Importing contributions: shows what would be added before anything is. */

import { css, html, nothing, type TemplateResult } from "lit";
import { deleteRecords } from "../collection/collection";
import type { DataProgress, Refusal } from "../collection/library";
import { randomUid } from "../collection/rater";
import { PickElement } from "../design/element";
import { icon } from "../design/icons";
import { toast } from "../shell/toasts";
import { contributeText } from "../text/contribute";
import { bytes, number } from "../text/format";
import { explainData } from "./explain";
import { add, preview, type Preview } from "./import";

/** Maximum refusals shown. */
const MOST = 20;

export class ImportView extends PickElement {
  static override properties = { running: { state: true }, found: { state: true }, error: { state: true } };
  declare private running: { abort: AbortController; progress: DataProgress | undefined; adding: boolean } | undefined;
  declare private found: Preview | undefined;
  declare private error: unknown;

  constructor() {
    super();
    this.running = undefined;
    this.found = undefined;
    this.error = undefined;
  }

  override render(): TemplateResult {
    const { running } = this;
    return html`
      <h2>${contributeText.importTitle}</h2>
      <p class="small soft">${contributeText.importWords}</p>
      ${running
        ? html`<div class="row" role="status">
            <span class="small">${running.progress ? this.#progress(running.progress) : contributeText.beginning}</span>
            <progress .value=${running.progress?.loaded ?? 0} max=${running.progress?.total ?? 1} aria-label=${contributeText.progress}></progress>
            <button type="button" @click=${() => running.abort.abort()}>${contributeText.stop}</button>
          </div>`
        : html`<div class="row">
            <label class="button">
              ${icon("add")}${contributeText.chooseFiles}
              <input type="file" multiple accept=".zip,.parquet,.jsonl,.json,.ndjson" @change=${this.#pick} />
            </label>
            <label class="button">
              ${icon("folder")}${contributeText.chooseFolder}
              <input type="file" multiple webkitdirectory @change=${this.#pick} />
            </label>
          </div>`}
      ${this.error ? html`<p class="problem small" role="alert">${explainData(this.error)}</p>` : nothing} ${this.#found()}
    `;
  }

  #found(): TemplateResult | typeof nothing {
    const { found, running } = this;
    if (!found || running) return nothing;
    return html`<div class="found" role="status">
      <ul class="small">
        <li>${contributeText.wouldAdd(found.fresh)}</li>
        ${found.duplicates > 0 ? html`<li>${contributeText.known(found.duplicates)}</li>` : nothing}
        ${found.renamed > 0 ? html`<li>${contributeText.renamed(found.renamed)}</li>` : nothing}
        ${found.refusedCount > 0 ? html`<li>${contributeText.refused(found.refusedCount)}</li>` : nothing}
      </ul>
      ${found.refused.length > 0
        ? html`<ol class="small refusals">
            ${found.refused.slice(0, MOST).map((refusal) => html`<li><bdi>${placeOf(refusal)}</bdi>: ${refusal.message}</li>`)}
            ${found.refusedCount > MOST ? html`<li>${contributeText.andMore(number(found.refusedCount - MOST))}</li>` : nothing}
          </ol>`
        : nothing}
      <div class="row">
        ${found.fresh > 0 ? html`<button type="button" class="primary" @click=${() => this.#add(found)}>${contributeText.add(number(found.fresh))}</button>` : nothing}
        <button type="button" @click=${() => (this.found = undefined)}>${found.fresh > 0 ? contributeText.cancel : contributeText.close}</button>
      </div>
    </div>`;
  }

  #pick(event: Event): void {
    const input = event.target as HTMLInputElement;
    const files = [...(input.files ?? [])];
    input.value = "";
    if (files.length > 0) void this.read(files);
  }

  /** Reads files that were chosen, or dropped on the screen. */
  async read(files: File[]): Promise<void> {
    if (this.running) return;
    this.found = undefined;
    const found = await this.#run(false, (run) => preview(files, run));
    if (found) this.found = found;
  }

  async #add(found: Preview): Promise<void> {
    const added = await this.#run(true, (run) => add(found, run));
    if (!added) return;
    this.found = undefined;
    const undo = { label: contributeText.undo, run: () => void deleteRecords(added, randomUid(), Date.now()) };
    toast({ text: contributeText.added(added.length), action: undo });
  }

  #progress({ stage, loaded, total }: DataProgress): string {
    const words = stage === "checking" ? contributeText.comparing : contributeText.reading;
    return words(bytes(loaded), bytes(total ?? loaded));
  }

  async #run<R>(adding: boolean, work: (run: { signal: AbortSignal; onProgress: (progress: DataProgress) => void }) => Promise<R>): Promise<R | undefined> {
    const abort = new AbortController();
    this.running = { abort, progress: undefined, adding };
    this.error = undefined;
    try {
      return await work({ signal: abort.signal, onProgress: (progress) => (this.running = { abort, progress, adding }) });
    } catch (error) {
      if (!abort.signal.aborted) this.error = error;
      return undefined;
    } finally {
      this.running = undefined;
    }
  }

  static override styles = [
    ...PickElement.shared,
    css`
      :host,
      .found {
        display: grid;
        gap: var(--s3);
      }
      .found {
        border-inline-start: 3px solid var(--line);
        padding-inline-start: var(--s3);
      }
      .refusals {
        max-height: 18rem;
        overflow: auto;
        display: grid;
        gap: var(--s1);
        overflow-wrap: anywhere;
      }
      progress {
        max-width: 18rem;
      }
    `,
  ];
}

customElements.define("import-view", ImportView);

/** File and position; rows are counted from one. */
function placeOf({ file, row, column }: Refusal): string {
  const parts = [file];
  if (row !== null) parts.push(contributeText.row(number(row + 1)));
  if (column !== null) parts.push(column);
  return parts.join(", ");
}
