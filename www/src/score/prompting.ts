/**
 * The switch between the prompts of the box and the files' own, shown once a file says its prompt;
 * with own prompts, how many there are and which files have none.
 */

import { css, html, nothing, type TemplateResult } from "lit";
import { PickElement } from "../design/element";
import { between } from "../text/format";
import { Watch } from "../state/store";
import { tableText } from "../text/table";
import { board, type BoardState } from "./board";
import { memo } from "./memo";
import { byOwnPrompt } from "./own";
import type { Picture } from "./picture";
import { readAgain, reading } from "./reading";

interface Counts {
  said: number;
  prompts: number;
  none: number;
  unread: number;
}

export class ScorePrompting extends PickElement {
  readonly #counts = memo((pictures: readonly Picture[]): Counts => {
    const groups = byOwnPrompt(pictures);
    const said = [...groups.values()].reduce((sum, { length }) => sum + length, 0);
    const unread = pictures.filter(({ generation }) => generation === undefined).length;
    return { said, prompts: groups.size, unread, none: pictures.length - said - unread };
  });

  constructor() {
    super();
    new Watch(this, board, reading);
  }

  override render(): TemplateResult | typeof nothing {
    const { pictures, prompting, version } = board.value;
    const counts = this.#counts([pictures, version], pictures);
    // An empty row would leave a gap.
    this.hidden = counts.said === 0 && prompting === "this";
    if (this.hidden) return nothing;
    return html`
      <fieldset>
        <legend class="small soft">${tableText.prompting}</legend>
        <span class="choices">${this.#choice("this", tableText.thisPrompt)}${this.#choice("own", tableText.ownPrompts)}</span>
      </fieldset>
      ${prompting === "own" ? this.#summary(counts) : nothing}
    `;
  }

  #choice(value: BoardState["prompting"], words: string): TemplateResult {
    return html`<label class="button">
      <input type="radio" name="prompting" .value=${value} .checked=${board.value.prompting === value} @change=${() => board.patch({ prompting: value })} />${words}
    </label>`;
  }

  #summary({ said, prompts, none, unread }: Counts): TemplateResult {
    const { problem } = reading.value;
    return html`<p class="small">
      ${tableText.ownSummary(said, prompts)}${between()}${none > 0 ? html`${tableText.ownNone(none)} <button type="button" class="link" @click=${() => board.patch({ show: "promptless" })}>${tableText.showNone}</button>` : nothing}
      ${unread > 0 ? html`<span class="soft">${tableText.ownUnread(unread)}</span>` : nothing}
      ${problem && unread > 0
        ? html`<span class="problem" role="alert">${tableText.ownFailed(problem.message)} <button type="button" @click=${readAgain}>${tableText.tryAgain}</button></span>`
        : nothing}
    </p>`;
  }

  static override styles = [
    ...PickElement.shared,
    css`
      :host {
        display: grid;
        gap: var(--s2);
      }
      fieldset {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--s2) var(--s3);
      }
      legend {
        float: left;
        font-weight: 400;
        padding: 0;
      }
      .choices {
        display: inline-flex;
      }
      .choices label {
        border-radius: 0;
        cursor: pointer;
      }
      .choices label:first-child {
        border-start-start-radius: var(--corner);
        border-end-start-radius: var(--corner);
      }
      .choices label:last-child {
        border-start-end-radius: var(--corner);
        border-end-end-radius: var(--corner);
        margin-inline-start: -1px;
      }
      .choices input {
        position: absolute;
        opacity: 0;
        pointer-events: none;
      }
      .choices label:has(:checked) {
        z-index: 1;
        border-color: var(--mark);
        color: var(--mark);
        background: var(--mark-wash);
      }
      .choices label:has(:focus-visible) {
        z-index: 1;
        outline: 2px solid var(--mark);
        outline-offset: 2px;
      }
      p {
        max-width: var(--wide);
      }
      .problem {
        display: block;
        margin-block-start: var(--s2);
      }
    `,
  ];
}

customElements.define("score-prompting", ScorePrompting);
