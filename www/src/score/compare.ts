/**
 * One to four images at full size, zoomed and moved together. Event: `done` when it has been
 * closed.
 */

import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { PickElement } from "../design/element";
import { icon } from "../design/icons";
import { styled } from "../design/style";
import { explain } from "../text/errors";
import { number, percent } from "../text/format";
import { scoreText } from "../text/score";
import { promptWords } from "./own";
import type { Picture } from "./picture";
import { fileOf } from "./file";

export const MOST = 4;
const LARGEST = 16;

export class PictureCompare extends PickElement {
  static override properties = {
    pictures: { attribute: false },
    all: { attribute: false },
    prompts: { attribute: false },
    ranks: { attribute: false },
    scale: { state: true },
    x: { state: true },
    y: { state: true },
  };

  /** The images shown; an empty list closes it. */
  declare pictures: readonly Picture[];
  /** The list that *previous* and *next* walk through for a single image. */
  declare all: readonly Picture[];
  declare prompts: readonly string[];
  declare ranks: readonly ReadonlyMap<Picture, number>[];
  /** 1 shows the whole image. */
  declare scale: number;
  /**
   * The point in the middle of the view, relative to the image's centre, as fractions of a pane.
   */
  declare x: number;
  declare y: number;

  /** Object URLs of the files, while they are shown. */
  readonly #addresses = new Map<Picture, string>();
  readonly #pointers = new Map<number, PointerEvent>();

  constructor() {
    super();
    this.pictures = [];
    this.all = [];
    this.prompts = [];
    this.ranks = [];
    this.scale = 1;
    this.x = 0;
    this.y = 0;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#release(new Set());
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has("pictures")) return;
    this.#release(new Set(this.pictures));
    for (const picture of this.pictures) {
      if (!this.#addresses.has(picture)) void this.#load(picture);
    }
    this.#fit();
  }

  /** Reads the image's file; until then, and if that is not possible, its thumbnail is shown. */
  async #load(picture: Picture): Promise<void> {
    const file = picture.copy ?? (await fileOf(picture).catch(() => undefined));
    if (!file || !this.pictures.includes(picture) || this.#addresses.has(picture)) return;
    this.#addresses.set(picture, URL.createObjectURL(file));
    this.requestUpdate();
  }

  protected override updated(changed: PropertyValues): void {
    if (!changed.has("pictures")) return;
    const dialog = this.renderRoot.querySelector("dialog");
    if (this.pictures.length > 0 && dialog && !dialog.open) {
      dialog.showModal();
      dialog.querySelector<HTMLElement>(".close")?.focus();
    }
    if (this.pictures.length === 0 && dialog?.open) dialog.close();
  }

  #release(kept: ReadonlySet<Picture>): void {
    for (const [picture, address] of this.#addresses) {
      if (kept.has(picture)) continue;
      URL.revokeObjectURL(address);
      this.#addresses.delete(picture);
    }
  }

  override render(): TemplateResult {
    const single = this.pictures.length === 1;
    return html`<dialog aria-label=${scoreText.zoomTitle} @close=${() => this.dispatchEvent(new CustomEvent("done"))} @keydown=${this.#key}>
      <div class="bar">
        ${single
          ? html`<button type="button" aria-label=${scoreText.previous} ?disabled=${!this.#beside(-1)} @click=${() => this.#go(-1)}>${icon("left")}</button>
              <button type="button" aria-label=${scoreText.next} ?disabled=${!this.#beside(1)} @click=${() => this.#go(1)}>${icon("right")}</button>`
          : ""}
        <button type="button" aria-label=${scoreText.zoomOut} ?disabled=${this.scale <= 1} @click=${() => this.#zoom(1 / 1.5)}>−</button>
        <output class="figures small">${percent(this.scale, 0)}</output>
        <button type="button" aria-label=${scoreText.zoomIn} ?disabled=${this.scale >= LARGEST} @click=${() => this.#zoom(1.5)}>+</button>
        <button type="button" ?disabled=${this.scale === 1} @click=${this.#fit}>${scoreText.fit}</button>
        <span class="hint soft small">${scoreText.zoomHint}</span>
        <button type="button" class="close" aria-label=${scoreText.close} @click=${this.#close}>${icon("close")}</button>
      </div>
      <div class="panes" ${styled({ "--panes": String(this.pictures.length) })} @wheel=${this.#wheel}>
        ${this.pictures.map((picture) => this.#pane(picture))}
      </div>
    </dialog>`;
  }

  #pane(picture: Picture): TemplateResult {
    const move = `translate(${-this.x * 100}%, ${-this.y * 100}%)`;
    return html`<figure>
      <div
        class="pane"
        @pointerdown=${this.#down}
        @pointermove=${this.#move}
        @pointerup=${this.#up}
        @pointercancel=${this.#up}
        @dblclick=${() => (this.scale > 1 ? this.#fit() : this.#zoom(4))}
      >
        <img
          class=${this.scale > 3 ? "large" : ""}
          src=${this.#addresses.get(picture) ?? picture.thumbnail ?? nothing}
          alt=${picture.caption ?? picture.path}
          draggable="false"
          ${styled({ transform: `scale(${this.scale}) ${move}` })}
        />
      </div>
      <figcaption>
        <span class="path" title=${picture.path}>${picture.path}</span>
        ${picture.width && picture.height ? html`<span class="soft figures tiny">${scoreText.dimensions(String(picture.width), String(picture.height))}</span>` : ""}
        ${picture.problem ? html`<p class="problem small">${explain(picture.problem)}</p>` : ""}
        ${picture.byBrowser ? html`<p class="soft tiny">${scoreText.byBrowser}</p>` : ""}
        ${this.prompts.map((prompt, index) => {
          const result = picture.results.get(prompt);
          const rank = this.ranks[index]?.get(picture);
          if (!result || rank === undefined) return "";
          const of = this.ranks[index]?.size ?? 0;
          return html`<p class="result">
            <span class="voice" dir="auto">${promptWords(prompt, picture)}</span>
            <span class="figures small">${Math.abs(result.score) < 1.2 ? number(result.score, 4) : number(result.score, 3)} · ${result.probability === undefined ? "" : html`${percent(result.probability)} · `}${scoreText.rankOf(number(rank), number(of))}</span>
          </p>`;
        })}
      </figcaption>
    </figure>`;
  }

  readonly #close = (): void => {
    this.renderRoot.querySelector("dialog")?.close();
  };

  readonly #fit = (): void => {
    this.scale = 1;
    this.x = 0;
    this.y = 0;
  };

  /** Zooms around a point of a pane, given from its centre as fractions of the pane. */
  #zoom(factor: number, aroundX = 0, aroundY = 0): void {
    const scale = Math.min(LARGEST, Math.max(1, this.scale * factor));
    // The image under the point stays there.
    this.#moveTo(this.x + aroundX / this.scale - aroundX / scale, this.y + aroundY / this.scale - aroundY / scale, scale);
  }

  #moveTo(x: number, y: number, scale = this.scale): void {
    const most = (1 - 1 / scale) / 2;
    this.scale = scale;
    this.x = Math.min(most, Math.max(-most, x));
    this.y = Math.min(most, Math.max(-most, y));
  }

  #beside(step: number): Picture | undefined {
    const [picture] = this.pictures;
    return picture && this.pictures.length === 1 ? this.all[this.all.indexOf(picture) + step] : undefined;
  }

  #go(step: number): void {
    const picture = this.#beside(step);
    if (picture) this.pictures = [picture];
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    const pane = (event.target as HTMLElement).closest<HTMLElement>(".pane")?.getBoundingClientRect();
    const [x, y] = pane ? [(event.clientX - pane.x) / pane.width - 0.5, (event.clientY - pane.y) / pane.height - 0.5] : [0, 0];
    this.#zoom(Math.exp(-Math.sign(event.deltaY) * Math.min(0.25, Math.abs(event.deltaY) / 400)), x, y);
  }

  #down(event: PointerEvent): void {
    if (event.pointerType === "mouse" && event.button !== 0) return;
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, event);
  }

  /** One pointer moves, two pinch. */
  #move(event: PointerEvent): void {
    const before = this.#pointers.get(event.pointerId);
    if (!before) return;
    const { width, height } = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const [other] = [...this.#pointers.values()].filter(({ pointerId }) => pointerId !== event.pointerId);
    if (other) {
      const distance = ({ clientX, clientY }: PointerEvent) => Math.hypot(clientX - other.clientX, clientY - other.clientY);
      this.#zoom(distance(event) / Math.max(1, distance(before)));
    } else {
      const [dx, dy] = [(event.clientX - before.clientX) / width, (event.clientY - before.clientY) / height];
      this.#moveTo(this.x - dx / this.scale, this.y - dy / this.scale);
    }
    this.#pointers.set(event.pointerId, event);
  }

  #up(event: PointerEvent): void {
    this.#pointers.delete(event.pointerId);
  }

  #key(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const step = 0.12 / this.scale;
    const closer = this.scale > 1;
    const actions: Record<string, () => void> = {
      "+": () => this.#zoom(1.5),
      "=": () => this.#zoom(1.5),
      "-": () => this.#zoom(1 / 1.5),
      "0": this.#fit,
      ArrowLeft: () => (closer ? this.#moveTo(this.x - step, this.y) : this.#go(-1)),
      ArrowRight: () => (closer ? this.#moveTo(this.x + step, this.y) : this.#go(1)),
      ArrowUp: () => this.#moveTo(this.x, this.y - step),
      ArrowDown: () => this.#moveTo(this.x, this.y + step),
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }

  static override styles = [
    ...PickElement.shared,
    css`
      dialog {
        position: fixed;
        inset: 0;
        width: auto;
        height: auto;
        max-width: none;
        max-height: none;
        padding: 0;
        border: 0;
        color: var(--ink);
        background: var(--ground);
        overflow: hidden;
      }
      dialog[open] {
        display: grid;
        grid-template-rows: auto minmax(0, 1fr);
      }
      .bar {
        display: flex;
        align-items: center;
        gap: var(--s2);
        padding: var(--s2) var(--s3);
        border-block-end: 1px solid var(--line);
      }
      .bar button {
        min-width: 2.25rem;
      }
      output {
        min-width: 4ch;
        text-align: center;
      }
      .hint {
        margin-inline-start: var(--s3);
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
        min-width: 0;
      }
      .close {
        margin-inline-start: auto;
      }
      .panes {
        display: grid;
        grid-template-columns: repeat(var(--panes), minmax(0, 1fr));
        gap: 2px;
        min-height: 0;
      }
      figure {
        display: grid;
        grid-template-rows: minmax(0, 1fr) auto;
        min-height: 0;
      }
      .pane {
        overflow: hidden;
        display: grid;
        place-items: center;
        min-height: 0;
        cursor: grab;
        touch-action: none;
      }
      .pane:active {
        cursor: grabbing;
      }
      img {
        width: 100%;
        height: 100%;
        min-height: 0;
        object-fit: contain;
        user-select: none;
      }
      .large {
        image-rendering: pixelated;
      }
      figcaption {
        padding: var(--s2) var(--s3);
        max-height: 30vh;
        overflow: auto;
        display: grid;
        gap: var(--s1);
      }
      .path {
        font-size: var(--small);
        overflow-wrap: anywhere;
      }
      .result {
        display: flex;
        flex-wrap: wrap;
        justify-content: space-between;
        gap: 0 var(--s3);
      }
      @media (orientation: portrait) {
        .panes {
          grid-template-columns: repeat(auto-fit, minmax(45%, 1fr));
        }
        .hint {
          display: none;
        }
      }
      @media (max-width: 30rem) {
        .bar {
          gap: var(--s1);
          padding-inline: var(--s2);
        }
        .bar button {
          padding-inline: 0.5rem;
        }
        output {
          display: none;
        }
      }
    `,
  ];
}

customElements.define("picture-compare", PictureCompare);
