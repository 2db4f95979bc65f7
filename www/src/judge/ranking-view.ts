/** A ranking with intervals: a chart whose rows are rows of a table. */

import { css, html, nothing, svg, type TemplateResult } from "lit";
import "../collection/kept-picture";
import type { Ranked } from "../collection/library";
import { PickElement } from "../design/element";
import { number, scoreNumber } from "../text/format";
import { judgeText } from "../text/judge";
import { type Axis, axisOf, MIDDLE } from "./axis";

/** A ranked image or model. */
export interface RankedRow extends Ranked {
  label: string;
  /** Uid of the image to show. */
  picture?: string | undefined;
  score?: number | undefined;
}

/** The largest score of a ranking without its sign. */
export function largestScore(rows: readonly RankedRow[]): number {
  return rows.reduce((most, { score = 0 }) => Math.max(most, Math.abs(score)), 0);
}

/** Rows shown at first. */
const FIRST = 20;

export class RankingView extends PickElement {
  static override properties = { rows: { attribute: false }, caption: {}, scorer: {}, all: { state: true } };
  declare rows: RankedRow[];
  declare caption: string;
  /** The scorer's name, if scores are shown. */
  declare scorer: string;
  declare private all: boolean;

  constructor() {
    super();
    this.rows = [];
    this.caption = "";
    this.scorer = "";
    this.all = false;
  }

  override render(): TemplateResult {
    const shown = this.all ? this.rows : this.rows.slice(0, FIRST);
    const axis = axisOf(this.rows);
    const pictures = this.rows.some(({ picture }) => picture);
    const scores = this.rows.some(({ score }) => score !== undefined);
    const largest = largestScore(this.rows);
    return html`
      <table>
        <caption>
          ${this.caption}
          ${this.rows.some(({ group }) => group !== this.rows[0]?.group) ? judgeText.apartWords : nothing}
        </caption>
        <thead>
          <tr>
            <th scope="col" class="place">${judgeText.place}</th>
            ${pictures ? html`<th scope="col" class="thumb"><span class="hidden-text">${judgeText.picture}</span></th>` : nothing}
            <th scope="col">${judgeText.name}</th>
            <th scope="col" class="plot">
              <span class="hidden-text">${judgeText.ratingColumn}</span>
              <svg width="100%" height="18" aria-hidden="true">
                ${axis.ticks.map((tick) => svg`<text class=${tick === MIDDLE ? "" : "minor"} x="${axis.at(tick)}%" y="13" text-anchor="middle">${number(tick)}</text>`)}
              </svg>
            </th>
            <th scope="col" class="end">${judgeText.rating}</th>
            <th scope="col" class="end wide">${judgeText.record}</th>
            ${scores ? html`<th scope="col" class="end wide">${this.scorer}</th>` : nothing}
          </tr>
        </thead>
        <tbody>
          ${shown.map((row) => this.#row(row, axis, pictures, scores ? largest : undefined))}
        </tbody>
      </table>
      ${this.rows.length > shown.length
        ? html`<button type="button" @click=${() => (this.all = true)}>${judgeText.showAll(number(this.rows.length))}</button>`
        : nothing}
    `;
  }

  #row(row: RankedRow, axis: Axis, pictures: boolean, largest: number | undefined): TemplateResult {
    const { value, low, high } = row.rating;
    const [from, middle, to] = [low, value, high].map(axis.at) as [number, number, number];
    return html`<tr>
      <td class="place figures">${number(row.rank)}</td>
      ${pictures ? html`<td class="thumb">${row.picture ? html`<kept-picture .uid=${row.picture}></kept-picture>` : nothing}</td>` : nothing}
      <th scope="row" class="name"><bdi>${row.label}</bdi></th>
      <td class="plot">
        <svg width="100%" height="22" aria-hidden="true">
          ${axis.ticks.map((tick) => svg`<line class=${tick === MIDDLE ? "zero" : "tick"} x1="${axis.at(tick)}%" x2="${axis.at(tick)}%" y1="0" y2="22" />`)}
          <line class="interval" x1="${from}%" x2="${to}%" y1="11" y2="11" />
          <circle class="middle" cx="${middle}%" cy="11" r="4.5" />
        </svg>
      </td>
      <td class="end figures">${number(value)}<span class="soft"> ${judgeText.interval(number(low), number(high))}</span></td>
      <td class="end wide figures">${judgeText.winsTiesLosses(number(row.wins), number(row.ties), number(row.losses))}</td>
      ${largest === undefined ? nothing : html`<td class="end wide figures">${row.score === undefined ? "–" : scoreNumber(row.score, largest)}</td>`}
    </tr>`;
  }

  static override styles = [
    ...PickElement.shared,
    css`
      :host {
        display: grid;
        gap: var(--s3);
        justify-items: start;
        overflow-x: auto;
      }
      table {
        width: 100%;
        border-collapse: collapse;
        font-size: var(--small);
      }
      caption {
        text-align: start;
        color: var(--soft);
        padding-block-end: var(--s3);
        max-width: 68ch;
      }
      th,
      td {
        text-align: start;
        font-weight: 400;
        padding: var(--s1) var(--s3) var(--s1) 0;
        vertical-align: middle;
        white-space: nowrap;
      }
      thead th {
        color: var(--soft);
        font-size: var(--tiny);
        border-block-end: 1px solid var(--line);
      }
      .place {
        width: 2.5rem;
        color: var(--soft);
      }
      .thumb {
        width: 3.5rem;
      }
      kept-picture {
        width: 2.75rem;
        height: 2.75rem;
      }
      .name {
        max-width: 16rem;
        overflow: hidden;
        text-overflow: ellipsis;
      }
      .plot {
        width: 45%;
        min-width: 8rem;
        padding-inline: var(--s3);
      }
      td.plot {
        padding-block: 0;
      }
      .end {
        text-align: end;
      }
      svg {
        overflow: visible;
        direction: ltr;
      }
      text {
        fill: var(--soft);
        font: var(--tiny) var(--figures);
      }
      .tick {
        stroke: var(--line);
      }
      .zero {
        stroke: var(--edge);
      }
      .interval {
        stroke: var(--ink);
        stroke-width: 2;
      }
      .middle {
        fill: var(--mark);
        stroke: var(--ground);
        stroke-width: 1.5;
      }
      @media (max-width: 48rem) {
        .wide,
        .end .soft,
        .minor {
          display: none;
        }
        .place {
          width: 1.75rem;
        }
        .place,
        .thumb,
        .name {
          padding-inline-end: var(--s2);
        }
        .thumb {
          width: 3rem;
        }
        .name {
          min-width: 5.5rem;
          max-width: 7rem;
        }
        .name bdi {
          display: -webkit-box;
          -webkit-box-orient: vertical;
          -webkit-line-clamp: 2;
          overflow: hidden;
          overflow-wrap: anywhere;
          white-space: normal;
          line-height: 1.3;
        }
        .plot {
          min-width: 4rem;
          padding-inline: var(--s1);
        }
        .end {
          padding-inline-end: 0;
        }
      }
    `,
  ];
}

customElements.define("ranking-view", RankingView);
