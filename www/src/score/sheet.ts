/**
 * The contact sheet: images in a grid, or in one grid for each group, that glide to their new
 * places when the order changes. Only those near the window are in the document.
 *
 * Events: `look` and `toggle` with the image.
 */

import { html, type PropertyValues, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { PickElement } from "../design/element";
import { icon } from "../design/icons";
import { styled } from "../design/style";
import { announce } from "../shell/toasts";
import { scoreText } from "../text/score";
import { tableText } from "../text/table";
import { Watch } from "../state/store";
import type { Field } from "./generation";
import type { Group } from "./own";
import type { Picture } from "./picture";
import { bucketOfKey, mark } from "./selected";
import { layOut, neighbour, place, type Section, sectionOf, type Sections, sectionsBetween, visible } from "./sections";
import { sheetStyle } from "./sheet-style";
import { Slots } from "./slots";
import { shownLargest } from "./shown";
import { showThumbnails, thumbnailsChanged } from "./thumbnails";
import { caption, CAPTION, describe, drawnSize, image, LINE, pixelsOf, tileStyles, type TileState } from "./tile";

/** Slightly longer than the gliding takes. */
const SETTLED = 600;
/** Tiles that may come into the document in one frame, besides those in the window. */
const AT_ONCE = 28;
/** Height of a group's heading, in CSS pixels at the default font size. */
const HEADING = 72;

/** On narrower images, marks are centred, in CSS pixels. */
const NARROW = 80;

export class PictureSheet extends PickElement {
  static override properties = {
    pictures: { attribute: false },
    groups: { attribute: false },
    ranks: { attribute: false },
    sizes: { attribute: false },
    prompt: { attribute: false },
    unlike: { attribute: false },
    tile: { type: Number },
    field: { attribute: false },
    leads: { type: Boolean },
    version: { type: Number },
    width: { state: true },
    from: { state: true },
    to: { state: true },
    current: { state: true },
  };

  /** The images in the order of the groups. */
  declare pictures: readonly Picture[];
  declare groups: readonly Group[];
  declare ranks: ReadonlyMap<Picture, number>;
  /** How many images each own prompt has, also where a filter hides some. */
  declare sizes: ReadonlyMap<string, number>;
  declare prompt: string | undefined;
  declare unlike: (picture: Picture) => boolean;
  declare tile: number;
  /** What the images are sorted by, if their files say it. */
  declare field: Field | undefined;
  declare leads: boolean;
  declare version: number;
  declare width: number;
  declare from: number;
  declare to: number;
  /** The image that the Tab key reaches. */
  declare current: number | undefined;

  #sections: Sections = { all: [], height: 0 };
  /** The part of the document that is shown, in pixels. */
  #top = 0;
  #bottom = 0;
  readonly #resized = new ResizeObserver(([entry]) => {
    if (entry) this.width = Math.floor(entry.contentRect.width);
  });
  /** What is above may grow or shrink, which moves the grid without scrolling. */
  readonly #moved = new ResizeObserver(() => this.#look());
  #frame = 0;
  /**
   * While images glide, their elements keep their order in the document, because moving an element
   * stops its transition.
   */
  #gliding: number | undefined;
  #order = "";
  /** Width divided by height of the large image. */
  #lead: number | undefined;
  /** Remembered because moving an element in the document takes its focus away. */
  #focused: HTMLElement | undefined;

  constructor() {
    super();
    new Watch(this, thumbnailsChanged);
    this.pictures = [];
    this.groups = [];
    this.ranks = new Map();
    this.sizes = new Map();
    this.unlike = () => false;
    this.tile = 168;
    this.field = undefined;
    this.leads = false;
    this.version = 0;
    this.width = 0;
    this.from = 0;
    this.to = 0;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#resized.observe(this);
    this.#moved.observe(document.body);
    addEventListener("scroll", this.#look, { passive: true });
    addEventListener("resize", this.#look, { passive: true });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resized.disconnect();
    this.#moved.disconnect();
    removeEventListener("scroll", this.#look);
    removeEventListener("resize", this.#look);
    cancelAnimationFrame(this.#frame);
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (this.hasUpdated) this.#focused = ((this.renderRoot as ShadowRoot).activeElement as HTMLElement | null) ?? undefined;
    const isWhole = this.groups.every(({ kind }) => kind === "all");
    const lead = this.leads && isWhole ? ratioOf(this.pictures[0]) : undefined;
    if (["pictures", "groups", "width", "tile", "field"].some((name) => changed.has(name)) || lead !== this.#lead) {
      const before = this.#sections;
      const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
      const least = Math.min(this.tile * rem, Math.max(80, (this.width - 12) / 2));
      const sizes = { width: this.width, least, caption: (CAPTION + (this.field ? LINE : 0)) * rem, heading: isWhole ? 0 : HEADING * rem, lead };
      this.#sections = layOut(this.groups.map(({ pictures }) => pictures.length), sizes);
      // Reading the window's position costs a layout, so it is done only when the grid changed.
      const more = (changed.get("pictures") as readonly Picture[] | undefined)?.length !== this.pictures.length && changed.has("pictures");
      if (more || before.height !== this.#sections.height || before.all[0]?.grid.columns !== this.#sections.all[0]?.grid.columns || lead !== this.#lead || changed.has("width")) this.#range();
      this.to = Math.min(this.to, this.pictures.length);
      const order = this.pictures.map(({ id }) => id).join();
      if ((order !== this.#order || lead !== this.#lead) && this.#order !== "") this.#glide();
      this.#order = order;
      this.#lead = lead;
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
    this.#top = -top - innerHeight / 2;
    this.#bottom = -top + 1.5 * innerHeight;
    const wide = visible(this.#sections, this.#top, this.#bottom);
    const [from, to] = this.#step(wide, visible(this.#sections, -top, -top + innerHeight));
    // The rest comes with the next frames.
    if (from !== wide[0] || to !== wide[1]) this.#look();
    if (from === this.from && to === this.to) return;
    this.from = from;
    this.to = to;
  }

  /** What to show next on the way to a range: after a jump, first what is in the window. */
  #step([from, to]: readonly [number, number], [first, last]: readonly [number, number]): [number, number] {
    const { from: before, to: after } = this;
    const isCovered = before <= first && last <= after && before < after;
    if (!isCovered) {
      const isNear = Math.max(0, before - from) + Math.max(0, to - after) <= AT_ONCE && before < to && after > from;
      return isNear ? [from, to] : [first, last];
    }
    const above = Math.min(Math.max(0, before - from), AT_ONCE / 2);
    return [Math.max(from, before - above), Math.min(to, after + AT_ONCE - above)];
  }

  readonly #slots = new Slots();
  #largest = 0;

  override render(): TemplateResult {
    const shown = this.pictures.slice(this.from, this.to).map((picture, index) => ({ picture, index: this.from + index }));
    const focused = this.current === undefined ? -1 : this.pictures.findIndex(({ id }) => id === this.current);
    // The focused image stays, wherever it is.
    if (focused >= 0 && (focused < this.from || focused >= this.to)) shown.push({ picture: this.pictures[focused] as Picture, index: focused });
    showThumbnails(shown.map(({ picture, index }) => [picture, pixelsOf(picture, place(this.#sections, index))]));
    this.#largest = shownLargest();
    const reachable = focused >= 0 ? focused : this.from;
    if (this.#gliding !== undefined) shown.sort((a, b) => a.picture.id - b.picture.id);
    const slots = this.#slots.assign(shown.map(({ picture }) => picture.id), this.#gliding === undefined);
    const sections = sectionsBetween(this.#sections, this.#top, this.#bottom);
    // The focused image may be far away.
    const outside = shown.flatMap(({ index }) => (sections.some((section) => isIn(section, index)) ? [] : (sectionOf(this.#sections, index) ?? [])));
    return html`<div class="table ${this.#gliding === undefined ? "" : "gliding"}" ${styled({ height: `${this.#sections.height}px` })} @keydown=${this.#key}>
      ${repeat(
        [...sections, ...new Set(outside)],
        (section) => this.#group(section)?.prompt ?? this.#group(section)?.kind,
        (section) => html`${this.#heading(section)}
          <div role="list" aria-label=${this.#title(section)}>
            ${repeat(
              shown.filter(({ index }) => isIn(section, index)),
              ({ picture }) => slots.get(picture.id),
              ({ picture, index }) => this.#tile(picture, index, index === reachable, section),
            )}
          </div>`,
      )}
    </div>`;
  }

  #group({ index }: Section): Group | undefined {
    return this.groups[index];
  }

  #title(section: Section): string {
    const { kind, prompt } = this.#group(section) ?? { kind: "all" };
    return { all: scoreText.sheet, prompt: prompt ?? "", alone: tableText.groupAlone, none: tableText.groupNone, unread: tableText.groupUnread }[kind];
  }

  #heading(section: Section): TemplateResult | string {
    const { kind } = this.#group(section) ?? { kind: "all" };
    if (kind === "all") return "";
    const words = { prompt: "", alone: tableText.groupAloneWords, none: tableText.groupNoneWords, unread: "" }[kind];
    return html`<h2 class="heading" ${styled({ transform: `translateY(${section.top}px)` })} title=${this.#title(section)}>
      <span class=${kind === "prompt" ? "voice" : ""} dir="auto">${this.#title(section)}</span>
      <span class="soft small">${scoreText.pictures(section.count)}${words ? ` · ${words}` : ""}</span>
    </h2>`;
  }

  #tile(picture: Picture, index: number, reachable: boolean, section: Section): TemplateResult {
    const { x, y, side, tall } = place(this.#sections, index);
    const state: TileState = {
      picture,
      prompt: this.prompt,
      rank: this.ranks.get(picture),
      of: this.#of(section),
      largest: this.#largest,
      unlike: this.unlike(picture),
      isAlone: this.#group(section)?.kind === "alone",
      field: this.field,
    };
    const name = picture.caption ?? picture.path;
    const drawn = drawnSize(picture, { side, tall });
    const size = { "--side": `${side}px`, "--tall": `${tall}px`, "--drawn-width": `${drawn.width}px`, "--drawn-height": `${drawn.height}px` };
    const classes = ["tile", drawn.width < NARROW ? "narrow" : "", picture.bucket === "drop" ? "dropped" : "", picture.selected ? "selected" : "", state.rank === 1 && !state.isAlone ? "first" : "", picture.caption === undefined ? "" : "sample"].join(" ");
    return html`<div
      class=${classes}
      role="listitem"
      aria-setsize=${section.count}
      aria-posinset=${index - section.from + 1}
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

  /** How many images are ranked with those of a group. */
  #of(section: Section): number {
    const { prompt } = this.#group(section) ?? {};
    return prompt === undefined ? this.ranks.size : (this.sizes.get(prompt) ?? section.count);
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
    const to = neighbour(this.#sections, at, key);
    this.current = this.pictures[to]?.id;
    await this.updateComplete;
    this.focusCurrent();
  }

  /** Scrolls to an image and focuses it. */
  async reveal(picture: Picture): Promise<void> {
    const index = this.pictures.indexOf(picture);
    if (index < 0) return;
    this.current = picture.id;
    const { y, tall } = place(this.#sections, index);
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

  static override styles = [...PickElement.shared, tileStyles, sheetStyle];
}

/** Width divided by height; that of a square until it is known. */
function ratioOf({ width, height }: Partial<Picture> = {}): number {
  return width && height ? width / height : 1;
}

function isIn({ from, count }: Section, index: number): boolean {
  return index >= from && index < from + count;
}

customElements.define("picture-sheet", PictureSheet);
