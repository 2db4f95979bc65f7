/** All choices, session by session. */

import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import "./pair-row";
import { PickElement } from "../design/element";
import { icon } from "../design/icons";
import { contributeText } from "../text/contribute";
import { number } from "../text/format";
import { language } from "../text/language";
import { type Filter, type Holdings, matches, type SessionOf, sessionsOf } from "./holdings";
import { deleteWithUndo } from "./pair-row";

/** Choices that a session shows at first, and with each *Show more*. */
const PORTION = 20;
const FILTERS: Filter[] = ["all", "ties", "skipped", "conflicts", "controls"];

export class SessionsView extends PickElement {
  static override properties = { holdings: { attribute: false }, filter: { state: true }, words: { state: true }, open: { state: true }, shown: { state: true } };
  declare holdings: Holdings;
  declare private filter: Filter;
  declare private words: string;
  /** Open sessions; the latest one is open until the visitor closes it. */
  declare private open: ReadonlyMap<string, boolean>;
  declare private shown: ReadonlyMap<string, number>;
  /** The largest score of each scorer without its sign. */
  #largest = new Map<string, number>();

  constructor() {
    super();
    this.filter = "all";
    this.words = "";
    this.open = new Map();
    this.shown = new Map();
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has("holdings")) return;
    this.#largest = new Map();
    for (const { scorer, left, right } of this.holdings.records) {
      if (scorer) this.#largest.set(scorer.name, Math.max(this.#largest.get(scorer.name) ?? 0, Math.abs(left.score ?? 0), Math.abs(right.score ?? 0)));
    }
  }

  override render(): TemplateResult {
    const { holdings, filter, words } = this;
    const found = holdings.records.filter((record) => matches(record, { filter, words, conflicting: holdings.conflicting }));
    const sessions = sessionsOf(found);
    return html`
      <div class="row tools">
        <label class="row">
          ${contributeText.show}
          <select @change=${(event: Event) => (this.filter = (event.target as HTMLSelectElement).value as Filter)}>
            ${FILTERS.map((name) => html`<option value=${name} ?selected=${name === filter}>${contributeText[`filter_${name}`]}</option>`)}
          </select>
        </label>
        <label class="row">
          ${contributeText.find}
          <input type="search" .value=${words} @input=${(event: Event) => (this.words = (event.target as HTMLInputElement).value)} />
        </label>
        ${found.length < holdings.records.length
          ? html`<span class="small soft" role="status">${contributeText.choicesOf(found.length)}</span>
              ${found.length > 0 ? html`<button type="button" @click=${() => deleteWithUndo(found.map(({ uid }) => uid))}>${contributeText.deleteFound(number(found.length))}</button>` : nothing}`
          : nothing}
      </div>
      ${found.length === 0 ? html`<p class="soft">${contributeText.noneFound}</p>` : nothing}
      ${repeat(
        sessions,
        ({ uid }) => uid,
        (session, index) => this.#session(session, index === 0),
      )}
    `;
  }

  #session(session: SessionOf, latest: boolean): TemplateResult {
    const { uid, records, prompts, ended } = session;
    const open = this.open.get(uid) ?? (latest || this.words !== "" || this.filter !== "all");
    const shown = this.shown.get(uid) ?? PORTION;
    const when = new Date(ended).toLocaleString(language.value, { dateStyle: "medium", timeStyle: "short" });
    const newest = [...records].reverse();
    return html`<details ?open=${open} @toggle=${(event: Event) => this.#toggled(uid, (event.target as HTMLDetailsElement).open)}>
      <summary>
        <span class="when">${when}</span>
        <span class="soft small">${contributeText.choicesOf(records.length)}</span>
        <span class="voice small prompts" dir="auto">${prompts.slice(0, 3).join(" / ")}${prompts.length > 3 ? " …" : ""}</span>
      </summary>
      ${open
        ? html`<div class="row">
              <button type="button" class="quiet" @click=${() => deleteWithUndo(records.map(({ uid }) => uid))}>${icon("remove")}${contributeText.deleteSession(number(records.length))}</button>
            </div>
            ${repeat(
              newest.slice(0, shown),
              ({ uid }) => uid,
              (record) => html`<pair-row .record=${record} .largest=${this.#largest.get(record.scorer?.name ?? "") ?? 0} ?conflicting=${this.holdings.conflicting.has(record.uid)}></pair-row>`,
            )}
            ${newest.length > shown
              ? html`<button type="button" class="more" @click=${() => (this.shown = new Map(this.shown).set(uid, shown + 5 * PORTION))}>${contributeText.showMore(number(newest.length - shown))}</button>`
              : nothing}`
        : nothing}
    </details>`;
  }

  #toggled(uid: string, open: boolean): void {
    if (this.open.get(uid) !== open) this.open = new Map(this.open).set(uid, open);
  }

  static override styles = [
    ...PickElement.shared,
    css`
      :host {
        display: grid;
        gap: var(--s3);
      }
      .tools {
        gap: var(--s2) var(--s5);
      }
      details {
        border-block-start: 1px solid var(--line);
      }
      summary {
        display: flex;
        flex-wrap: wrap;
        align-items: baseline;
        gap: var(--s1) var(--s4);
        padding-block: var(--s3);
        cursor: pointer;
      }
      summary::before {
        content: "";
        width: 0.45rem;
        height: 0.45rem;
        border: solid currentColor;
        border-width: 0 1.5px 1.5px 0;
        transform: rotate(-45deg);
        align-self: center;
      }
      details[open] > summary::before {
        transform: rotate(45deg);
      }
      .when {
        font-weight: 600;
      }
      .prompts {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
        max-width: min(40rem, 100%);
      }
      .more {
        margin-block: var(--s3);
      }
    `,
  ];
}

customElements.define("sessions-view", SessionsView);
