/**
 * The contact sheet: images in a grid that glide to their new places when the order changes. Only
 * those near the window are in the document.
 *
 * Events: `look` and `toggle` with the image.
 */

import { css, html, type PropertyValues, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { PickElement } from "../design/element";
import { icon } from "../design/icons";
import { styled } from "../design/style";
import { announce } from "../shell/toasts";
import { scoreText } from "../text/score";
import { preferThumbnails } from "./board";
import { type Grid, grid, neighbour, place, visible } from "./layout";
import type { Picture } from "./picture";
import { bucketOfKey, mark } from "./selected";
import { caption, CAPTION, describe, drawnSize, image, tileStyles, type TileState } from "./tile";

/** Slightly longer than the gliding takes. */
const SETTLED = 600;

/** On narrower images, marks are centred, in CSS pixels. */
const NARROW = 80;

export class PictureSheet extends PickElement {
  static override properties = {
    pictures: { attribute: false },
    ranks: { attribute: false },
    prompt: { attribute: false },
    unlike: { attribute: false },
    tile: { type: Number },
    leads: { type: Boolean },
    version: { type: Number },
    width: { state: true },
    from: { state: true },
    to: { state: true },
    current: { state: true },
  };

  declare pictures: readonly Picture[];
  declare ranks: ReadonlyMap<Picture, number>;
  declare prompt: string | undefined;
  declare unlike: (picture: Picture) => boolean;
  declare tile: number;
  declare leads: boolean;
  declare version: number;
  declare width: number;
  declare from: number;
  declare to: number;
  /** The image that the Tab key reaches. */
  declare current: number | undefined;

  #grid: Grid = grid(0, 0, 1, 0, false);
  readonly #resized = new ResizeObserver(([entry]) => {
    if (entry) this.width = Math.floor(entry.contentRect.width);
  });
  #frame = 0;
  /**
   * While images glide, their elements keep their order in the document, because moving an element
   * stops its transition.
   */
  #gliding: number | undefined;
  #order = "";
  /** Remembered because moving an element in the document takes its focus away. */
  #focused: HTMLElement | undefined;

  constructor() {
    super();
    this.pictures = [];
    this.ranks = new Map();
    this.unlike = () => false;
    this.tile = 168;
    this.leads = false;
    this.version = 0;
    this.width = 0;
    this.from = 0;
    this.to = 0;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#resized.observe(this);
    addEventListener("scroll", this.#look, { passive: true });
    addEventListener("resize", this.#look, { passive: true });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resized.disconnect();
    removeEventListener("scroll", this.#look);
    removeEventListener("resize", this.#look);
    cancelAnimationFrame(this.#frame);
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (this.hasUpdated) this.#focused = ((this.renderRoot as ShadowRoot).activeElement as HTMLElement | null) ?? undefined;
    if (["pictures", "width", "tile", "leads"].some((name) => changed.has(name))) {
      const before = this.#grid;
      const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
      const least = Math.min(this.tile * rem, Math.max(80, (this.width - 12) / 2));
      this.#grid = grid(this.pictures.length, this.width, least, CAPTION * rem, this.leads);
      // Reading the window's position costs a layout, so it is done only when the grid changed.
      const more = (changed.get("pictures") as readonly Picture[] | undefined)?.length !== this.pictures.length && changed.has("pictures");
      if (more || before.height !== this.#grid.height || before.columns !== this.#grid.columns || changed.has("width")) this.#range();
      this.to = Math.min(this.to, this.pictures.length);
      const order = this.pictures.map(({ id }) => id).join();
      if (order !== this.#order && this.#order !== "") this.#glide();
      this.#order = order;
    }
  }

  protected override updated(): void {
    if (this.#focused?.isConnected && (this.renderRoot as ShadowRoot).activeElement !== this.#focused) this.#focused.focus({ preventScroll: true });
  }

  #glide(): void {
    clearTimeout(this.#gliding);
    this.#gliding = setTimeout(() => {
      this.#gliding = undefined;
      this.requestUpdate();
    }, SETTLED);
  }

  readonly #look = (): void => {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#range());
  };

  /** The images in the window, with half a window above and below. */
  #range(): void {
    if (this.width === 0) return;
    const { top } = this.getBoundingClientRect();
    const [from, to] = visible(this.#grid, this.pictures.length, -top - innerHeight / 2, -top + 1.5 * innerHeight);
    if (from === this.from && to === this.to) return;
    this.from = from;
    this.to = to;
  }

  override render(): TemplateResult {
    const shown = this.pictures.slice(this.from, this.to).map((picture, index) => ({ picture, index: this.from + index }));
    const focused = this.current === undefined ? -1 : this.pictures.findIndex(({ id }) => id === this.current);
    // The focused image stays, wherever it is.
    if (focused >= 0 && (focused < this.from || focused >= this.to)) shown.push({ picture: this.pictures[focused] as Picture, index: focused });
    preferThumbnails(shown.map(({ picture }) => picture));
    const reachable = focused >= 0 ? focused : this.from;
    if (this.#gliding !== undefined) shown.sort((a, b) => a.picture.id - b.picture.id);
    return html`<div class="table" role="list" aria-label=${scoreText.sheet} ${styled({ height: `${this.#grid.height}px` })} @keydown=${this.#key}>
      ${repeat(
        shown,
        ({ picture }) => picture.id,
        ({ picture, index }) => this.#tile(picture, index, index === reachable),
      )}
    </div>`;
  }

  #tile(picture: Picture, index: number, reachable: boolean): TemplateResult {
    const { x, y, side, tall } = place(this.#grid, index);
    const state: TileState = {
      picture,
      prompt: this.prompt,
      rank: this.ranks.get(picture),
      of: this.ranks.size,
      unlike: this.unlike(picture),
    };
    const name = picture.caption ?? picture.path;
    const drawn = drawnSize(picture, { side, tall });
    const size = { "--side": `${side}px`, "--tall": `${tall}px`, "--drawn-width": `${drawn.width}px`, "--drawn-height": `${drawn.height}px` };
    const classes = ["tile", drawn.width < NARROW ? "narrow" : "", picture.bucket === "drop" ? "dropped" : "", picture.selected ? "selected" : "", state.rank === 1 ? "first" : "", picture.caption === undefined ? "" : "sample"].join(" ");
    return html`<div
      class=${classes}
      role="listitem"
      aria-setsize=${this.pictures.length}
      aria-posinset=${index + 1}
      data-id=${picture.id}
      ${styled({ transform: `translate(${x}px, ${y}px)`, width: `${side}px`, ...size })}
    >
      <button
        type="button"
        class="frame"
        tabindex=${reachable ? 0 : -1}
        aria-label=${scoreText.openPicture(name, describe(state))}
        @focus=${() => (this.current = picture.id)}
        @click=${() => this.#tell("look", picture)}
      >
        ${image(picture)}
      </button>
      <button
        type="button"
        class="select"
        role="checkbox"
        aria-checked=${picture.selected}
        tabindex=${reachable ? 0 : -1}
        aria-label=${scoreText.selectPicture(name)}
        @focus=${() => (this.current = picture.id)}
        @click=${() => this.#tell("toggle", picture)}
      >
        ${icon("check", 14)}
      </button>
      ${picture.bucket ? html`<span class="bucket ${picture.bucket === "keep" ? "kept" : ""}" aria-hidden="true">${scoreText[picture.bucket]}</span>` : ""}
      ${state.unlike ? html`<span class="unlike" aria-hidden="true">${icon("alert", 12)}${scoreText.unlikeShort}</span>` : ""}
      <div class="caption" aria-hidden="true">${caption(state)}</div>
    </div>`;
  }

  #tell(event: "look" | "toggle", picture: Picture): void {
    this.dispatchEvent(new CustomEvent(event, { detail: picture }));
  }

  async #key(event: KeyboardEvent): Promise<void> {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const at = this.pictures.findIndex(({ id }) => id === this.current);
    const picture = this.pictures[at];
    if (!picture) return;
    if (event.key === "x" || event.key === "s") {
      this.#tell("toggle", picture);
      return;
    }
    const bucket = bucketOfKey(event.key);
    if (bucket) {
      mark([picture], bucket === "none" ? undefined : bucket);
      announce(scoreText.marked(picture.caption ?? picture.path, bucket === "none" ? scoreText.noMark : scoreText[bucket]));
      return;
    }
    if (!/^(Arrow|Home$|End$)/.test(event.key)) return;
    event.preventDefault();
    const rightToLeft = getComputedStyle(this).direction === "rtl" && /Left|Right/.test(event.key);
    const key = rightToLeft ? (event.key === "ArrowLeft" ? "ArrowRight" : "ArrowLeft") : event.key;
    const to = neighbour(this.#grid, this.pictures.length, at, key);
    this.current = this.pictures[to]?.id;
    await this.updateComplete;
    this.focusCurrent();
  }

  /** Scrolls to an image and focuses it. */
  async reveal(picture: Picture): Promise<void> {
    const index = this.pictures.indexOf(picture);
    if (index < 0) return;
    this.current = picture.id;
    const { y, tall } = place(this.#grid, index);
    const top = this.getBoundingClientRect().top + y;
    // Only images near the window are in the document.
    if (top < 0 || top + tall > innerHeight) {
      scrollTo({ top: scrollY + top - (innerHeight - tall) / 2, behavior: "instant" });
      this.#range();
    }
    await this.updateComplete;
    this.focusCurrent();
  }

  /** Focuses the current image. */
  focusCurrent(): void {
    const frame = this.renderRoot.querySelector<HTMLElement>(`[data-id="${this.current}"] .frame`);
    frame?.focus({ preventScroll: true });
    frame?.closest(".tile")?.scrollIntoView({ block: "nearest" });
  }

  static override styles = [
    ...PickElement.shared,
    tileStyles,
    css`
      .table {
        position: relative;
        contain: layout style;
      }
      .tile {
        position: absolute;
        inset-block-start: 0;
        left: 0;
        transition: transform var(--glide), width var(--glide);
        scroll-margin-block: 6rem;
        contain: layout style;
      }
      .frame {
        height: var(--tall);
        transition: height var(--glide);
      }
      .frame img {
        width: var(--drawn-width);
        height: var(--drawn-height);
      }
      .frame:focus-visible {
        outline-offset: 3px;
      }
      .selected .frame img {
        outline: 3px solid var(--mark);
        outline-offset: -3px;
      }
      /*
       * Images are centred at the bottom of their places, and overlays are positioned by the drawn
       * size. They stay inside even if an image is very wide.
       */
      .select,
      .tile .bucket,
      .tile .unlike {
        --inset-inline: calc(max(0px, (var(--side) - var(--drawn-width)) / 2) + 6px);
        position: absolute;
      }
      .dropped .frame img {
        opacity: 0.4;
      }
      .tile .bucket {
        inset-block-start: min(var(--tall) - var(--drawn-height) + 6px, var(--tall) - 1.7rem);
        inset-inline-start: var(--inset-inline);
        padding: 0.1rem 0.4rem;
        font-size: var(--tiny);
        line-height: 1.4;
        background: var(--veil);
        border: 1px solid var(--edge);
        pointer-events: none;
      }
      .tile .kept {
        font-weight: 600;
        color: var(--on-mark);
        background: var(--mark);
        border-color: var(--mark);
      }
      .tile .unlike {
        inset-block-start: calc(var(--tall) - 1.7rem);
        inset-inline-start: var(--inset-inline);
        padding: 0.1rem 0.4rem;
        font-size: var(--tiny);
        background: var(--veil);
        pointer-events: none;
      }
      .narrow :is(.bucket, .unlike) {
        inset-inline-start: 50%;
        translate: -50%;
      }
      .select {
        --box: 1.75rem;
        inset-block-start: min(var(--tall) - var(--drawn-height) + 6px, var(--tall) - var(--box) - 2px);
        inset-inline-end: min(var(--inset-inline), (var(--side) - var(--box)) / 2);
        width: var(--box);
        height: var(--box);
        min-height: 0;
        padding: 0;
        color: transparent;
        background: var(--veil);
        border: 1px solid var(--edge);
        opacity: 0;
      }
      .tile:hover .select,
      .select:focus-visible,
      .frame:focus-visible + .select,
      .selected .select {
        opacity: 1;
      }
      .select:hover {
        color: var(--soft);
        background: var(--veil);
      }
      .select[aria-checked="true"] {
        color: var(--on-mark);
        background: var(--mark);
        border-color: var(--mark);
      }
      @media (hover: none), (pointer: coarse) {
        .select {
          --box: 2.25rem;
          opacity: 1;
          min-height: 0 !important;
        }
      }
    `,
  ];
}

customElements.define("picture-sheet", PictureSheet);
