/**
 * What is known about one image: its result, how it compares with others, and what its file says.
 * Event: `act` with `"select"`, a bucket, or `"none"`.
 */

import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { PickElement } from "../../design/element";
import { icon } from "../../design/icons";
import { type Column, columns } from "../../engine/panel";
import { Watch } from "../../state/store";
import { imported, isImported } from "../../taste/origin";
import { closeupText } from "../../text/closeup";
import { explain } from "../../text/errors";
import { number, percent, scoreNumber } from "../../text/format";
import { scoreText } from "../../text/score";
import { tasteText } from "../../text/taste";
import { board } from "../board";
import { ranksOf } from "../order";
import { largestScore, type Picture, type Result } from "../picture";
import { identify, reading } from "../reading";
import { BUCKETS, selection } from "../selected";
import { shownColumn, shownLargest, shownPrompt, shownPrompts } from "../shown";
import { hasOdds, preferredOver, timesOf100 } from "./preference";

/** Standard deviations from the middle of a 95 % interval to its ends. */
const NORMAL = 1.96;

/** A line of results: of a scorer, of a prompt, or without a title if there is only one. */
interface Line {
  title: string;
  isPrompt: boolean;
  result: Result;
  rank: number;
  of: number;
  /** The scorer's largest score without its sign. */
  largest: number;
}

export class PictureFacts extends PickElement {
  static override properties = { picture: { attribute: false }, others: { attribute: false } };

  declare picture: Picture | undefined;
  /** The images to compare with; its neighbours in the ranking if there are none. */
  declare others: readonly Picture[];

  constructor() {
    super();
    new Watch(this, board, imported, selection, reading);
    this.picture = undefined;
    this.others = [];
  }

  protected override willUpdate(changed: PropertyValues): void {
    const { picture } = this;
    if (!changed.has("picture") || !picture) return;
    // Read before the others that wait.
    if (picture.generation === undefined) void identify([picture]);
  }

  override render(): TemplateResult | typeof nothing {
    const { picture } = this;
    if (!picture) return nothing;
    const name = nameOf(picture);
    return html`
      ${this.#actions(picture)}
      <h2 title=${picture.path}>${name}</h2>
      ${picture.problem ? html`<p class="problem small">${explain(picture.problem)}</p>` : nothing}
      ${picture.byBrowser ? html`<p class="soft tiny">${scoreText.byBrowser}</p>` : nothing}
      ${this.#results(picture)} ${this.#taste(picture)} ${this.#compared(picture)}
      <section>
        <h3>${closeupText.settings}</h3>
        ${this.#generation(picture)}
      </section>
    `;
  }

  #actions(picture: Picture): TemplateResult {
    const act = (action: string) => this.dispatchEvent(new CustomEvent("act", { detail: action }));
    return html`<div class="actions">
      <button type="button" aria-pressed=${picture.selected} @click=${() => act("select")}>${icon("check", 14)}${closeupText.select}<kbd aria-hidden="true">Space</kbd></button>
      ${BUCKETS.map((bucket) => {
        const isIn = picture.bucket === bucket;
        return html`<button type="button" aria-pressed=${isIn} @click=${() => act(isIn ? "none" : bucket)}>${closeupText[bucket]}<kbd aria-hidden="true">${bucket[0]?.toUpperCase()}</kbd></button>`;
      })}
    </div>`;
  }

  #results(picture: Picture): TemplateResult | typeof nothing {
    const lines = linesOf(picture);
    if (lines.length === 0) return picture.problem ? nothing : html`<p class="soft small">${closeupText.notScored}</p>`;
    return html`${lines.map(
      ({ title, isPrompt, result, rank, of, largest }) => html`<div class="result">
        ${title ? html`<p class=${isPrompt ? "voice small" : "small soft"} dir="auto">${title}</p>` : nothing}
        <dl class="numbers">
          ${fact(closeupText.rank, closeupText.rankOf(number(rank), number(of)))} ${fact(closeupText.score, scoreNumber(result.score, largest))}
          ${result.probability === undefined ? nothing : fact(closeupText.probability, percent(result.probability))}
        </dl>
      </div>`,
    )}`;
  }

  /** What differs between a taste and people's, among the images that were scored together. */
  #taste(picture: Picture): TemplateResult | typeof nothing {
    const prompt = shownPrompt();
    const tastes = prompt === undefined ? [] : columns().filter(({ isTaste }) => isTaste);
    const sentences = tastes.flatMap(({ key, title }) => {
      const { difference, deviation, difference_deviation: ofDifference } = picture.scores.get(key)?.get(prompt as string) ?? {};
      // One image alone has nothing to be compared with.
      if (difference === undefined || ofDifference === undefined || deviation === 0) return [];
      const { more, less, same } = tasteWords(key);
      const words = Math.abs(difference) <= NORMAL * ofDifference ? same : difference > 0 ? more : less;
      return [{ title, words }];
    });
    if (sentences.length === 0) return nothing;
    return html`<section>${sentences.map(({ title, words }) => html`<h3>${title}</h3><p class="small">${words}</p>`)}</section>`;
  }

  /** The difference to others in words. */
  #compared(picture: Picture): TemplateResult | typeof nothing {
    const prompt = shownPrompt();
    const own = prompt === undefined ? undefined : picture.results.get(prompt);
    const column = shownColumn();
    if (!own || prompt === undefined || !hasOdds(column)) return nothing;
    const words = column?.isTaste ? tasteWords(column.key) : closeupText;
    const others = this.others.length > 0 ? this.others : neighbours(picture, prompt);
    const sentences = others.flatMap((other) => {
      const result = other.results.get(prompt);
      return result ? [sentence(words, nameOf(other), preferredOver(own.score, result.score))] : [];
    });
    if (sentences.length === 0) return nothing;
    return html`<section>
      <h3>${closeupText.compared}</h3>
      <ul class="compared small">
        ${sentences.map((words) => html`<li>${words}</li>`)}
      </ul>
    </section>`;
  }

  #generation(picture: Picture): TemplateResult {
    const size = picture.width && picture.height ? `${number(picture.width)} × ${number(picture.height)}` : undefined;
    const own = html`${fact(closeupText.size, size)} ${picture.path.includes("/") ? fact(closeupText.file, picture.path) : nothing}`;
    const { generation } = picture;
    if (!generation) {
      const failed = picture.away !== undefined || reading.value.problem !== undefined;
      const words = generation === null ? closeupText.noSettings : failed ? closeupText.settingsFailed : closeupText.reading;
      return html`<dl class="settings small">${own}</dl><p class="soft small">${words}</p>`;
    }
    const { prompt, negativePrompt, seed, model, steps, guidance, sampler, scheduler, generator } = generation;
    const long = (title: string, text: string | undefined) => (text ? html`<div class="long"><dt>${title}</dt><dd class="voice" dir="auto">${text}</dd></div>` : nothing);
    return html`<dl class="settings small">
      ${long(closeupText.prompt, prompt)} ${long(closeupText.negativePrompt, negativePrompt)} ${fact(closeupText.seed, seed)} ${fact(closeupText.model, model)}
      ${fact(closeupText.steps, steps === undefined ? undefined : number(steps))} ${fact(closeupText.guidance, guidance === undefined ? undefined : String(guidance))}
      ${fact(closeupText.sampler, sampler)} ${fact(closeupText.scheduler, scheduler)} ${fact(closeupText.generator, generator)} ${own}
    </dl>`;
  }

  static override styles = [
    ...PickElement.shared,
    css`
      :host {
        display: grid;
        align-content: start;
        gap: var(--s4);
      }
      h2 {
        overflow-wrap: anywhere;
      }
      h3 {
        font-size: var(--small);
        color: var(--soft);
        font-weight: 400;
        margin-block-end: var(--s1);
      }
      .actions {
        display: grid;
        grid-template-columns: repeat(3, 1fr);
        gap: var(--s2);
      }
      .actions button {
        padding-inline: var(--s2);
        white-space: nowrap;
      }
      .actions button:first-child {
        grid-column: 1 / -1;
      }
      kbd {
        font: var(--tiny) / 1 var(--figures);
        color: var(--soft);
      }
      .numbers {
        display: flex;
        flex-wrap: wrap;
        gap: var(--s2) var(--s5);
      }
      .numbers dt,
      .settings dt {
        font-size: var(--tiny);
        color: var(--soft);
      }
      .numbers dd {
        font: 600 var(--body) / 1.3 var(--figures);
        font-variant-numeric: tabular-nums;
      }
      .result + .result {
        border-block-start: 1px solid var(--line);
        padding-block-start: var(--s3);
        margin-block-start: calc(-1 * var(--s2));
      }
      .compared {
        display: grid;
        gap: var(--s1);
        overflow-wrap: anywhere;
      }
      .settings {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(7.5rem, 1fr));
        gap: var(--s2) var(--s4);
      }
      .settings dd {
        overflow-wrap: anywhere;
      }
      .settings + p {
        margin-block-start: var(--s2);
      }
      .long {
        grid-column: 1 / -1;
      }
      .long dd {
        white-space: pre-line;
      }
      @media (hover: none), (pointer: coarse) {
        kbd {
          display: none;
        }
      }
      @media (max-width: 48rem) {
        .actions {
          grid-template-columns: repeat(4, auto);
        }
        .actions kbd {
          display: none;
        }
        .actions button:first-child {
          grid-column: auto;
        }
        .actions svg {
          display: none;
        }
      }
    `,
  ];
}

/** A file's name without its folders. */
export function nameOf({ path }: Picture): string {
  return path.split("/").pop() || path;
}

function fact(title: string, value: string | undefined): TemplateResult | typeof nothing {
  return value === undefined || value === "" ? nothing : html`<div><dt>${title}</dt><dd>${value}</dd></div>`;
}

function sentence({ over, under, even }: Pick<typeof closeupText, "over" | "under" | "even">, name: string, probability: number): string {
  const times = timesOf100(probability);
  if (times === 50) return even(name);
  return times > 50 ? over(name, number(times)) : under(name, number(100 - times));
}

/** The sentences about a taste: only one that was learned here is known to be the visitor's. */
function tasteWords(key: string) {
  const { more, less, same, over, under, even, claimedMore, claimedLess, claimedSame, claimedOver, claimedUnder, claimedEven } = tasteText;
  return isImported(key)
    ? { more: claimedMore, less: claimedLess, same: claimedSame, over: claimedOver, under: claimedUnder, even: claimedEven }
    : { more, less, same, over, under, even };
}

/** The images just before and after in the ranking. */
function neighbours(picture: Picture, prompt: string): Picture[] {
  const ranks = ranksOf(board.value.pictures, ({ results }) => results.get(prompt));
  const ordered = [...ranks].sort(([a, one], [b, other]) => one - other || a.id - b.id).map(([one]) => one);
  const at = ordered.indexOf(picture);
  return [ordered[at - 1], ordered[at + 1]].filter((other) => other !== undefined);
}

/** The results of each scorer for the shown prompt, or of the only scorer for each prompt. */
function linesOf(picture: Picture): Line[] {
  const { pictures } = board.value;
  const scorers = columns();
  const [prompts, prompt] = [shownPrompts(), shownPrompt()];
  const line = (title: string, isPrompt: boolean, largest: number, resultOf: (picture: Picture) => Result | undefined): Line[] => {
    const [result, ranks] = [resultOf(picture), ranksOf(pictures, resultOf)];
    const rank = ranks.get(picture);
    return result && rank !== undefined ? [{ title, isPrompt, result, rank, of: ranks.size, largest }] : [];
  };
  if (scorers.length > 1 && prompt !== undefined) return scorers.flatMap(({ key, title }: Column) => line(title, false, largestScore(pictures, key), ({ scores }) => scores.get(key)?.get(prompt)));
  return prompts.flatMap((one) => line(prompts.length > 1 ? one : "", true, shownLargest(), ({ results }) => results.get(one)));
}

customElements.define("picture-facts", PictureFacts);
