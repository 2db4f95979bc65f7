/**
 * The table for several prompts or scorers: a row per image, a column per prompt or scorer, sorted
 * by one of them; the images of a group below its title. Only rows near the window are in the
 * document.
 *
 * Events: `look` and `toggle` with the image; `rank-by` with the column's index.
 */

import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { PickElement } from "../design/element";
import { icon } from "../design/icons";
import { styled } from "../design/style";
import { explain } from "../text/errors";
import { number, percent } from "../text/format";
import { scoreText } from "../text/score";
import { Watch } from "../state/store";
import { tableText } from "../text/table";
import { type Field, saidWords } from "./generation";
import type { Group } from "./own";
import type { Picture } from "./picture";
import { bucketOfKey, mark } from "./selected";
import { showThumbnails, thumbnailsChanged } from "./thumbnails";
import { image, tileStyles } from "./tile";

/** A column of the table. */
export interface MatrixColumn {
  title: string;
  /** Whether the title is a prompt, which is set in another typeface. */
  isPrompt: boolean;
  /** What a click on the title does. */
  hint: string;
  /** The characters of its longest value: values end one below the other. */
  width: number;
  /** The text of a cell; nothing if there is none yet. */
  cell(picture: Picture): MatrixCell | undefined;
}

export interface MatrixCell {
  value: string;
  rank: number | undefined;
  share?: number | undefined;
  /** Whether it is the best of its column. */
  isBest: boolean;
}

/** Height of a row in CSS pixels at the default font size; on phones, names are below images. */
const ROW = 76;
const ROW_OF_PHONES = 108;
const PHONE = matchMedia("(max-width: 40rem)");
/** Extra rows above and below the window. */
const MORE = 8;

export class PictureMatrix extends PickElement {
  static override properties = {
    pictures: { attribute: false },
    groups: { attribute: false },
    columns: { attribute: false },
    unlike: { attribute: false },
    active: { type: Number },
    field: { attribute: false },
    version: { type: Number },
    from: { state: true },
    to: { state: true },
  };

  declare pictures: readonly Picture[];
  declare groups: readonly Group[];
  declare columns: readonly MatrixColumn[];
  declare unlike: (picture: Picture) => boolean;
  declare active: number;
  /** What the images are sorted by, if their files say it. */
  declare field: Field | undefined;
  declare version: number;
  declare from: number;
  declare to: number;

  constructor() {
    super();
    new Watch(this, thumbnailsChanged);
    this.pictures = [];
    this.groups = [];
    this.columns = [];
    this.unlike = () => false;
    this.active = 0;
    this.field = undefined;
    this.version = 0;
    this.from = 0;
    this.to = 24;
  }

  readonly #scrolled = (event: Event): void => {
    const { scrollTop, clientHeight } = event.currentTarget as HTMLElement;
    const row = this.#row();
    this.from = Math.max(0, Math.floor(scrollTop / row) - MORE);
    this.to = Math.ceil((scrollTop + clientHeight) / row) + MORE;
  };

  /** Height of a row, measured because the visitor's font may be larger. */
  #row(): number {
    return ((PHONE.matches ? ROW_OF_PHONES : ROW) * Number.parseFloat(getComputedStyle(document.documentElement).fontSize)) / 16;
  }

  #rows: readonly (Picture | Group)[] = [];

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has("pictures") && !changed.has("groups")) return;
    const isWhole = this.groups.every(({ kind }) => kind === "all");
    this.#rows = isWhole ? this.pictures : this.groups.flatMap((group) => [group, ...group.pictures]);
  }

  override render(): TemplateResult {
    const { length } = this.#rows;
    const from = Math.min(this.from, Math.max(0, length - 1));
    const to = Math.min(Math.max(this.to, from + 24), length);
    const shown = this.#rows.slice(from, to);
    const pixels = this.#row() * devicePixelRatio;
    showThumbnails(shown.flatMap((row) => ("id" in row ? [[row, pixels] as const] : [])));
    const row = this.#row();
    return html`<div class="scroller" tabindex="0" role="region" aria-label=${scoreText.sheet} @scroll=${this.#scrolled}>
      <table aria-rowcount=${length + 1}>
        <thead>
          <tr aria-rowindex="1">
            <th scope="col"><span class="hidden-text">${scoreText.picture}</span></th>
            ${this.columns.map(
              ({ title, isPrompt, hint }, index) => html`<th scope="col" aria-sort=${index === this.active ? "descending" : "none"}>
                <button type="button" class=${isPrompt ? "voice" : ""} aria-pressed=${index === this.active} title=${hint} @click=${() => this.#tell("rank-by", index)}>
                  <span class="heading" dir="auto">${title}</span>
                </button>
              </th>`,
            )}
          </tr>
        </thead>
        <tbody>
          ${this.#space(from * row)}
          ${repeat(
            shown,
            (row) => ("id" in row ? row.id : (row.prompt ?? row.kind)),
            (row, index) => ("id" in row ? this.#line(row, from + index) : this.#title(row, from + index)),
          )}
          ${this.#space((length - to) * row)}
        </tbody>
      </table>
    </div>`;
  }

  #space(height: number): TemplateResult {
    return html`<tr class="space" aria-hidden="true"><td colspan=${this.columns.length + 1} ${styled({ height: `${height}px` })}></td></tr>`;
  }

  /** The title of a group, as high as an image's row. */
  #title({ kind, prompt = "", pictures }: Group, index: number): TemplateResult {
    const title = { all: "", prompt, alone: tableText.groupAlone, none: tableText.groupNone, unread: tableText.groupUnread }[kind];
    return html`<tr class="group" aria-rowindex=${index + 2}>
      <th scope="rowgroup" colspan=${this.columns.length + 1} title=${title}>
        <span class="heading ${kind === "prompt" ? "voice" : ""}" dir="auto">${title}</span>
        <span class="soft small">${scoreText.pictures(pictures.length)}</span>
      </th>
    </tr>`;
  }

  #line(picture: Picture, index: number): TemplateResult {
    const name = picture.caption ?? picture.path;
    const words = picture.problem ? `${scoreText.unreadable}: ${explain(picture.problem)}` : this.unlike(picture) ? scoreText.unlikeShort : "";
    return html`<tr aria-rowindex=${index + 2} data-id=${picture.id} class="${picture.selected ? "selected" : ""} ${picture.bucket === "drop" ? "dropped" : ""}" @keydown=${(event: KeyboardEvent) => this.#key(event, picture)}>
      <th scope="row">
        <div class="picture">
          <button type="button" class="frame" aria-label=${scoreText.openPicture(name, words || scoreText.rank)} @click=${() => this.#tell("look", picture)}>${image(picture)}</button>
          ${this.#about(picture, words)}
          <label class="check">
            <input type="checkbox" .checked=${picture.selected} aria-label=${scoreText.selectPicture(name)} @change=${() => this.#tell("toggle", picture)} />
          </label>
        </div>
      </th>
      ${this.columns.map((column, index) => {
        const cell = column.cell(picture);
        const active = index === this.active ? "active" : "";
        if (!cell) return html`<td class="figures soft ${active}">–</td>`;
        const { value, rank, share, isBest } = cell;
        return html`<td class="figures ${isBest ? "first" : ""} ${active}">
          <span class="value" ${styled({ "min-width": `${column.width}ch` })}>${value}</span>
          ${rank === undefined
            ? nothing
            : html`<span class="rest"><span aria-hidden="true">#</span><span class="hidden-text">${scoreText.rank} </span>${number(rank)}${share === undefined ? nothing : html` · ${percent(share)}`}</span>`}
        </td>`;
      })}
    </tr>`;
  }

  /** The name, and what else there is to say about an image. */
  #about(picture: Picture, problem: string): TemplateResult {
    const { path, bucket } = picture;
    const said = this.field === undefined ? "" : saidWords(picture, this.field);
    return html`<span class="words tiny" title=${path}
      ><span class="file">${path.split("/").pop()}</span>${said ? html`<span class="said" title=${said}>${said}</span>` : nothing}${bucket ? html`<b class="bucket">${scoreText[bucket]}</b>` : nothing}${problem
        ? html`<span class="unlike" title=${problem}>${icon("alert", 12)}<span>${problem}</span></span>`
        : nothing}</span
    >`;
  }

  #key(event: KeyboardEvent, picture: Picture): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const bucket = bucketOfKey(event.key);
    if (bucket) mark([picture], bucket === "none" ? undefined : bucket);
    else if (event.key === "x" || event.key === "s") this.#tell("toggle", picture);
  }

  /** Scrolls to an image and focuses it. */
  async reveal(picture: Picture): Promise<void> {
    const index = this.pictures.indexOf(picture);
    const scroller = this.renderRoot.querySelector<HTMLElement>(".scroller");
    if (index < 0 || !scroller) return;
    const row = this.#row();
    const { scrollTop, clientHeight } = scroller;
    // The titles cover a row at the top.
    if (index * row < scrollTop || (index + 2) * row > scrollTop + clientHeight) scroller.scrollTop = index * row - clientHeight / 2;
    [this.from, this.to] = [Math.max(0, Math.floor(scroller.scrollTop / row) - MORE), Math.ceil((scroller.scrollTop + clientHeight) / row) + MORE];
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>(`[data-id="${picture.id}"] .frame`)?.focus({ preventScroll: true });
  }

  #tell(event: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(event, { detail }));
  }

  static override styles = [
    ...PickElement.shared,
    tileStyles,
    css`
      .scroller {
        overflow: auto;
        max-height: calc(100vh - 6rem);
        border-block: 1px solid var(--line);
        contain: content;
      }
      table {
        border-collapse: separate;
        border-spacing: 0;
        min-width: 100%;
      }
      thead th {
        position: sticky;
        inset-block-start: 0;
        z-index: 2;
        background: var(--ground);
        border-block-end: 1px solid var(--line);
        padding: var(--s2) var(--s1);
        vertical-align: bottom;
        text-align: start;
        font-weight: 400;
      }
      th:first-child {
        position: sticky;
        inset-inline-start: 0;
        z-index: 1;
        background: var(--ground);
        padding-inline: 0 var(--s3);
      }
      thead th:first-child {
        z-index: 3;
      }
      thead button {
        border-color: transparent;
        width: 100%;
        min-width: 7.5rem;
        max-width: 18rem;
        justify-content: flex-start;
        text-align: start;
        padding-inline: var(--s2);
      }
      thead button.voice {
        font-family: var(--voice);
        font-size: var(--body);
      }
      .heading {
        display: -webkit-box;
        -webkit-box-orient: vertical;
        -webkit-line-clamp: 3;
        overflow: hidden;
      }
      tbody tr:not(.space) {
        height: 4.75rem;
      }
      td,
      tbody th {
        border-block-end: 1px solid var(--line);
        padding-inline: var(--s3);
        padding-block: 0;
        text-align: start;
        font-weight: 400;
        white-space: nowrap;
      }
      .group th {
        position: static;
        vertical-align: bottom;
        padding-block: var(--s2);
        white-space: normal;
      }
      .group .heading {
        max-width: min(60rem, 80vw);
        -webkit-line-clamp: 2;
        line-height: 1.3;
      }
      .space td {
        padding: 0;
        border: 0;
      }
      .picture {
        display: flex;
        align-items: center;
        gap: var(--s3);
      }
      .picture .words {
        width: clamp(3.5rem, 14vw, 14rem);
        white-space: nowrap;
        line-height: 1.4;
      }
      .words > *,
      .unlike > span {
        display: block;
        overflow: hidden;
        text-overflow: ellipsis;
      }
      .words > .said {
        color: var(--soft);
      }
      .words > .unlike {
        display: flex;
      }
      .frame {
        width: 4rem;
        height: 4rem;
        min-height: 0 !important;
        flex: none;
        place-items: center;
      }
      .frame:focus-visible {
        outline-offset: -2px;
      }
      /* There is too little space for the reason; the text beside it gives it. */
      .reason {
        display: none;
      }
      .selected .frame img {
        outline: 3px solid var(--mark);
        outline-offset: -3px;
      }
      .dropped .frame img {
        opacity: 0.4;
      }
      .check {
        padding: var(--s2);
      }
      .value {
        display: block;
        width: fit-content;
        text-align: end;
        font-size: var(--body);
      }
      .rest {
        display: block;
        font-size: var(--tiny);
        color: var(--soft);
      }
      td.first .value {
        color: var(--mark);
        font-weight: 700;
      }
      td.active {
        background: var(--table);
      }
      @media (max-width: 40rem) {
        tbody tr:not(.space) {
          height: 6.75rem;
        }
        /* Below the image and its box, the name in two lines: numbers are at its end. */
        .picture {
          display: grid;
          grid-template-columns: auto auto;
          justify-content: start;
          gap: 0;
        }
        .picture .words {
          grid-row: 2;
          grid-column: 1 / -1;
          width: 5.75rem;
          max-height: 4.8em;
          overflow: hidden;
          line-height: 1.2;
        }
        .words > .file {
          display: -webkit-box;
          -webkit-box-orient: vertical;
          -webkit-line-clamp: 2;
          overflow-wrap: anywhere;
          white-space: normal;
        }
        .frame {
          width: 3rem;
          height: 3rem;
        }
        th:first-child {
          padding-inline: 0;
        }
      }
    `,
  ];
}

customElements.define("picture-matrix", PictureMatrix);
