/** The screen Contribute: what was collected, and its export. */

import { css, html, nothing, type TemplateResult } from "lit";
import "./export-view";
import "./hand-in-view";
import "./import-view";
import "./sessions-view";
import { collection, emptyBin, openCollection, restoreRecords } from "../collection/collection";
import { askToKeep, room } from "../collection/persistence";
import { records } from "../collection/library";
import { PickElement } from "../design/element";
import { FileDrop } from "../design/file-drop";
import { href, route } from "../shell/router";
import { Watch } from "../state/store";
import { contributeText } from "../text/contribute";
import { bytes, number } from "../text/format";
import { explainObstacle, explainRecords } from "../text/storage";
import { clearTemporary } from "./export";
import { type Holdings, holdings, watchHoldings } from "./holdings";
import type { ImportView } from "./import-view";

/** Choices deleted longer ago than this are removed permanently when the screen opens. */
const KEPT_IN_BIN = 3_600_000;

export class ContributeScreen extends PickElement {
  static override properties = { failed: { state: true }, place: { state: true } };
  declare private failed: unknown;
  declare private place: Awaited<ReturnType<typeof room>>;
  #stop: (() => void)[] = [];
  readonly #drop = new FileDrop(
    this,
    () => route.value.screen === "contribute",
    (transfer) => void this.renderRoot.querySelector<ImportView>("import-view")?.read([...transfer.files]),
  );

  constructor() {
    super();
    this.failed = undefined;
    this.place = undefined;
    new Watch(this, holdings, collection);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#open();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const stop of this.#stop) stop();
    this.#stop = [];
  }

  async #open(): Promise<void> {
    this.failed = undefined;
    try {
      await Promise.all([records(), openCollection()]);
      await emptyBin(Date.now() - KEPT_IN_BIN);
      this.#stop.push(watchHoldings(), collection.subscribe(() => void this.#room()));
      await this.#room();
      void clearTemporary();
    } catch (error) {
      this.failed = error;
    }
  }

  async #room(): Promise<void> {
    this.place = await room();
  }

  override render(): TemplateResult {
    const { obstacle } = collection.value;
    const held = holdings.value;
    return html`
      <div class="screen">
        <header>
          <h1 class="title">${contributeText.heading}</h1>
          <p class="soft">${contributeText.words}</p>
        </header>
        ${obstacle ? html`<p class="problem small" role="alert">${explainObstacle(obstacle)}</p>` : nothing}
        ${this.failed
          ? html`<p class="problem" role="alert">${explainRecords(this.failed)}</p>
              <p><button type="button" @click=${() => this.#open()}>${contributeText.tryAgain}</button></p>`
          : held
            ? this.#held(held)
            : nothing}
      </div>
      ${this.#drop.veil(contributeText.dropHere)}
    `;
  }

  #held(held: Holdings): TemplateResult {
    const empty = held.records.length === 0;
    return html`
      ${empty
        ? html`<div class="empty">
            <p class="title">${contributeText.emptyTitle}</p>
            <p class="soft">${contributeText.emptyWords}</p>
            <a class="button primary" href=${href("judge")}>${contributeText.toJudge}</a>
          </div>`
        : this.#facts(held)}
      ${this.#bin(held)}
      <div class="columns">
        ${empty ? nothing : html`<export-view .holdings=${held}></export-view>`}
        <div class="side">
          <import-view></import-view>
          ${empty ? nothing : html`<hand-in-view .holdings=${held}></hand-in-view>`}
        </div>
      </div>
      ${empty
        ? nothing
        : html`<section>
            <h2>${contributeText.sessionsTitle}</h2>
            <sessions-view .holdings=${held}></sessions-view>
          </section>`}
    `;
  }

  #facts(held: Holdings): TemplateResult {
    const { self } = held;
    const facts: [string, string][] = [
      [number(held.records.length), contributeText.factChoices(held.records.length)],
      [number(held.sessions.length), contributeText.factSessions(held.sessions.length)],
      [number(held.prompts), contributeText.factPrompts(held.prompts)],
      [number(held.ties), contributeText.factTies(held.ties)],
      [number(held.skipped), contributeText.factSkipped],
      [number(held.images), contributeText.factImages(held.images)],
      [bytes(held.bytes), contributeText.factBytes],
    ];
    const repeats = self.repeats.length;
    if (repeats > 0) facts.splice(5, 0, [number(self.repeats.filter(({ agrees }) => !agrees).length), contributeText.factConflicts(number(repeats))]);
    return html`
      <dl>
        ${facts.map(([value, name]) => html`<div><dt class="small soft">${name}</dt><dd class="figures">${value}</dd></div>`)}
      </dl>
      ${this.#kept()}
    `;
  }

  /** Whether the browser may evict the collection. */
  #kept(): TemplateResult | typeof nothing {
    if (collection.value.place !== "browser" || !this.place) return nothing;
    const ask = async () => {
      await askToKeep(true);
      await this.#room();
    };
    return this.place.kept
      ? html`<p class="small soft">${contributeText.isKept}</p>`
      : html`<p class="small soft row">${contributeText.isNotKept} <button type="button" class="link" @click=${ask}>${contributeText.askToKeep}</button></p>`;
  }

  #bin({ bin }: Holdings): TemplateResult | typeof nothing {
    if (bin.length === 0) return nothing;
    const restore = async () => {
      for (const batch of new Set(bin.map(({ batch }) => batch))) await restoreRecords(batch);
    };
    return html`<div class="notice small row" role="status">
      <span>${contributeText.inBin(bin.length)}</span>
      <button type="button" @click=${restore}>${contributeText.bringBack}</button>
      <button type="button" @click=${() => emptyBin()}>${contributeText.deleteForGood}</button>
    </div>`;
  }

  static override styles = [
    ...PickElement.shared,
    css`
      .screen {
        max-width: var(--page);
        gap: var(--s6);
      }
      header {
        display: grid;
        gap: var(--s2);
        max-width: 64ch;
      }
      dl {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr));
        gap: var(--s4);
        border-block: 1px solid var(--line);
        padding-block: var(--s4);
      }
      dl div {
        display: grid;
        align-content: start;
      }
      dd {
        grid-row: 1;
        font-size: var(--title);
        line-height: 1.2;
      }
      .columns {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr));
        gap: var(--s6) var(--s7);
        align-items: start;
      }
      .side {
        display: grid;
        gap: var(--s6);
      }
      section {
        display: grid;
        gap: var(--s3);
      }
      .empty {
        display: grid;
        gap: var(--s3);
        place-items: center;
        place-content: center;
        text-align: center;
        min-height: 36vh;
        padding: var(--s5);
        background: var(--table);
      }
    `,
  ];
}

customElements.define("contribute-screen", ContributeScreen);
