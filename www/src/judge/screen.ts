/** The screen Judge. */

import { css, html, type LitElement, nothing, type TemplateResult } from "lit";
import "./round-view";
import "./setup-view";
import "./summary-view";
import { collection } from "../collection/collection";
import { PickElement } from "../design/element";
import { board } from "../score/board";
import { Watch } from "../state/store";
import { judgeText } from "../text/judge";
import { explainObstacle, explainRecords } from "../text/storage";
import { type Current, current, openJudge, takeOver } from "./current";

export class JudgeScreen extends PickElement {
  #stageBefore: Current["stage"] = "opening";

  constructor() {
    super();
    new Watch(this, current, collection, board);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void openJudge();
  }

  /**
   * A new stage takes the focus, which was on an element that is gone. The first stage does not,
   * because the visitor's focus may be elsewhere.
   */
  override updated(): void {
    const { stage } = current.value;
    if (stage === this.#stageBefore) return;
    const first = this.#stageBefore === "opening";
    this.#stageBefore = stage;
    if (first || this.hidden) return;
    const element = this.renderRoot.querySelector<LitElement>("judge-setup, judge-round, judge-summary");
    void element?.updateComplete.then(() => element.renderRoot.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true }));
  }

  override render(): TemplateResult {
    return html`${this.#notices()}${this.#stage()}`;
  }

  #stage(): TemplateResult | typeof nothing {
    const { stage, draft, play, scores, error } = current.value;
    if (stage === "setup" && draft) return html`<judge-setup .draft=${draft} .table=${board.value.pictures.length}></judge-setup>`;
    if (stage === "judging" && play && scores) return html`<judge-round .play=${play} .scores=${scores}></judge-round>`;
    if (stage === "summary" && play && scores) return html`<judge-summary .play=${play} .scores=${scores}></judge-summary>`;
    return html`<div class="wait">
      <h1 class="title" tabindex="-1">${judgeText.title}</h1>
      ${stage === "failed"
        ? html`<p class="problem" role="alert">${explainRecords(error)}</p>
            <button type="button" @click=${() => openJudge()}>${judgeText.tryAgain}</button>`
        : nothing}
    </div>`;
  }

  #notices(): TemplateResult | typeof nothing {
    const { obstacle } = collection.value;
    const { elsewhere, lost, unreadable, stage } = current.value;
    if (!obstacle && !unreadable && !(elsewhere && stage === "setup")) return nothing;
    return html`<div class="notices">
      ${obstacle ? html`<p class="problem small" role="alert">${explainObstacle(obstacle)}</p>` : nothing}
      ${unreadable ? html`<p class="problem small">${judgeText.unreadableRound}</p>` : nothing}
      ${elsewhere && stage === "setup"
        ? html`<div class="problem small row" role="status">
            <span>${lost ? judgeText.lost : judgeText.elsewhere}</span>
            <button type="button" @click=${() => takeOver(elsewhere.row.uid)}>${judgeText.takeOver}</button>
          </div>`
        : nothing}
    </div>`;
  }

  static override styles = [
    ...PickElement.shared,
    css`
      .wait {
        display: grid;
        gap: var(--s4);
        justify-items: start;
        padding: var(--s5) var(--gutter);
        min-height: 60vh;
        align-content: start;
      }
      .notices {
        display: grid;
        gap: var(--s2);
        padding: var(--s3) var(--gutter) 0;
      }
    `,
  ];
}

customElements.define("judge-screen", JudgeScreen);
