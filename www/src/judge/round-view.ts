/** The round on the screen: two images, five answers. */

import { css, html, nothing, type TemplateResult } from "lit";
import { Conflict, goOnInMemory } from "../collection/collection";
import type { Choice, PreferenceRecord } from "../collection/library";
import { PickElement } from "../design/element";
import { icon } from "../design/icons";
import { route } from "../shell/router";
import { announce } from "../shell/toasts";
import { Store, Watch } from "../state/store";
import { number } from "../text/format";
import { judgeText } from "../text/judge";
import { explainStorage } from "../text/storage";
import { finish, robbed } from "./current";
import type { Play } from "./play";
import type { RoundScores } from "./scoring";
import { Showing } from "./showing";
import { Stopwatch } from "./stopwatch";

const KEYS: Record<string, Choice | "undo"> = { ArrowLeft: "left", ArrowDown: "tie", ArrowRight: "right", s: "skip", u: "undo" };

/**
 * Where the images are stacked, they are called upper and lower. The styles below use the same
 * query.
 */
const STACKED = "(max-width: 40rem) and (orientation: portrait)";

/** Single-letter keys can be turned off, because speech input may trigger them by accident. */
const letters = new Store(readLetters());

function readLetters(): boolean {
  try {
    return localStorage.getItem("pickscore.letters") !== "off";
  } catch {
    return true;
  }
}

export class JudgeRound extends PickElement {
  static override properties = { play: { attribute: false }, scores: { attribute: false }, sources: { state: true }, problem: { state: true } };
  declare play: Play;
  declare scores: RoundScores;
  /** The images on the screen. */
  declare private sources: { key: string; left: string; right: string } | undefined;
  /** The answer that could not be stored, and why. */
  declare private problem: { choice: Choice | "undo"; error: unknown } | undefined;
  readonly #showing = new Showing();
  readonly #watch = new Stopwatch();
  readonly #narrow = matchMedia(STACKED);
  #stop: (() => void)[] = [];

  constructor() {
    super();
    this.sources = undefined;
    this.problem = undefined;
    new Watch(this, letters);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    const key = (event: KeyboardEvent) => this.#key(event);
    const visible = () => (this.#seen ? this.#watch.resume() : this.#watch.pause());
    addEventListener("keydown", key);
    document.addEventListener("visibilitychange", visible);
    const turned = () => this.requestUpdate();
    this.#narrow.addEventListener("change", turned);
    this.#stop = [
      () => this.#narrow.removeEventListener("change", turned),
      () => removeEventListener("keydown", key),
      () => document.removeEventListener("visibilitychange", visible),
      route.subscribe(visible),
      this.scores.version.subscribe(() => this.requestUpdate()),
    ];
    void this.#show("");
    scrollTo(0, 0);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const stop of this.#stop) stop();
    this.#showing.clear();
    this.sources = undefined;
  }

  get #seen(): boolean {
    return !document.hidden && route.value.screen === "judge";
  }

  get #pairKey(): string {
    const { shown } = this.play;
    return shown ? `${this.play.set.prompt}\n${shown.pair.number}\n${shown.pair.left}\n${shown.pair.right}` : "";
  }

  /** Shows the pair, both images at once. */
  async #show(before: string): Promise<void> {
    const { shown } = this.play;
    if (!shown) return void finish();
    const key = this.#pairKey;
    const { left, right } = shown.pair;
    this.scores.prefer(shown.prompt, [left, right]);
    const [a, b] = await Promise.all([this.#showing.get(left), this.#showing.get(right)]);
    if (key !== this.#pairKey || !this.isConnected) return;
    this.sources = { key, left: a.address, right: b.address };
    this.#watch.restart(this.#seen);
    const { answered, total } = this.play.progress;
    const pair = judgeText.pairOf(number(Math.min(answered + 1, total)), number(total));
    announce(before ? `${before} ${pair}` : `${pair}${judgeText.fullStop} ${judgeText.twoPictures(shown.prompt)}`);
  }

  #key(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.repeat || !this.#seen) return;
    const target = event.composedPath()[0];
    if (target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return;
    if (target instanceof HTMLInputElement && target.type !== "checkbox") return;
    const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const what = KEYS[name];
    if (!what || (name.length === 1 && !letters.value)) return;
    event.preventDefault();
    void this.#do(what);
  }

  async #do(what: Choice | "undo"): Promise<void> {
    const { play } = this;
    // Ignores answers until the pair is on the screen.
    if (play.busy || (what !== "undo" && this.sources?.key !== this.#pairKey)) return;
    try {
      if (what === "undo") {
        if (!(await play.undo())) return;
      } else {
        await play.choose(what, this.#watch.seconds, this.scores);
      }
    } catch (error) {
      if (error instanceof Conflict) return robbed();
      this.problem = { choice: what, error };
      return;
    }
    this.problem = undefined;
    this.requestUpdate();
    await this.#show(this.#did(what));
  }

  #did(what: Choice | "undo"): string {
    const stacked = this.#narrow.matches;
    return judgeText[`did_${stacked && what === "left" ? "upper" : stacked && what === "right" ? "lower" : what}`];
  }

  override render(): TemplateResult | typeof nothing {
    const { shown } = this.play;
    if (!shown) return nothing;
    const { answered, total, undoable } = this.play.progress;
    const ready = this.sources?.key === this.#pairKey;
    const stacked = this.#narrow.matches;
    return html`
      <header>
        <h1 class="voice" dir="auto" tabindex="-1">${shown.prompt}</h1>
        <div class="far">
          <span class="figures tiny">${judgeText.pairOf(number(Math.min(answered + 1, total)), number(total))}</span>
          <progress max=${total} .value=${answered} aria-label=${judgeText.progress}></progress>
        </div>
      </header>
      ${this.#problem()}
      <div class="pair" aria-busy=${!ready}>${this.#picture("left", ready)}${this.#picture("right", ready)}</div>
      <div class="answers" role="group" aria-label=${judgeText.answers}>
        ${this.#answer("left", stacked ? judgeText.upper : judgeText.left, "←")} ${this.#answer("tie", judgeText.tie, "↓")}
        ${this.#answer("right", stacked ? judgeText.lower : judgeText.right, "→")}
        <div class="aside">
          <button type="button" class="quiet" ?disabled=${undoable === 0} aria-keyshortcuts=${letters.value ? "U" : nothing} @click=${() => this.#do("undo")}>
            ${icon("undo")}${judgeText.undo}${letters.value ? html`<kbd aria-hidden="true">U</kbd>` : ""}
          </button>
          <button type="button" class="quiet" aria-keyshortcuts=${letters.value ? "S" : nothing} @click=${() => this.#do("skip")}>
            ${judgeText.skip}${letters.value ? html`<kbd aria-hidden="true">S</kbd>` : ""}
          </button>
        </div>
      </div>
      <footer>
        <p class="soft small" aria-live="off">${this.#lastWords()}</p>
        <div class="row">
          <label class="check small">
            <input type="checkbox" .checked=${letters.value} @change=${this.#toggleLetters} />${judgeText.letters}
          </label>
          <button type="button" class="link small" @click=${() => finish()}>${judgeText.endRound}</button>
        </div>
      </footer>
    `;
  }

  #picture(side: "left" | "right", ready: boolean): TemplateResult {
    const address = this.sources?.[side];
    const stacked = this.#narrow.matches;
    const name = side === "left" ? (stacked ? judgeText.upperPicture : judgeText.leftPicture) : stacked ? judgeText.lowerPicture : judgeText.rightPicture;
    return html`
      <figure class=${side}>
        <button type="button" class="picture" aria-label=${judgeText.prefer(name)} @click=${() => this.#do(side)}>
          ${address
            ? html`<img src=${address} alt="" draggable="false" />`
            : this.sources && ready
              ? html`<span class="soft small">${icon("image", 24)}${judgeText.cannotShow}</span>`
              : nothing}
        </button>
        ${this.play.row.plan.open ? html`<figcaption class="small">${this.#facts(side)}</figcaption>` : nothing}
      </figure>
    `;
  }

  #answer(side: "left" | "tie" | "right", words: string, key: string): TemplateResult {
    const shortcut = { left: "ArrowLeft", tie: "ArrowDown", right: "ArrowRight" }[side];
    return html`<button type="button" class="answer ${side}" aria-keyshortcuts=${shortcut} @click=${() => this.#do(side)}>
      <span>${words}</span><kbd aria-hidden="true">${key}</kbd>
    </button>`;
  }

  /** Model and score of an image, if the visitor wants to see them. */
  #facts(side: "left" | "right"): TemplateResult {
    const { pair, prompt } = this.play.shown as NonNullable<Play["shown"]>;
    const model = this.play.items.get(pair[side])?.model ?? judgeText.unknownModel;
    const score = this.scores.ofPair(prompt, pair.left, pair.right)?.[side];
    return html`<bdi>${model}</bdi>${score === undefined ? nothing : html` <span class="figures soft">${number(score, 2)}</span>`}`;
  }

  /** The last choice. Reveals only the replaced image: the one that stays is still being judged. */
  #lastWords(): string {
    const { last, row, shown } = this.play;
    if (!last) return this.play.progress.answered === 0 ? judgeText.hint : "";
    const did = this.#did(last.label ?? "skip");
    if (row.plan.mode !== "winner-stays" || last.control || !shown) return did;
    const gone = ([last.left, last.right] as PreferenceRecord["left"][]).find(({ image_uid }) => image_uid !== shown.pair.left && image_uid !== shown.pair.right);
    const score = gone && this.scores.ofPair(last.prompt, last.left.image_uid, last.right.image_uid);
    const value = score && (gone === last.left ? score.left : score.right);
    if (!gone || (!gone.model && value === undefined)) return did;
    return `${did} ${judgeText.goneIs(gone.model ?? "", value === undefined ? "" : number(value, 2))}`;
  }

  #problem(): TemplateResult | typeof nothing {
    const { problem } = this;
    if (!problem) return nothing;
    const without = async () => {
      await goOnInMemory();
      await this.#do(problem.choice);
    };
    return html`<div class="problem row" role="alert">
      <span>${explainStorage(problem.error)} ${judgeText.notStored}</span>
      <button type="button" @click=${() => this.#do(problem.choice)}>${judgeText.tryAgain}</button>
      <button type="button" @click=${without}>${judgeText.withoutStoring}</button>
    </div>`;
  }

  #toggleLetters(event: Event): void {
    letters.value = (event.target as HTMLInputElement).checked;
    try {
      localStorage.setItem("pickscore.letters", letters.value ? "on" : "off");
    } catch {
      // Without storage, it lasts until the tab closes.
    }
  }

  static override styles = [
    ...PickElement.shared,
    css`
      :host {
        display: grid;
        grid-template-rows: auto auto minmax(14rem, 1fr) auto auto;
        gap: var(--s3);
        padding: var(--s4) var(--gutter) var(--s3);
        min-height: calc(100dvh - 3.1rem);
      }
      header {
        grid-row: 1;
        display: grid;
        grid-template-columns: 1fr auto;
        gap: var(--s2) var(--s6);
        align-items: end;
      }
      h1 {
        font-weight: 400;
        font-size: var(--large);
        max-width: 60ch;
        max-height: 4.2em;
        overflow: auto;
        overflow-wrap: anywhere;
      }
      .far {
        display: grid;
        gap: var(--s1);
        min-width: 9rem;
        text-align: end;
        color: var(--soft);
      }
      .problem {
        grid-row: 2;
      }
      .pair {
        grid-row: 3;
        display: grid;
        grid-template-columns: 1fr 1fr;
        gap: var(--s3);
        min-height: 0;
        /* Left stays left, also in right-to-left languages. */
        direction: ltr;
      }
      figure {
        display: grid;
        grid-template-rows: minmax(0, 1fr) auto;
        gap: var(--s1);
        min-width: 0;
        min-height: 0;
        position: relative;
      }
      figcaption {
        display: flex;
        justify-content: space-between;
        gap: var(--s3);
      }
      .picture {
        position: relative;
        border-color: transparent;
        background: var(--table);
        padding: 0;
        height: 100%;
        width: 100%;
        overflow: hidden;
      }
      .picture:hover {
        border-color: var(--edge);
        background: var(--table);
      }
      .picture:active {
        border-color: var(--mark);
      }
      .picture img {
        position: absolute;
        inset: 0;
        width: 100%;
        height: 100%;
        object-fit: contain;
        user-select: none;
      }
      .picture span {
        display: grid;
        justify-items: center;
        gap: var(--s2);
        padding: var(--s4);
      }
      .answers {
        grid-row: 4;
        display: grid;
        grid-template-columns: 1fr auto 1fr;
        gap: var(--s3);
        direction: ltr;
      }
      .answer {
        min-height: 3.25rem;
        font-size: var(--body);
        font-weight: 600;
        background: var(--raised);
      }
      .answer.tie {
        min-width: min(18vw, 14rem);
      }
      .quiet:disabled {
        border-color: transparent;
      }
      .aside {
        grid-column: 1 / -1;
        display: flex;
        justify-content: space-between;
      }
      kbd {
        font: var(--tiny) / 1.4 var(--figures);
        color: var(--soft);
        border: 1px solid var(--line);
        border-radius: var(--corner);
        min-width: 1.5em;
        padding: 0 0.3em;
        text-align: center;
      }
      footer {
        grid-row: 5;
        display: flex;
        flex-wrap: wrap;
        justify-content: space-between;
        gap: var(--s1) var(--s5);
        min-height: 1.75rem;
      }
      @media (max-width: 46rem) {
        :host {
          min-height: calc(100dvh - 5.9rem);
        }
      }
      @media (max-width: 40rem) and (orientation: portrait) {
        .pair {
          grid-template-columns: 1fr;
          grid-template-rows: 1fr 1fr;
        }
        :host {
          gap: var(--s2);
          padding-block-start: var(--s3);
        }
        header {
          grid-template-columns: 1fr;
        }
        h1 {
          font-size: var(--body);
          max-height: 2.8em;
        }
        .far {
          grid-template-columns: auto 1fr;
          align-items: center;
          gap: var(--s3);
        }
        .answers {
          gap: var(--s2);
        }
        .answer {
          padding-inline: 0.4rem;
        }
      }
      @media (hover: none) {
        .answer kbd,
        .aside kbd {
          display: none;
        }
      }
    `,
  ];
}

customElements.define("judge-round", JudgeRound);
