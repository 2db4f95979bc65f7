/** The round on the screen: two images with five answers, or the best of up to four. */

import { html, nothing, type TemplateResult } from "lit";
import { Conflict, goOnInMemory } from "../collection/collection";
import { PickElement } from "../design/element";
import { icon } from "../design/icons";
import { styled } from "../design/style";
import { route } from "../shell/router";
import { announce } from "../shell/toasts";
import { Watch } from "../state/store";
import { between, duration, number, scoreNumber } from "../text/format";
import { judgeText } from "../text/judge";
import { explainStorage } from "../text/storage";
import { finish, robbed } from "./current";
import { type Deed, deedOf, letters, setLetters } from "./keys";
import type { Answer, Play } from "./play";
import { roundStyle } from "./round-style";
import type { RoundScores } from "./scoring";
import { type Ready, Showing } from "./showing";
import { Stopwatch } from "./stopwatch";
import { Swipe } from "./swipe";
import { columnsFor } from "./tiling";

/**
 * Where the images of a pair are stacked, they are called upper and lower. The styles use the same
 * query.
 */
const STACKED = "(max-width: 40rem) and (orientation: portrait)";
/** Fingers swipe where keys would be pressed. */
const TOUCH = "(hover: none)";

export class JudgeRound extends PickElement {
  static override properties = { play: { attribute: false }, scores: { attribute: false }, ready: { state: true }, problem: { state: true } };
  declare play: Play;
  declare scores: RoundScores;
  /** The images on the screen. */
  declare private ready: { key: string; images: readonly Ready[] } | undefined;
  /** The answer that could not be stored, and why. */
  declare private problem: { deed: Deed; error: unknown } | undefined;
  readonly #showing = new Showing();
  readonly #watch = new Stopwatch();
  readonly #stacked = matchMedia(STACKED);
  readonly #touch = matchMedia(TOUCH);
  readonly #swipe = new Swipe(
    this,
    () => this.#stacked.matches,
    (side) => void this.#do(side),
  );
  #resized: ResizeObserver | undefined;
  #stop: (() => void)[] = [];

  constructor() {
    super();
    this.ready = undefined;
    this.problem = undefined;
    new Watch(this, letters);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    const key = (event: KeyboardEvent) => this.#key(event);
    const visible = () => (this.#seen ? this.#watch.resume() : this.#watch.pause());
    const changed = () => this.requestUpdate();
    addEventListener("keydown", key);
    document.addEventListener("visibilitychange", visible);
    for (const query of [this.#stacked, this.#touch]) query.addEventListener("change", changed);
    this.#resized = new ResizeObserver(changed);
    this.#resized.observe(this);
    this.#stop = [
      () => removeEventListener("keydown", key),
      () => document.removeEventListener("visibilitychange", visible),
      () => [this.#stacked, this.#touch].forEach((query) => query.removeEventListener("change", changed)),
      () => this.#resized?.disconnect(),
      route.subscribe(visible),
      this.scores.version.subscribe(changed),
    ];
    void this.#show("");
    scrollTo(0, 0);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const stop of this.#stop) stop();
    this.#showing.clear();
    this.ready = undefined;
  }

  get #seen(): boolean {
    return !document.hidden && route.value.screen === "judge";
  }

  /** Identifies what is to be answered. */
  get #asked(): string {
    const { shown } = this.play;
    return shown ? [shown.prompt, shown.number, ...shown.images].join("\n") : "";
  }

  /** Shows the pair or group, all images at once. */
  async #show(before: string): Promise<void> {
    const { shown } = this.play;
    if (!shown) return void finish();
    const key = this.#asked;
    this.scores.prefer(shown.prompt, [...shown.images]);
    const images = await Promise.all(shown.images.map((uid) => this.#showing.get(uid)));
    if (key !== this.#asked || !this.isConnected) return;
    this.ready = { key, images };
    this.#watch.restart(this.#seen);
    const place = this.#place();
    const words = shown.group ? judgeText.imagesFor(shown.images.length, shown.prompt) : judgeText.twoPictures(shown.prompt);
    announce(before ? `${before} ${place}` : `${place}${judgeText.fullStop} ${words}`);
  }

  #key(event: KeyboardEvent): void {
    if (!this.#seen) return;
    const deed = deedOf(event, this.play.shown?.group?.images.length ?? 0);
    if (!deed) return;
    event.preventDefault();
    void this.#do(deed);
  }

  async #do(deed: Deed): Promise<void> {
    const { play } = this;
    // Ignores answers until the images are on the screen.
    if (play.busy || (deed !== "undo" && this.ready?.key !== this.#asked)) return;
    const ofGroup = Boolean(play.shown?.group);
    try {
      if (deed === "undo") {
        if (!(await play.undo())) return;
      } else {
        await play.choose(deed, this.#watch.seconds, this.scores);
      }
    } catch (error) {
      if (error instanceof Conflict) return robbed();
      this.problem = { deed, error };
      return;
    }
    this.problem = undefined;
    this.requestUpdate();
    await this.#show(this.#did(deed, ofGroup));
  }

  #did(deed: Deed, ofGroup: boolean): string {
    if (deed === "1" || deed === "2" || deed === "3" || deed === "4") return judgeText.did_best(deed);
    if (deed === "tie" && ofGroup) return judgeText.did_alike;
    const stacked = this.#stacked.matches;
    return judgeText[`did_${stacked && deed === "left" ? "upper" : stacked && deed === "right" ? "lower" : deed}`];
  }

  override render(): TemplateResult | typeof nothing {
    const { shown } = this.play;
    if (!shown) return nothing;
    const { answered, total } = this.play.progress;
    const ready = this.ready?.key === this.#asked;
    return html`
      <header>
        <h1 class="voice" dir="auto" tabindex="-1">${shown.prompt}</h1>
        <div class="far">
          <span class="figures tiny">${this.#place()}</span>
          <progress max=${total} .value=${answered} aria-label=${judgeText.progress}></progress>
          <span class="pace tiny">${this.#paceWords(total - answered)}</span>
        </div>
      </header>
      ${this.#problem()} ${shown.group ? this.#group(shown.images.length, ready) : this.#pair(ready)}
      <div class="answers" role="group" aria-label=${judgeText.answers}>
        ${shown.group ? this.#answer("tie", judgeText.alike, "↓") : this.#answers()}
        <div class="aside">${this.#letter("undo", html`${icon("undo")}${judgeText.undo}`, "U")} ${this.#letter("skip", judgeText.skip, "S")}</div>
      </div>
      <footer>
        <p class="soft small" aria-live="off">${this.#lastWords()}</p>
        <div class="row">
          <label class="check small">
            <input type="checkbox" .checked=${letters.value} @change=${(event: Event) => setLetters((event.target as HTMLInputElement).checked)} />
            ${shown.group ? judgeText.lettersOfGroup : judgeText.letters}
          </label>
          <button type="button" class="link small" @click=${() => finish()}>${judgeText.endRound}</button>
        </div>
      </footer>
    `;
  }

  /** Which of how many answers comes next. */
  #place(): string {
    const { answered, total } = this.play.progress;
    const words = this.play.row.plan.mode === "best-of-four" ? judgeText.choiceOf : judgeText.pairOf;
    return words(number(Math.min(answered + 1, total)), number(total));
  }

  #paceWords(left: number): string {
    const { each } = this.play.pace;
    return each === undefined ? "" : judgeText.paceOf(number(each, 1), duration(each * left));
  }

  #pair(ready: boolean): TemplateResult {
    const { down, move, up, cancel, click, shift, towards } = this.#swipe;
    const follow = { "--x": `${shift.x}px`, "--y": `${shift.y}px` };
    const stacked = this.#stacked.matches;
    const [left, right] = stacked ? [judgeText.upperPicture, judgeText.lowerPicture] : [judgeText.leftPicture, judgeText.rightPicture];
    const [toLeft, toRight] = this.#touch.matches && stacked ? ["↑", "↓"] : ["←", "→"];
    return html`<div
      class="pair"
      aria-busy=${!ready}
      ${styled(follow)}
      @pointerdown=${down}
      @pointermove=${move}
      @pointerup=${up}
      @pointercancel=${cancel}
      @click=${{ handleEvent: click, capture: true }}
    >
      ${this.#image(0, "left", judgeText.prefer(left), toLeft, ready, towards === "left")}
      ${this.#image(1, "right", judgeText.prefer(right), toRight, ready, towards === "right")}
    </div>`;
  }

  #group(count: number, ready: boolean): TemplateResult {
    const places = Array.from({ length: count }, (_, place) => place);
    return html`<div class="group" aria-busy=${!ready} ${styled({ "--columns": String(this.#columns(count)) })}>
      ${places.map((place) => {
        const name = String(place + 1);
        return this.#image(place, name as Answer, judgeText.preferBest(name), name, ready, false);
      })}
    </div>`;
  }

  /** The columns that show the group's images largest in the space between prompt and buttons. */
  #columns(count: number): number {
    const ratios = Array.from({ length: count }, (_, place) => this.ready?.images[place]?.ratio ?? 1);
    const area = this.renderRoot.querySelector(".group");
    return columnsFor(ratios, area?.clientWidth || innerWidth, area?.clientHeight || innerHeight / 2);
  }

  /** An image that is a button, with the key or swipe that chooses it. */
  #image(place: number, answer: Answer, label: string, hint: string, ready: boolean, marked: boolean): TemplateResult {
    const address = this.ready?.images[place]?.address;
    const isKey = answer === "left" || answer === "right" || letters.value || this.#touch.matches;
    const shortcut = answer === "left" ? "ArrowLeft" : answer === "right" ? "ArrowRight" : letters.value ? answer : nothing;
    return html`<figure class=${marked ? "marked" : ""}>
      <button type="button" class="picture" aria-label=${label} aria-keyshortcuts=${shortcut} @click=${() => this.#do(answer)}>
        ${address
          ? html`<img src=${address} alt="" draggable="false" />`
          : this.ready && ready
            ? html`<span class="soft small gone">${icon("image", 24)}${judgeText.cannotShow}</span>`
            : nothing}
        ${isKey ? html`<kbd class="hint" aria-hidden="true">${hint}</kbd>` : nothing}
      </button>
      ${this.play.row.plan.open ? html`<figcaption class="small">${this.#facts(place)}</figcaption>` : nothing}
    </figure>`;
  }

  #answers(): TemplateResult {
    const stacked = this.#stacked.matches;
    return html`${this.#answer("left", stacked ? judgeText.upper : judgeText.left, "←")} ${this.#answer("tie", judgeText.tie, "↓")}
    ${this.#answer("right", stacked ? judgeText.lower : judgeText.right, "→")}`;
  }

  #answer(answer: "left" | "tie" | "right", words: string, key: string): TemplateResult {
    const shortcut = { left: "ArrowLeft", tie: "ArrowDown", right: "ArrowRight" }[answer];
    return html`<button type="button" class="answer ${answer}" aria-keyshortcuts=${shortcut} @click=${() => this.#do(answer)}>
      <span>${words}</span><kbd aria-hidden="true">${key}</kbd>
    </button>`;
  }

  #letter(deed: "undo" | "skip", words: unknown, key: string): TemplateResult {
    const impossible = deed === "undo" && this.play.progress.undoable === 0;
    return html`<button type="button" class="quiet" ?disabled=${impossible} aria-keyshortcuts=${letters.value ? key : nothing} @click=${() => this.#do(deed)}>
      ${words}${letters.value ? html`<kbd aria-hidden="true">${key}</kbd>` : ""}
    </button>`;
  }

  /** Model and score of an image, if the visitor wants to see them. */
  #facts(place: number): TemplateResult {
    const { images, prompt } = this.play.shown as NonNullable<Play["shown"]>;
    const uid = images[place] as string;
    const score = this.scores.ofImage(prompt, uid);
    return html`<bdi>${this.play.items.get(uid)?.model ?? judgeText.unknownModel}</bdi>${score === undefined ? nothing : html` <span class="figures soft">${scoreNumber(score, this.scores.largest)}</span>`}`;
  }

  /** The last choice. Reveals only the replaced image: the one that stays is still being judged. */
  #lastWords(): string {
    const { last, row, shown } = this.play;
    if (!last) return "";
    const [record] = last.records;
    const did = this.#did(last.answer, Boolean(record?.group_uid));
    if (!record || row.plan.mode !== "winner-stays" || record.control || !shown) return did;
    const gone = [record.left, record.right].find(({ image_uid }) => !shown.images.includes(image_uid));
    const score = gone && this.scores.ofImage(record.prompt, gone.image_uid);
    if (!gone || (!gone.model && score === undefined)) return did;
    return `${did}${between()}${judgeText.goneIs(gone.model ?? "", score === undefined ? "" : scoreNumber(score, this.scores.largest))}`;
  }

  #problem(): TemplateResult | typeof nothing {
    const { problem } = this;
    if (!problem) return nothing;
    const without = async () => {
      await goOnInMemory();
      await this.#do(problem.deed);
    };
    return html`<div class="problem row" role="alert">
      <span>${explainStorage(problem.error)}${between()}${judgeText.notStored}</span>
      <button type="button" @click=${() => this.#do(problem.deed)}>${judgeText.tryAgain}</button>
      <button type="button" @click=${without}>${judgeText.withoutStoring}</button>
    </div>`;
  }

  static override styles = [...PickElement.shared, roundStyle];
}

customElements.define("judge-round", JudgeRound);
