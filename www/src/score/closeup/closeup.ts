/**
 * One image, or two to four side by side, over the whole window. Keys walk through the ranking,
 * select and mark. Event: `done` with the image looked at last.
 */

import "./facts";
import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { PickElement } from "../../design/element";
import { icon, type IconName } from "../../design/icons";
import { styled } from "../../design/style";
import { Watch } from "../../state/store";
import { closeupText } from "../../text/closeup";
import { number, percent, scoreNumber } from "../../text/format";
import { board } from "../board";
import { fileOf } from "../file";
import type { Picture } from "../picture";
import { bucketOfKey, mark, select, selection } from "../selected";
import { shownLargest, shownPrompt } from "../shown";
import { enlargeThumbnails, thumbnailsChanged } from "../thumbnails";
import { nameOf } from "./facts";
import { closeupStyles } from "./styles";
import { LARGEST, Zoom } from "./zoom";

/** Most images side by side. */
export const MOST = 4;
/** Marks this entry of the browser's history, so that going back closes the close-up. */
const HISTORY = { closeUp: true };

export class CloseUp extends PickElement {
  static override properties = {
    looked: { attribute: false },
    all: { attribute: false },
    ranks: { attribute: false },
    panes: { state: true },
    active: { state: true },
    hasKeys: { state: true },
    isFull: { state: true },
  };

  /** The images to begin with; an empty list closes it. */
  declare looked: readonly Picture[];
  /** The images in the order shown, which keys walk through. */
  declare all: readonly Picture[];
  declare ranks: ReadonlyMap<Picture, number>;
  /** The images shown now. */
  declare private panes: readonly Picture[];
  /** The index of the one that keys act on. */
  declare private active: number;
  /** Whether the list of keys is shown. */
  declare private hasKeys: boolean;
  declare private isFull: boolean;

  /** The order when it was opened: a new score or filter must not take the place away. */
  #walk: readonly Picture[] = [];
  /** Object URLs of files near the current one. */
  readonly #addresses = new Map<Picture, string>();
  /** The images whose addresses are wanted. */
  #wanted: ReadonlySet<Picture> = new Set();
  readonly #zoom = new Zoom(this, (step) => this.#go(step));
  /** Images whose files the browser cannot show. */
  readonly #broken = new Set<Picture>();
  #said = "";

  constructor() {
    super();
    new Watch(this, board, selection, thumbnailsChanged);
    this.looked = [];
    this.all = [];
    this.ranks = new Map();
    this.panes = [];
    this.active = 0;
    this.hasKeys = false;
    this.isFull = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("popstate", this.#back);
    document.addEventListener("fullscreenchange", this.#fullChanged);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener("popstate", this.#back);
    document.removeEventListener("fullscreenchange", this.#fullChanged);
    this.#keepAddresses([]);
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has("looked")) {
      this.panes = this.looked.slice(0, MOST);
      this.active = 0;
      this.#walk = this.all;
      this.#zoom.fit();
    }
    this.#keepAddresses([...this.panes, ...this.#near()]);
  }

  protected override updated(changed: PropertyValues): void {
    const dialog = this.renderRoot.querySelector("dialog");
    // The focused button went with its image: keys would go nowhere.
    if (dialog?.open && (this.renderRoot as ShadowRoot).activeElement === null) this.#focusStage();
    if (!changed.has("looked")) return;
    if (this.looked.length > 0 && dialog && !dialog.open) {
      dialog.showModal();
      this.#focusStage();
      // Going back would scroll to where the page was, instead of to the last image.
      history.scrollRestoration = "manual";
      history.pushState(HISTORY, "");
    }
    if (this.looked.length === 0 && dialog?.open) dialog.close();
  }

  get #current(): Picture | undefined {
    return this.panes[this.active];
  }

  /** The next images each way, which are decoded ahead. */
  #near(): Picture[] {
    return [this.#beside(1), this.#beside(-1)].filter((picture) => picture !== undefined);
  }

  #keepAddresses(pictures: readonly Picture[]): void {
    const before = this.#wanted;
    this.#wanted = new Set(pictures);
    enlargeThumbnails(pictures);
    for (const [picture, address] of this.#addresses) {
      if (this.#wanted.has(picture)) continue;
      URL.revokeObjectURL(address);
      this.#addresses.delete(picture);
    }
    for (const picture of this.#wanted) {
      // The engine has made a copy meanwhile.
      const isMended = picture.copy !== undefined && this.#broken.delete(picture);
      if (isMended || !before.has(picture)) void this.#load(picture);
    }
  }

  /** Makes an image's address. Until then, and if its file is gone, its thumbnail is shown. */
  async #load(picture: Picture): Promise<void> {
    const file = picture.copy ?? (await fileOf(picture).catch(() => undefined));
    if (!file || !this.#wanted.has(picture) || this.#addresses.has(picture)) return;
    const address = URL.createObjectURL(file);
    this.#addresses.set(picture, address);
    if (!this.panes.includes(picture)) new Image().src = address;
    this.requestUpdate();
  }

  override render(): TemplateResult {
    const current = this.#current;
    const others = this.panes.filter((picture) => picture !== current);
    return html`<dialog aria-label=${closeupText.title} @close=${this.#closed} @keydown=${this.#key}>
      ${current
        ? html`${this.#bar(current)}
            <div class="stage" tabindex="0" role="group" aria-label=${closeupText.stage(nameOf(current))} data-panes=${this.panes.length} @wheel=${this.#zoom.wheel}>
              ${repeat(
                this.panes,
                ({ id }) => id,
                (picture, index) => this.#pane(picture, index),
              )}
            </div>
            <div class="side" role="group" aria-label=${closeupText.details}>
              <picture-facts .picture=${current} .others=${others} @act=${(event: CustomEvent<string>) => this.#act(event.detail)}></picture-facts>
              ${this.#keys()}
            </div>`
        : nothing}
      <div role="status" class="hidden-text">${this.#said}</div>
    </dialog>`;
  }

  #bar(current: Picture): TemplateResult {
    const { scale } = this.#zoom;
    const button = (name: IconName, words: string, run: () => void, disabled = false) =>
      html`<button type="button" aria-label=${words} title=${words} ?disabled=${disabled} @click=${run}>${icon(name)}</button>`;
    const at = this.#walk.indexOf(current);
    return html`<div class="bar" @click=${this.#clicked}>
      ${button("left", closeupText.previous, () => this.#go(-1), !this.#beside(-1))} ${button("right", closeupText.next, () => this.#go(1), !this.#beside(1))}
      <span class="figures small place">${at < 0 ? nothing : closeupText.place(number(at + 1), number(this.#walk.length))}</span>
      <span class="group zoom">
        <button type="button" aria-label=${closeupText.zoomOut} ?disabled=${scale <= 1} @click=${() => this.#zoom.by(1 / 1.5)}>−</button>
        <output class="figures small">${percent(scale, 0)}</output>
        <button type="button" aria-label=${closeupText.zoomIn} ?disabled=${scale >= LARGEST} @click=${() => this.#zoom.by(1.5)}>+</button>
        <button type="button" ?disabled=${scale === 1} @click=${this.#zoom.fit}>${closeupText.fit}</button>
      </span>
      <span class="group" role="group" aria-label=${closeupText.beside}>
        ${[1, 2, 3, 4].map((count) => html`<button type="button" class="count" aria-label=${closeupText.besideCount(String(count))} title=${closeupText.besideCount(String(count))} aria-pressed=${this.panes.length === count} ?disabled=${count > this.#walk.length} @click=${() => this.#show(count)}>${number(count)}</button>`)}
      </span>
      <span class="group last">
        ${document.fullscreenEnabled && !isSmall() ? button(this.isFull ? "shrink" : "enlarge", this.isFull ? closeupText.leaveFullScreen : closeupText.fullScreen, () => this.#toggleFull()) : nothing}
        ${button("close", closeupText.close, this.#close)}
      </span>
    </div>`;
  }

  #pane(picture: Picture, index: number): TemplateResult {
    const several = this.panes.length > 1;
    const { scale, transform } = this.#zoom;
    const name = nameOf(picture);
    const marks = [picture.selected ? closeupText.selected : "", picture.bucket ? closeupText[picture.bucket] : ""].filter(Boolean);
    const isUnshown = this.#broken.has(picture) && picture.thumbnail === undefined;
    const small = picture.thumbnail === undefined ? "none" : `url("${picture.thumbnail}")`;
    return html`<figure class=${several && index === this.active ? "active" : ""}>
      <div class="pane" @pointerdown=${this.#zoom.down} @pointermove=${this.#zoom.move} @pointerup=${this.#zoom.up} @pointercancel=${this.#zoom.cancel} @click=${() => (this.active = index)}>
        ${isUnshown ? html`<p class="soft">${closeupText.unshown}</p>` : nothing}
        <img
          ?hidden=${isUnshown}
          class=${scale > 3 ? "large" : ""}
          src=${this.#addresses.get(picture) ?? picture.thumbnail ?? nothing}
          alt=${picture.caption ?? picture.path}
          draggable="false"
          decoding="async"
          @load=${loaded}
          @error=${() => this.#failed(picture)}
          ${styled({ transform, "background-image": small })}
        />
        ${marks.length > 0 ? html`<span class="marks tiny">${marks.join(" · ")}</span>` : nothing}
      </div>
      ${several
        ? html`<figcaption class="small">
            <button type="button" class="quiet" aria-pressed=${index === this.active} aria-label=${closeupText.active(name)} @click=${() => (this.active = index)}>${name}</button>
            <span class="figures soft">${this.#numbers(picture)}</span>
          </figcaption>`
        : nothing}
    </figure>`;
  }

  /** The file cannot be shown, or is gone: its thumbnail is shown instead. */
  #failed(picture: Picture): void {
    const address = this.#addresses.get(picture);
    if (address === undefined) return;
    URL.revokeObjectURL(address);
    this.#addresses.delete(picture);
    this.#broken.add(picture);
    this.requestUpdate();
  }

  /** Rank, score and probability in a line. */
  #numbers(picture: Picture): string {
    const prompt = shownPrompt();
    const result = prompt === undefined ? undefined : picture.results.get(prompt);
    const rank = this.ranks.get(picture);
    if (!result || rank === undefined) return closeupText.notScored;
    return [`#${number(rank)}`, scoreNumber(result.score, shownLargest()), ...(result.probability === undefined ? [] : [percent(result.probability)])].join(" · ");
  }

  #keys(): TemplateResult {
    const row = (keys: readonly string[], words: string) => html`<div><dt>${keys.map((key) => html`<kbd>${key}</kbd> `)}</dt><dd>${words}</dd></div>`;
    return html`<details class="keys small" .open=${this.hasKeys} @toggle=${(event: Event) => (this.hasKeys = (event.target as HTMLDetailsElement).open)}>
      <summary>${closeupText.keys} <kbd>?</kbd></summary>
      <dl>
        ${row(["←", "→"], closeupText.keyWalk)} ${row(["Space"], closeupText.keySelect)} ${row(["K", "M", "D", "0"], closeupText.keyMark)} ${row(["+", "−", "Z"], closeupText.keyZoom)}
        ${row(["⇧ ← → ↑ ↓"], closeupText.keyMove)} ${row(["1", "2", "3", "4"], closeupText.keyBeside)} ${row([","], closeupText.keyPane)} ${document.fullscreenEnabled ? row(["F"], closeupText.keyFull) : nothing}
      </dl>
    </details>`;
  }

  /** The next image that way which is not shown yet. */
  #beside(step: number): Picture | undefined {
    const current = this.#current;
    if (!current) return undefined;
    for (let at = this.#walk.indexOf(current) + step; at >= 0 && at < this.#walk.length; at += step) {
      const picture = this.#walk[at] as Picture;
      if (!this.panes.includes(picture)) return picture;
    }
    return undefined;
  }

  #go(step: -1 | 1): void {
    const picture = this.#beside(step);
    if (!picture) return;
    this.panes = this.panes.map((pane, index) => (index === this.active ? picture : pane));
    this.#say(`${nameOf(picture)}, ${this.#numbers(picture)}`);
  }

  /** Shows this many images: the current one and those after it, or else before it. */
  #show(count: number): void {
    const current = this.#current;
    if (!current || count === this.panes.length) return;
    let panes = this.panes;
    if (count < panes.length) panes = [current, ...panes.filter((picture) => picture !== current)].slice(0, count);
    const at = this.#walk.indexOf(current);
    const rest = [...this.#walk.slice(at + 1), ...this.#walk.slice(0, Math.max(0, at)).reverse()].filter((picture) => !panes.includes(picture));
    panes = [...panes, ...rest.slice(0, count - panes.length)];
    const order = new Map(this.#walk.map((picture, index) => [picture, index]));
    this.panes = [...panes].sort((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0));
    this.active = this.panes.indexOf(current);
  }

  #act(action: string): void {
    const current = this.#current;
    if (!current) return;
    const name = nameOf(current);
    if (action === "select") {
      select([current], !current.selected);
      this.#say(current.selected ? closeupText.nowSelected(name) : closeupText.notSelected(name));
      return;
    }
    const bucket = action === "none" ? undefined : (action as "keep");
    mark([current], bucket);
    // The next image is the next one to decide on.
    if (bucket && this.panes.length === 1) this.#go(1);
    this.#say(closeupText.marked(name, bucket ? closeupText[bucket] : closeupText.noMark));
  }

  #say(words: string): void {
    this.#said = words;
    this.requestUpdate();
  }

  #key(event: KeyboardEvent): void {
    const target = event.composedPath()[0] as HTMLElement;
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    // A button that was reached with the keyboard is pressed with the space bar.
    if (event.key === " " && target.matches(":is(button, summary):focus-visible")) return;
    const bucket = bucketOfKey(event.key);
    const walk = (step: -1 | 1) => (event.shiftKey ? this.#zoom.step(step, 0) : this.#go(step));
    const actions: Record<string, () => void> = {
      ArrowLeft: () => walk(-1),
      ArrowRight: () => walk(1),
      ArrowUp: () => this.#zoom.step(0, -1),
      ArrowDown: () => this.#zoom.step(0, 1),
      Home: () => this.#jump(0),
      End: () => this.#jump(this.#walk.length - 1),
      " ": () => this.#act("select"),
      x: () => this.#act("select"),
      "+": () => this.#zoom.by(1.5),
      "=": () => this.#zoom.by(1.5),
      "-": () => this.#zoom.by(1 / 1.5),
      z: () => (this.#zoom.scale > 1 ? this.#zoom.fit() : this.#zoom.by(4)),
      f: () => void this.#toggleFull(),
      ",": () => (this.active = (this.active + 1) % this.panes.length),
      "?": () => (this.hasKeys = !this.hasKeys),
    };
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key] ?? (bucket ? () => this.#act(bucket) : /^[1-4]$/.test(event.key) ? () => this.#show(Math.min(Number(event.key), this.#walk.length)) : undefined);
    // With a list of settings in focus, arrows scroll it.
    if (!action || (/^Arrow(Up|Down)$/.test(event.key) && this.#zoom.scale === 1)) return;
    event.preventDefault();
    action();
  }

  #jump(at: number): void {
    const picture = this.#walk[at];
    if (picture && this.panes.length === 1) this.panes = [picture];
  }

  /** A click keeps the keyboard on the images. */
  #clicked(event: MouseEvent): void {
    if (event.detail > 0) this.#focusStage();
  }

  #focusStage(): void {
    this.renderRoot.querySelector<HTMLElement>(".stage")?.focus();
  }

  async #toggleFull(): Promise<void> {
    try {
      if (document.fullscreenElement) await document.exitFullscreen();
      else await document.documentElement.requestFullscreen();
    } catch {
      // The browser refuses; the close-up fills the window anyway.
    }
  }

  readonly #fullChanged = (): void => {
    this.isFull = document.fullscreenElement !== null;
  };

  readonly #close = (): void => {
    this.renderRoot.querySelector("dialog")?.close();
  };

  /** The browser's back button. */
  readonly #back = (): void => {
    if (this.panes.length > 0) this.#close();
    history.scrollRestoration = "auto";
  };

  #closed(): void {
    const last = this.#current;
    this.panes = [];
    this.#zoom.fit();
    if (document.fullscreenElement) void document.exitFullscreen();
    if ((history.state as typeof HISTORY | null)?.closeUp) history.back();
    this.dispatchEvent(new CustomEvent("done", { detail: last }));
  }

  static override styles = [...PickElement.shared, closeupStyles];
}

/** Small screens have no room for full screen's button, and little use for it. */
function isSmall(): boolean {
  return matchMedia("(max-width: 30rem)").matches;
}

/** The whole image covers its thumbnail, but transparent images would show it. */
function loaded({ target }: Event): void {
  (target as HTMLElement).style.setProperty("background-image", "none");
}

customElements.define("close-up", CloseUp);
