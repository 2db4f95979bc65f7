/** The results of a round: agreement with the scorer and with oneself, and the ranking. */

import { css, html, nothing, type TemplateResult } from "lit";
import "./ranking-view";
import { collection } from "../collection/collection";
import type { PreferenceRecord } from "../collection/library";
import { PickElement } from "../design/element";
import { icon } from "../design/icons";
import { href } from "../shell/router";
import { toast } from "../shell/toasts";
import { Watch } from "../state/store";
import { explain } from "../text/errors";
import { number, percent } from "../text/format";
import { judgeText } from "../text/judge";
import { explainStorage } from "../text/storage";
import { another, beginRetest, goOn, RETEST_PAIRS } from "./current";
import { scoreBeside } from "./beside";
import type { Play } from "./play";
import "./report/save-view";
import type { RoundScores } from "./scoring";
import { countWords, summarise, type Summary } from "./summary";

export class JudgeSummary extends PickElement {
  static override properties = { play: { attribute: false }, scores: { attribute: false }, summary: { state: true }, by: { state: true }, prompt: { state: true }, scoring: { state: true } };
  declare play: Play;
  declare scores: RoundScores;
  declare private summary: Summary | undefined;
  declare private by: "image" | "model";
  declare private prompt: number;
  /** The scorer that is scoring the images; `""` if none. */
  declare private scoring: string;
  #version = -1;
  #making = false;

  constructor() {
    super();
    this.summary = undefined;
    this.by = "image";
    this.prompt = 0;
    this.scoring = "";
    new Watch(this, collection);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.scores.fillIn();
    void import("../taste/invite").catch(() => undefined);
    scrollTo(0, 0);
  }

  override updated(): void {
    if (collection.value.version !== this.#version) void this.#make();
  }

  async #make(): Promise<void> {
    if (this.#making) return;
    this.#making = true;
    try {
      this.#version = collection.value.version;
      this.summary = await summarise(this.play);
      if (this.summary.models.length < 2) this.by = "image";
    } finally {
      this.#making = false;
    }
  }

  override render(): TemplateResult {
    const { summary } = this;
    const unfinished = this.play.progress.answered < this.play.progress.total;
    return html`
      <header>
        <h1 class="title" tabindex="-1">${judgeText.summaryTitle}</h1>
        ${summary ? html`<p class="soft">${countWords(summary)}</p>` : nothing}
      </header>
      ${summary
        ? html`<div class="findings">${this.#scorer(summary)}${this.#self(summary)}${this.#controls(summary)}</div>
            <taste-invite></taste-invite>
            ${this.#beside(summary)} ${this.#ranking(summary)}
            <report-save .summary=${summary}></report-save>`
        : html`<p class="soft">${judgeText.adding}</p>`}
      <div class="row">
        <a class="button primary" href=${href("contribute")}>${judgeText.toContribute}</a>
        ${unfinished ? html`<button type="button" @click=${() => goOn()}>${judgeText.goOn}</button>` : nothing}
        <button type="button" @click=${() => another()}>${icon("add")}${judgeText.newRound}</button>
        ${this.play.progress.undoable > 0 ? html`<button type="button" @click=${() => this.#undo()}>${icon("undo")}${judgeText.undoLast}</button>` : nothing}
        ${summary && summary.retestable > 0
          ? html`<button type="button" @click=${() => this.#retest()}>${judgeText.askAgain(number(Math.min(RETEST_PAIRS, summary.retestable)))}</button>`
          : nothing}
      </div>
    `;
  }

  async #undo(): Promise<void> {
    await this.#try(async () => {
      await this.play.undo();
      await goOn();
    });
  }

  async #retest(): Promise<void> {
    await this.#try(beginRetest);
  }

  async #try(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      toast({ text: explainStorage(error), stays: true });
    }
  }

  #scorer({ scorer, scorerName }: Summary): TemplateResult {
    if (!scorer || scorer.pairs === 0) return html`<section><h2>${judgeText.withScorer}</h2><p class="soft">${judgeText.noScores}</p></section>`;
    return html`<section>
      <h2>${judgeText.withScorerOf(scorerName)}</h2>
      <p class="large figures">${percent(scorer.score, 0)}</p>
      <p class="soft small">${judgeText.scorerWords(number(scorer.pairs), percent(scorer.low, 0), percent(scorer.high, 0))}</p>
    </section>`;
  }

  /** The paper's table, of one person. */
  #beside({ beside, labelled, self }: Summary): TemplateResult | typeof nothing {
    if (beside.length < 2 || labelled.length === 0) return nothing;
    const missing = beside.some(({ missing }) => missing > 0);
    return html`<section class="beside">
      <h2>${judgeText.beside}</h2>
      <p class="soft small">${judgeText.besideWords}</p>
      <table>
        <thead>
          <tr><th scope="col">${judgeText.besideScorer}</th><th scope="col" class="end">${judgeText.besideYou}</th><th scope="col" class="end">${judgeText.besidePairs}</th><th scope="col" class="end">${judgeText.besidePaper}</th></tr>
        </thead>
        <tbody>
          ${beside.map(
            ({ column, agreement, paper }) => html`<tr>
              <th scope="row">${column.title}</th>
              <td class="end figures">
                ${agreement ? html`<b>${percent(agreement.score, 0)}</b> <span class="soft">${judgeText.interval(percent(agreement.low, 0), percent(agreement.high, 0))}</span>` : "–"}
              </td>
              <td class="end figures">${number(agreement?.pairs ?? 0)}</td>
              <td class="end figures soft">${paper === undefined ? "–" : percent(paper)}</td>
            </tr>`,
          )}
          ${self.oneself
            ? html`<tr>
                <th scope="row">${judgeText.besideSelf}</th>
                <td class="end figures"><b>${percent(self.oneself.accuracy.value, 0)}</b></td>
                <td class="end figures">${number(self.repeats.length)}</td>
                <td class="end figures soft">–</td>
              </tr>`
            : nothing}
        </tbody>
      </table>
      ${missing
        ? html`<p class="row">
            <button type="button" ?disabled=${this.scoring !== ""} @click=${() => void this.#scoreBeside(labelled)}>${judgeText.besideScore}</button>
            <span class="small soft" role="status">${this.scoring === "" ? nothing : judgeText.besideScoring(this.scoring)}</span>
          </p>`
        : nothing}
    </section>`;
  }

  async #scoreBeside(labelled: readonly PreferenceRecord[]): Promise<void> {
    if (this.scoring !== "") return;
    try {
      await scoreBeside(labelled, (title) => (this.scoring = title));
    } catch (error) {
      toast({ text: explain(error), stays: true });
    } finally {
      this.scoring = "";
      await this.#make();
    }
  }

  #self({ self }: Summary): TemplateResult | typeof nothing {
    if (!self.oneself) return nothing;
    const agreeing = self.repeats.filter(({ agrees }) => agrees).length;
    return html`<section>
      <h2>${judgeText.withSelf}</h2>
      <p class="large figures">${percent(self.oneself.accuracy.value, 0)}</p>
      <p class="soft small">${judgeText.selfWords(number(agreeing), number(self.repeats.length))}</p>
    </section>`;
  }

  #controls({ controls }: Summary): TemplateResult | typeof nothing {
    if (controls.asked === 0) return nothing;
    return html`<section>
      <h2>${judgeText.controlPairs}</h2>
      <p class="large figures">${number(controls.passed)}/${number(controls.asked)}</p>
      <p class="soft small">${judgeText.controlWords}</p>
    </section>`;
  }

  #ranking(summary: Summary): TemplateResult | typeof nothing {
    const set = summary.images[Math.min(this.prompt, summary.images.length - 1)];
    const models = summary.models.length > 1;
    const rows = this.by === "model" && models ? summary.models : (set?.rows ?? []);
    if (rows.length === 0) return nothing;
    return html`<section class="ranking">
      <div class="row">
        <h2>${judgeText.ranking}</h2>
        ${models
          ? html`<div class="row" role="group" aria-label=${judgeText.ranking}>
              <button type="button" aria-pressed=${this.by === "image"} @click=${() => (this.by = "image")}>${judgeText.ofImages}</button>
              <button type="button" aria-pressed=${this.by === "model"} @click=${() => (this.by = "model")}>${judgeText.ofModels}</button>
            </div>`
          : nothing}
        ${this.by === "image" && summary.images.length > 1
          ? html`<label class="row"
              >${judgeText.prompt}
              <select @change=${(event: Event) => (this.prompt = (event.target as HTMLSelectElement).selectedIndex)}>
                ${summary.images.map(({ prompt }, index) => html`<option ?selected=${index === this.prompt}>${prompt.slice(0, 80)}</option>`)}
              </select></label
            >`
          : nothing}
      </div>
      <ranking-view .rows=${rows} .caption=${judgeText.rankingWords} .scorer=${summary.scorerName}></ranking-view>
    </section>`;
  }

  static override styles = [
    ...PickElement.shared,
    css`
      :host {
        display: grid;
        gap: var(--s6);
        padding: var(--s5) var(--gutter) var(--s7);
        max-width: var(--page);
      }
      header {
        display: grid;
        gap: var(--s2);
      }
      .findings {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(16rem, 100%), 1fr));
        gap: var(--s5) var(--s6);
        border-block: 1px solid var(--line);
        padding-block: var(--s4);
      }
      .findings section {
        display: grid;
        gap: var(--s1);
        align-content: start;
        max-width: var(--narrow);
      }
      .beside {
        display: grid;
        gap: var(--s2);
        min-width: 0;
        overflow-x: auto;
      }
      .beside table {
        border-collapse: collapse;
        font-size: var(--small);
        max-width: var(--measure);
      }
      .beside th,
      .beside td {
        font-weight: 400;
        text-align: start;
        padding: var(--s2) var(--s4) var(--s2) 0;
        border-block-end: 1px solid var(--line);
      }
      .beside thead th {
        color: var(--soft);
      }
      .beside .end {
        text-align: end;
      }
      .large {
        font-size: var(--title);
        line-height: 1.2;
      }
      .ranking {
        display: grid;
        gap: var(--s3);
        min-width: 0;
      }
      select {
        max-width: 22rem;
      }
    `,
  ];
}

customElements.define("judge-summary", JudgeSummary);
