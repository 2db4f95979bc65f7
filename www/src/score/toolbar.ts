/**
 * Tools for the images: add, sort, filter, select, export. Events: `files` with the chosen files;
 * `handles` with the chosen handles, where the browser has them; `samples`; `choose`.
 */

import "./generation-filter";
import { css, html, nothing, type TemplateResult } from "lit";
import { PickElement } from "../design/element";
import { icon } from "../design/icons";
import { Menu, menuStyle } from "../design/menu";
import { columns } from "../engine/panel";
import { session } from "../engine/session";
import { toast } from "../shell/toasts";
import { config } from "../state/config";
import { Watch } from "../state/store";
import { scoreText } from "../text/score";
import { tableText } from "../text/table";
import { board } from "./board";
import { save, toCsv, toCsvOfSeveral, toJson, toJsonOfSeveral } from "./export";
import { anyGeneration, FIELDS } from "./generation";
import { choose, hasPickers } from "./handles";
import { ofList } from "./intake";
import type { Picture } from "./picture";
import type { Show, Sort } from "./order";
import { BUCKETS } from "./selected";
import { shownPrompts } from "./shown";

export class ScoreToolbar extends PickElement {
  static override properties = {
    pictures: { attribute: false },
    unlike: { type: Boolean },
    several: { type: Boolean },
    pending: { type: Boolean },
    choosing: { type: Boolean },
    viewing: { state: true },
  };

  /** In the order shown. */
  declare pictures: readonly Picture[];
  /** Whether some images may be unlike what the model knows. */
  declare unlike: boolean;
  /** Whether there is a mean of several scorers. */
  declare several: boolean;
  /** Whether images are being loaded; the tools keep their place meanwhile. */
  declare pending: boolean;
  /** Whether the tools for selecting are open. */
  declare choosing: boolean;
  /** Whether a small screen shows sorting and filters. */
  declare viewing: boolean;
  /** Whether the browser refuses its picker for handles. */
  #plain = false;
  readonly #export = new Menu(this);

  constructor() {
    super();
    new Watch(this, board);
    this.pictures = [];
    this.unlike = false;
    this.several = false;
    this.pending = false;
    this.choosing = false;
    this.viewing = false;
  }

  override render(): TemplateResult {
    const { pictures, sort, show, find, tile } = board.value;
    const said = anyGeneration(pictures);
    const none = pictures.length === 0 && !this.pending;
    const scored = shownPrompts().length > 0 && pictures.some(({ results }) => results.size > 0);
    return html`
      <div class="row">
        <label class="button add">${icon("add")}${scoreText.add}<input type="file" accept="image/*,.avif,.heic,.jxl" multiple @click=${(event: Event) => this.#choose(event, "files")} @change=${this.#picked} /></label>
        <label class="button">${icon("folder")}${scoreText.addFolder}<input type="file" webkitdirectory multiple @click=${(event: Event) => this.#choose(event, "folder")} @change=${this.#picked} /></label>
        ${config().samples === null || pictures.some(({ isSample }) => isSample) ? nothing : html`<button type="button" class="samples" @click=${() => this.dispatchEvent(new CustomEvent("samples"))}>${scoreText.samples}</button>`}
        ${none ? nothing : html`<span class="soft small count">${this.pictures.length === pictures.length ? scoreText.pictures(pictures.length) : scoreText.picturesOf(this.pictures.length, pictures.length)}</span>`}
        ${none ? nothing : html`<button type="button" class="choose" aria-expanded=${this.choosing} @click=${() => this.dispatchEvent(new CustomEvent("choose"))}>${icon("choose")}${scoreText.choose}</button>`}
        ${none ? nothing : html`<button type="button" class="more" aria-expanded=${this.viewing} @click=${() => (this.viewing = !this.viewing)}>${scoreText.view}</button>`}
      </div>
      ${none
        ? nothing
        : html`<div class="row view ${this.viewing ? "viewing" : ""}">
            <select aria-label=${scoreText.sort} @change=${(event: Event) => board.patch({ sort: chosen(event) as Sort })}>
                ${option("score", scoreText.sortScore, sort)} ${this.several ? option("mean", scoreText.sortMean, sort) : nothing} ${option("name", scoreText.sortName, sort)} ${option("added", scoreText.sortAdded, sort)}
                ${said ? FIELDS.map((field) => option(field, tableText.sortBy(tableText[`field_${field}`]), sort)) : nothing}
            </select>
            <select aria-label=${scoreText.show} @change=${(event: Event) => board.patch({ show: chosen(event) as Show })}>
                ${option("all", scoreText.showEvery, show)} ${option("selected", scoreText.showSelected, show)}
                ${BUCKETS.map((bucket) => option(bucket, scoreText.showMarked(scoreText[bucket]), show))} ${option("unsorted", scoreText.showUnmarked, show)}
                ${option("unreadable", scoreText.showUnreadable, show)} ${this.unlike ? option("unlike", scoreText.showUnlike, show) : nothing}
                ${said || show === "promptless" ? option("promptless", tableText.showPromptless, show) : nothing}
            </select>
            <generation-filter></generation-filter>
            <input type="search" class="find" placeholder=${scoreText.findShort} aria-label=${said ? tableText.findMore : scoreText.find} title=${said ? tableText.findMore : scoreText.find} .value=${find} @input=${(event: Event) => board.patch({ find: chosen(event) })} />
            <input type="range" class="size" aria-label=${scoreText.size} title=${scoreText.size} min="96" max="360" step="8" .value=${String(tile)} @input=${(event: Event) => board.patch({ tile: Number(chosen(event)) })} />
            <div class="menu" @focusout=${this.#export.left} @keydown=${this.#export.keyed}>
              <button type="button" aria-expanded=${this.#export.open} ?disabled=${!scored} @click=${this.#export.toggle}>${icon("download")}${scoreText.export}</button>
              <div class="list" ?hidden=${!this.#export.open}>
                <button type="button" class="quiet" @click=${() => this.#copy("csv")}>${scoreText.copyCsv}</button>
                <button type="button" class="quiet" @click=${() => this.#copy("json")}>${scoreText.copyJson}</button>
                <button type="button" class="quiet" @click=${() => this.#save("csv")}>${scoreText.saveCsv}</button>
                <button type="button" class="quiet" @click=${() => this.#save("json")}>${scoreText.saveJson}</button>
              </div>
            </div>
          </div>`}
    `;
  }

  /** The browser's picker for handles in place of the one for files. */
  #choose(event: Event, what: "files" | "folder"): void {
    if (this.#plain || !hasPickers()) return;
    event.preventDefault();
    const input = event.currentTarget as HTMLInputElement;
    choose(what).then(
      (handles) => handles.length > 0 && this.dispatchEvent(new CustomEvent("handles", { detail: handles })),
      () => {
        // Not allowed here, as in frames of other sites.
        this.#plain = true;
        input.click();
      },
    );
  }

  #picked(event: Event): void {
    const input = event.target as HTMLInputElement;
    const found = ofList(input.files ?? []);
    input.value = "";
    this.dispatchEvent(new CustomEvent("files", { detail: found }));
  }

  /** Focuses the button that opens the tools for selecting. */
  focusChoose(): void {
    this.renderRoot.querySelector<HTMLElement>(".choose")?.focus();
  }

  #text(format: "csv" | "json"): string {
    const { pictures } = this;
    const { info } = session.value;
    const [prompts, scorers] = [shownPrompts(), columns()];
    if (scorers.length > 1) return format === "csv" ? toCsvOfSeveral(pictures, prompts, scorers) : toJsonOfSeveral(pictures, prompts, scorers, info);
    return format === "csv" ? toCsv(pictures, prompts) : toJson(pictures, prompts, info);
  }

  async #copy(format: "csv" | "json"): Promise<void> {
    this.#export.close();
    try {
      await navigator.clipboard.writeText(this.#text(format));
      toast({ text: scoreText.copied });
    } catch {
      toast({ text: scoreText.copyFailed });
    }
  }

  #save(format: "csv" | "json"): void {
    this.#export.close();
    save(this.#text(format), `pickscore.${format}`, format === "csv" ? "text/csv" : "application/json");
  }

  static override styles = [
    ...PickElement.shared,
    menuStyle,
    css`
      :host {
        display: flex;
        flex-wrap: wrap;
        justify-content: space-between;
        gap: var(--s2) var(--s3);
      }
      .add {
        font-weight: 600;
      }
      .row {
        gap: var(--s2);
      }
      .count {
        padding-inline: var(--s1);
        white-space: nowrap;
      }
      select {
        field-sizing: content;
        max-width: 9.5rem;
      }
      button,
      .button {
        white-space: nowrap;
      }
      .find {
        width: 6.5rem;
        font-size: var(--small);
      }
      .size {
        width: 4rem;
      }
      .list {
        padding: var(--s1);
      }
      .list button {
        justify-content: flex-start;
        white-space: nowrap;
        padding-inline: var(--s3);
      }
      .more {
        display: none;
      }
      /* One row; the fields take what is left. */
      @media (min-width: 78rem) {
        :host,
        .row {
          flex-wrap: nowrap;
        }
        .view {
          flex: 1 1 auto;
          justify-content: flex-end;
          min-width: 0;
        }
        .find {
          flex: 1 1 4rem;
          max-width: 10rem;
        }
        select,
        .size {
          flex: 0 1 auto;
          min-width: 4rem;
        }
      }
      /* The line below says the number too. */
      @media (max-width: 85rem) {
        .samples ~ .count {
          display: none;
        }
      }
      @media (max-width: 40rem) {
        .count,
        .size,
        .view:not(.viewing) {
          display: none;
        }
        .more {
          display: inline-flex;
        }
        .row > :is(button, .button) {
          padding-inline: var(--s2);
        }
        .view,
        .find,
        select {
          flex: 1 1 auto;
        }
      }
    `,
  ];
}

function option(value: string, words: string, now: string): TemplateResult {
  return html`<option value=${value} ?selected=${value === now}>${words}</option>`;
}

function chosen(event: Event): string {
  return (event.target as HTMLInputElement | HTMLSelectElement).value;
}

customElements.define("score-toolbar", ScoreToolbar);
