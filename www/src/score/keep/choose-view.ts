/**
 * Selects images by a rule, at once: the best ones, those above a threshold, or marked ones. It
 * sticks to the window's lower edge, so that the images stay where they are. Event: `done`.
 */

import { css, html, nothing, type PropertyValues, svg, type TemplateResult } from "lit";
import { Dock } from "../../design/dock";
import { PickElement } from "../../design/element";
import { Watch } from "../../state/store";
import { number, percent, scoreDigits, scoreNumber } from "../../text/format";
import { keepText } from "../../text/keep";
import { scoreText } from "../../text/score";
import { board } from "../board";
import type { Picture } from "../picture";
import { BUCKETS, type Bucket, selection, selectOnly } from "../selected";
import { shownLargest, shownPrompt } from "../shown";
import { OWN } from "../own";
import "./last-view";
import { best, inBuckets, type Measure, placesOf, type Ranked, rankedBy, reaching, type Scale, scaleOf, together } from "./pick";

const BINS = 60;
/** Positions of the slider. */
const STEPS = 400;
const MEASURES: readonly { measure: Measure; word: "byRank" | "byScore" | "byProbability" | "byBucket" }[] = [
  { measure: "rank", word: "byRank" },
  { measure: "score", word: "byScore" },
  { measure: "probability", word: "byProbability" },
  { measure: "bucket", word: "byBucket" },
];

export class ChooseImages extends PickElement {
  static override properties = { measure: { state: true }, count: { state: true }, levels: { state: true }, buckets: { state: true } };

  declare private measure: Measure;
  declare private count: number;
  /** The chosen thresholds: of scores, and of logarithms of probabilities. */
  declare private levels: Partial<Record<Measure, number>>;
  declare private buckets: ReadonlySet<Bucket>;
  /** The selection before, for Cancel. */
  readonly #before = selection.value.selected;
  #ranked: readonly Ranked[] = [];
  /** How many images had a score when the rule was applied, and the marks then. */
  #applied: { scored: number; marks: unknown } | undefined;

  constructor() {
    super();
    new Watch(this, board, selection);
    new Dock(this);
    this.measure = "rank";
    this.count = Math.min(20, Math.max(1, Math.round(board.value.pictures.length / 4)));
    this.levels = {};
    this.buckets = new Set(["keep"]);
  }

  protected override firstUpdated(): void {
    this.renderRoot.querySelector<HTMLElement>("input:checked")?.focus();
  }

  protected override willUpdate(changed: PropertyValues): void {
    this.#ranked = rankedBy(board.value.pictures, shownPrompt());
    const isNew = ["measure", "count", "levels", "buckets"].some((name) => changed.has(name));
    // Other changes, such as an image that is selected by hand, leave the selection alone.
    const isMarked = this.measure === "bucket" && this.#applied?.marks !== selection.value.buckets;
    if (isNew || isMarked || this.#applied?.scored !== this.#ranked.length) this.#apply();
  }

  #apply(): void {
    this.#applied = { scored: this.#ranked.length, marks: selection.value.buckets };
    selectOnly(this.#chosen(), board.value.pictures);
  }

  #chosen(): Set<Picture> {
    const { pictures } = board.value;
    if (this.measure === "rank") return best(placesOf(board.value, shownPrompt()), this.count, shownPrompt());
    if (this.measure === "bucket") return inBuckets(pictures, this.buckets);
    const scale = this.#scale();
    if (!scale) return new Set();
    const level = this.#level(scale);
    return reaching(this.#ranked, this.measure, this.measure === "score" ? level : 10 ** level);
  }

  /** Of scores, or of probabilities: these on a logarithmic scale, because most are tiny. */
  #scale(): Scale | undefined {
    const by = this.measure as "score" | "probability";
    const values = this.#ranked.flatMap((one) => (one[by] === undefined ? [] : [one[by]]));
    return scaleOf(by === "score" ? values : values.map(logarithm), BINS);
  }

  /** The threshold; at first the middle. Slightly less than what is shown, because of rounding. */
  #level({ least, most }: Scale): number {
    return (this.levels[this.measure] ?? (least + most) / 2) - 1e-9;
  }

  #setLevel(value: number): void {
    if (Number.isFinite(value)) this.levels = { ...this.levels, [this.measure]: value };
  }

  override render(): TemplateResult {
    const none = this.#ranked.length === 0;
    return html`<section aria-label=${keepText.chooseTitle} @keydown=${this.#key}>
      <fieldset class="row">
        <legend class="small soft">${keepText.by}</legend>
        ${MEASURES.map(
          ({ measure, word }) => html`<label class="check">
            <input type="radio" name="by" .checked=${this.measure === measure} @change=${() => (this.measure = measure)} />${keepText[word]}
          </label>`,
        )}
      </fieldset>
      <span class="small result" role="status">${this.#result()}</span>
      <div class="rule">${this.measure === "bucket" ? this.#marks() : none ? html`<p class="small soft">${keepText.notScored}</p>` : this.measure === "rank" ? this.#rank() : this.#threshold()}</div>
      <div class="row end">
        <button type="button" @click=${() => this.#cancel()}>${keepText.cancel}</button>
        <button type="button" class="primary" @click=${() => this.#done()}>${keepText.done}</button>
      </div>
      <last-saved></last-saved>
    </section>`;
  }

  #result(): TemplateResult {
    const chosen = new Set(board.value.pictures.filter(({ selected }) => selected));
    const share = together(this.#ranked, chosen);
    return html`${scoreText.selected(chosen.size)}${share > 0 && chosen.size > 0 ? html`<span class="share"> · ${keepText.together(percent(share))}</span>` : nothing}`;
  }

  #rank(): TemplateResult {
    const { length } = this.#ranked;
    const set = (event: Event) => {
      const input = event.target as HTMLInputElement;
      const count = Math.floor(Number(input.value));
      if (!(count >= 0)) return;
      this.count = Math.min(count, length);
      if (this.count !== count) input.value = String(this.count);
    };
    return html`<label class="row small">${shownPrompt() === OWN ? keepText.bestOfEach : keepText.best}
        <input class="number" type="number" min="0" max=${length} aria-label=${keepText.howMany} .value=${String(this.count)} @input=${set} />
        <span class="soft">${keepText.ofAll(number(length))}</span>
      </label>
      <input type="range" min="0" max=${length} aria-label=${keepText.howMany} .value=${String(this.count)} @input=${set} />`;
  }

  #threshold(): TemplateResult {
    const scale = this.#scale();
    if (!scale) return html`<p class="small soft">${keepText.noProbability}</p>`;
    const isScore = this.measure === "score";
    const value = this.#level(scale);
    const position = positionOf(value, scale);
    const words = isScore ? scoreNumber(value, shownLargest()) : percent(10 ** value);
    const count = scoreText.pictures(board.value.pictures.filter(({ selected }) => selected).length);
    const typed = (event: Event) => {
      const given = (event.target as HTMLInputElement).valueAsNumber;
      this.#setLevel(isScore ? given : logarithm(given / 100));
    };
    const shown = isScore ? value.toFixed(scoreDigits(shownLargest())) : (100 * 10 ** value).toPrecision(3);
    return html`<label class="row small"
        >${isScore ? keepText.leastScore : keepText.leastProbability}
        <input class="number" type="number" step="any" .value=${String(Number(shown))} @change=${typed} />
        ${isScore ? nothing : keepText.percent}
      </label>
      <div class="scale">
        ${histogram(scale, position)}
        <input
          type="range"
          min="0"
          max=${STEPS}
          aria-label=${isScore ? keepText.leastScore : keepText.leastProbability}
          aria-valuetext=${keepText.sliderValue(words, count)}
          .value=${String(position)}
          @input=${(event: Event) => this.#setLevel(valueAt(Number((event.target as HTMLInputElement).value), scale))}
        />
      </div>`;
  }

  #marks(): TemplateResult {
    const count = (bucket: Bucket) => board.value.pictures.filter((picture) => picture.bucket === bucket).length;
    const toggle = (bucket: Bucket) => {
      const buckets = new Set(this.buckets);
      if (!buckets.delete(bucket)) buckets.add(bucket);
      this.buckets = buckets;
    };
    return html`<div class="row">
        ${BUCKETS.map(
          (bucket) => html`<label class="check">
            <input type="checkbox" .checked=${this.buckets.has(bucket)} @change=${() => toggle(bucket)} />${keepText[bucket]} <span class="soft figures">${number(count(bucket))}</span>
          </label>`,
        )}
      </div>
      <p class="small soft keys">
        ${keepText.bucketHint} <kbd>K</kbd> ${keepText.keep} <kbd>M</kbd> ${keepText.maybe} <kbd>D</kbd> ${keepText.drop} <kbd>0</kbd> ${keepText.bucketNone}
      </p>`;
  }

  #key(event: KeyboardEvent): void {
    if (event.key === "Escape") this.#cancel();
  }

  #cancel(): void {
    selection.patch({ selected: this.#before });
    this.#done();
  }

  #done(): void {
    this.dispatchEvent(new CustomEvent("done"));
  }

  static override styles = [
    ...PickElement.shared,
    css`
      :host {
        position: sticky;
        inset-block-end: var(--s3);
        z-index: 15;
      }
      section {
        display: grid;
        grid-template: "by result result" auto "rule rule end" auto "last last last" auto / minmax(0, 1fr) auto auto;
        align-items: center;
        gap: var(--s1) var(--s5);
        padding: var(--s3) var(--s4);
        background: var(--raised);
        border: 1px solid var(--edge);
        border-radius: var(--corner);
      }
      fieldset {
        grid-area: by;
        gap: var(--s1) var(--s4);
      }
      legend {
        float: inline-start;
        padding: 0;
        margin-inline-end: var(--s4);
      }
      .result {
        grid-area: result;
        text-align: end;
      }
      last-saved {
        grid-area: last;
      }
      /* As high for every rule, so that nothing moves. */
      .rule {
        grid-area: rule;
        display: grid;
        grid-template-columns: auto minmax(0, 1fr);
        align-items: center;
        gap: var(--s2) var(--s5);
        min-height: 4.25rem;
      }
      .number {
        width: 6rem;
        font-size: var(--small);
      }
      /* Neutral: in the histogram, the colour of the mark means the selected side. */
      input[type="range"] {
        width: 100%;
        margin: 0;
        accent-color: var(--soft);
      }
      .scale {
        display: grid;
      }
      .scale svg {
        width: calc(100% - 1rem);
        height: 2.75rem;
        /* The slider's thumb ends where its middle is. */
        margin-inline: var(--s2);
        border-block-end: 1px solid var(--edge);
      }
      rect {
        fill: var(--edge);
      }
      rect.in {
        fill: var(--mark);
      }
      .end {
        grid-area: end;
        justify-content: flex-end;
      }
      .end button {
        min-height: 2.25rem;
      }
      .keys {
        display: flex;
        flex-wrap: wrap;
        align-items: baseline;
        gap: var(--s1) var(--s2);
      }
      @media (max-width: 48rem) {
        section {
          grid-template: "by by" auto "rule rule" auto "result end" auto "last last" auto / minmax(0, 1fr) auto;
          gap: var(--s1) var(--s2);
          padding: var(--s2) var(--s3);
        }
        fieldset {
          gap: 0 var(--s3);
        }
        fieldset .check {
          gap: var(--s1);
        }
        .result {
          text-align: start;
        }
        .rule {
          grid-template-columns: minmax(0, 1fr);
          align-content: center;
          gap: var(--s1);
          min-height: 6.25rem;
        }
        .scale svg {
          height: 2rem;
        }
        .end {
          flex-wrap: nowrap;
        }
        legend {
          position: absolute;
          clip-path: inset(50%);
        }
        .share,
        .keys {
          display: none;
        }
      }
      @media (pointer: coarse) {
        .keys {
          display: none;
        }
      }
    `,
  ];
}

/** The base-10 logarithm of a probability; of zero, that of one in a million. */
function logarithm(probability: number): number {
  return Math.log10(Math.max(probability, 1e-6));
}

/** The value at a position of the slider. */
function valueAt(position: number, { least, most }: Scale): number {
  return position === STEPS ? most : least + ((most - least) * position) / STEPS;
}

/** The slider's position of a value. */
function positionOf(value: number, { least, most }: Scale): number {
  if (most === least) return value > most ? STEPS : 0;
  return Math.round(Math.min(1, Math.max(0, (value - least) / (most - least))) * STEPS);
}

function histogram({ bins }: Scale, position: number): TemplateResult {
  const most = Math.max(...bins);
  const first = (position / STEPS) * bins.length;
  return html`<svg viewBox="0 0 ${bins.length} 100" preserveAspectRatio="none" role="img" aria-label=${keepText.histogram}>
    ${bins.map((count, at) => {
      // A single image stays visible beside hundreds.
      const height = count === 0 ? 0 : 4 + (96 * count) / most;
      return svg`<rect class=${at + 0.5 >= first || at === bins.length - 1 ? "in" : ""} x=${at + 0.08} y=${100 - height} width="0.84" height=${height} />`;
    })}
  </svg>`;
}

customElements.define("choose-images", ChooseImages);
