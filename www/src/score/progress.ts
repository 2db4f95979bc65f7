/**
 * Progress of scoring with pause and resume, why it stopped, and the result in a sentence, which
 * screen readers announce.
 */

import { css, html, nothing, type TemplateResult } from "lit";
import { PickElement } from "../design/element";
import { icon } from "../design/icons";
import { loadModel, session } from "../engine/session";
import { href } from "../shell/router";
import { announce } from "../shell/toasts";
import { settings } from "../state/settings";
import { Watch } from "../state/store";
import { imported, isImported } from "../taste/origin";
import { explain } from "../text/errors";
import { between, duration, scoreNumber } from "../text/format";
import { scoreText } from "../text/score";
import { board } from "./board";
import type { Picture } from "./picture";
import { tableText } from "../text/table";
import { byOwnPrompt, OWN } from "./own";
import { pause, resume, run } from "./scoring";
import { shownColumn, shownLargest, shownPrompt, shownRanks } from "./shown";

/** Characters of a prompt that are quoted. */
const QUOTED = 80;

export class ScoreProgress extends PickElement {
  #announced = "";

  constructor() {
    super();
    new Watch(this, run, board, session, imported);
  }

  protected override updated(): void {
    const words = this.#result();
    // Announced once at the end, not for each step.
    if (words === undefined || words === this.#announced) return;
    this.#announced = words;
    announce(words);
  }

  /** The result, once everything is scored. */
  #result(): string | undefined {
    const { state, done, total } = run.value;
    const { pictures, active } = board.value;
    const prompt = shownPrompt();
    if (state !== "idle" || done < total || total !== pictures.length || prompt === undefined) return undefined;
    const ranked = shownRanks()[prompt === OWN ? 0 : active] ?? new Map<Picture, number>();
    if (prompt === OWN) return ranked.size === 0 ? undefined : tableText.doneOwn(scoreText.pictures(ranked.size), byOwnPrompt(pictures).size);
    const [best] = [...ranked].find(([, rank]) => rank === 1) ?? [];
    const score = best?.results.get(prompt)?.score;
    if (!best || score === undefined) return undefined;
    return scoreText.done(scoreText.pictures(ranked.size), best.caption ?? best.path, scoreNumber(score, shownLargest()));
  }

  override render(): TemplateResult | typeof nothing {
    const { state, done, total, pace, error, truncated } = run.value;
    const { scorer, loading, failed } = session.value;
    const { pictures, prompts, prompting } = board.value;
    const own = prompting === "own" ? byOwnPrompt(pictures) : undefined;
    const cut = [...truncated].filter((prompt) => (own ? own.has(prompt) : prompts.includes(prompt)));
    const words = own ? (cut.length > 0 ? [tableText.truncatedOwn(cut.length)] : []) : cut.map((prompt) => scoreText.truncated(prompt.length > QUOTED ? `${prompt.slice(0, QUOTED)}…` : prompt));
    const notes = words.map((words) => html`<p class="notice small" dir="auto">${words}</p>`);
    if (!scorer && !loading && !failed) {
      return html`<p class="small soft">${scoreText.noModel} <a href=${href("models")}>${scoreText.chooseModel}</a></p>`;
    }
    if (loading) return pictures.length > 0 ? html`<p class="small soft">${scoreText.waitingModel(loading.name)}</p>` : nothing;
    if (state === "failed") return this.#failed(error);
    if (pictures.length > 0 && shownPrompt() === undefined && prompting === "this") return html`<p class="small soft">${scoreText.needsPrompt}</p>`;
    if (total === 0 || done >= total) return html`${notes}${this.#said()}`;
    const paused = state === "paused";
    const left = pace === undefined || paused || pace * (total - done) < 2 ? "" : scoreText.timeLeft(duration(pace * (total - done)));
    return html`${notes}
      <div class="running">
        <p class="small">${paused ? scoreText.pausedAt(done, total) : scoreText.scoring(done, total)} <span class="soft">${left}</span></p>
        <progress aria-label=${scoreText.scoring(done, total)} value=${done / total} max="1"></progress>
        ${paused
          ? html`<button type="button" @click=${resume}>${icon("play")}${scoreText.resume}</button>`
          : html`<button type="button" @click=${pause}>${icon("pause")}${scoreText.pause}</button>`}
      </div>`;
  }

  #said(): TemplateResult {
    const words = this.#result();
    return html`<p class="small soft result">${words === undefined ? nothing : html`<span class="said">${words}</span>${between()}${meaning()}`}</p>`;
  }

  #failed(error: unknown): TemplateResult {
    const { info, address, choice } = session.value;
    const again = () => {
      resume();
      if (choice) void loadModel(choice);
    };
    const onCpu = () => {
      settings.patch({ device: "cpu" });
      again();
    };
    return html`<div class="problem" role="alert">
      <p>${explain(error)}</p>
      <p class="row">
        <button type="button" @click=${resume}>${scoreText.failedAgain}</button>
        ${address ? html`<button type="button" @click=${again}>${scoreText.loadAgain}</button>` : nothing}
        ${address && info?.device === "webgpu" ? html`<button type="button" @click=${onCpu}>${scoreText.useCpu}</button>` : nothing}
      </p>
    </div>`;
  }

  static override styles = [
    ...PickElement.shared,
    css`
      .running {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        align-items: center;
        gap: 0 var(--s4);
      }
      .running button {
        grid-row: 1 / 3;
        grid-column: 2;
      }
      .problem {
        display: grid;
        gap: var(--s2);
      }
      .said {
        color: var(--ink);
      }
      .result {
        min-height: 2.25rem;
        padding-block: var(--s2);
        overflow-wrap: anywhere;
      }
    `,
  ];
}

/** What the scores that are shown mean. Only a taste that was learned here is the visitor’s. */
function meaning(): string {
  const column = shownColumn();
  if (column?.isTaste) return isImported(column.key) ? scoreText.meaningClaimed : scoreText.meaningTaste;
  return session.value.info?.hasProbabilities === false ? scoreText.meaningOther : scoreText.meaningShort;
}

customElements.define("score-progress", ScoreProgress);
