/** A tile: the image and two lines of text below it. */

import { css, html, nothing, type TemplateResult } from "lit";
import { keyed } from "lit/directives/keyed.js";
import { icon } from "../design/icons";
import { explain } from "../text/errors";
import { number, percent, scoreNumber } from "../text/format";
import { scoreText } from "../text/score";
import { tableText } from "../text/table";
import { type Field, saidWords } from "./generation";
import type { Place } from "./layout";
import type { Away, Picture } from "./picture";

/**
 * Height of the text below an image, and of a third line in it, in CSS pixels at the default font
 * size.
 */
export const CAPTION = 46;
export const LINE = 16;

export interface TileState {
  picture: Picture;
  prompt: string | undefined;
  rank: number | undefined;
  /** The number of ranked images. */
  of: number;
  /** The largest score without its sign. */
  largest: number;
  unlike: boolean;
  /** Whether no other image has its prompt: it has a score, and nothing to rank it against. */
  isAlone?: boolean;
  /** What the images are sorted by, if their files say it. */
  field?: Field | undefined;
}

/** The state in words. */
export function describe(state: TileState): string {
  const { picture, field } = state;
  return [standing(state), field === undefined ? "" : saidWords(picture, field)].filter(Boolean).join(", ");
}

/** Rank, score and marks in words. */
function standing({ picture, prompt, rank, of, largest, unlike, isAlone }: TileState): string {
  if (picture.problem) return `${scoreText.unreadable}: ${explain(picture.problem)}`;
  const result = prompt === undefined ? undefined : picture.results.get(prompt);
  if (!result || rank === undefined) return [scoreText.notYet, picture.away ? awayWords(picture.away) : ""].filter(Boolean).join(", ");
  if (isAlone) return `${scoreText.score} ${scoreNumber(result.score, largest)}`;
  const words = [scoreText.rankOf(number(rank), number(of)), `${scoreText.score} ${scoreNumber(result.score, largest)}`];
  if (result.probability !== undefined) words.push(percent(result.probability));
  if (unlike) words.push(scoreText.unlikeShort);
  if (picture.bucket) words.push(scoreText[picture.bucket]);
  if (picture.away) words.push(awayWords(picture.away));
  return words.join(", ");
}

/** Width and height of the image within its place, in CSS pixels. */
export function drawnSize({ thumbnail, width, height }: Picture, { side, tall }: Pick<Place, "side" | "tall">): { width: number; height: number } {
  if (thumbnail === undefined || !width || !height) return { width: side, height: tall };
  const scale = Math.min(side / width, tall / height);
  return { width: width * scale, height: height * scale };
}

/** Device pixels of the longer edge of the image in its place. */
export function pixelsOf({ width = 1, height = 1 }: Partial<Pick<Picture, "width" | "height">>, { side, tall }: Pick<Place, "side" | "tall">): number {
  return Math.ceil(Math.min(side / width, tall / height) * Math.max(width, height) * devicePixelRatio);
}

/** Why an image cannot be read, in a few words. */
function awayWords(away: Away): string {
  return away === "permission" ? tableText.awayShortPermission : tableText.awayShort;
}

/** The image, or why it cannot be read. */
export function image(picture: Picture): TemplateResult {
  if (picture.thumbnail !== undefined) {
    const shape = (picture.width ?? 1) >= (picture.height ?? 1) ? "wide" : "tall";
    // Another image gets another element, which is empty until it is decoded.
    return html`${keyed(picture.id, html`<img class=${shape} src=${picture.thumbnail} alt="" decoding="async" draggable="false" />`)}`;
  }
  const { problem, away } = picture;
  if (!problem && !away) return html`<span class="blank"></span>`;
  return html`<span class="broken">${icon("alert", 24)}<span class="reason">${problem ? explain(problem) : away ? awayWords(away) : nothing}</span></span>`;
}

/** The text below the image. */
export function caption({ picture, prompt, rank, largest, isAlone, field }: TileState): TemplateResult {
  const result = prompt === undefined ? undefined : picture.results.get(prompt);
  const said = field === undefined ? "" : saidWords(picture, field);
  const last = html`
    ${field === undefined ? nothing : html`<span class="line said" title=${said}><span class="words">${said}</span></span>`}
    <span class="line name" title=${picture.path}><span class="words">${picture.path.split("/").pop()}</span></span>
  `;
  if (picture.problem) {
    const reason = explain(picture.problem);
    return html`
      <span class="line" title=${reason}><b>–</b><span class="words">${scoreText.unreadable}: ${reason}</span></span>
      ${last}
    `;
  }
  return html`
    <span class="line figures">
      <b>${rank === undefined || isAlone ? "·" : number(rank)}</b>
      <span>${result ? scoreNumber(result.score, largest) : nothing}</span>
      <span class="share">${result?.probability === undefined || isAlone ? nothing : percent(result.probability)}</span>
    </span>
    ${last}
  `;
}

export const tileStyles = css`
  .frame {
    position: relative;
    display: grid;
    grid-template: minmax(0, 1fr) / minmax(0, 1fr);
    place-items: end center;
    width: 100%;
    padding: 0;
    border: 0;
    border-radius: 0;
    background: none;
    min-height: 0 !important;
    cursor: zoom-in;
    overflow: hidden;
  }
  .frame:hover {
    background: none;
  }
  .frame img {
    display: block;
    grid-area: 1 / 1;
    user-select: none;
  }
  .wide {
    width: 100%;
    height: auto;
  }
  .tall {
    width: auto;
    height: 100%;
  }
  .blank,
  .broken {
    width: 100%;
    height: 100%;
    grid-area: 1 / 1;
    background: var(--table);
  }
  .broken {
    display: grid;
    place-content: center;
    justify-items: center;
    gap: var(--s2);
    padding: var(--s2);
    color: var(--soft);
    overflow: hidden;
  }
  .reason {
    font-size: var(--tiny);
    line-height: 1.35;
    text-align: center;
    text-wrap: balance;
    overflow-wrap: anywhere;
    display: -webkit-box;
    -webkit-box-orient: vertical;
    -webkit-line-clamp: 5;
    overflow: hidden;
  }
  .caption {
    display: grid;
    gap: 0;
    padding-block-start: var(--s1);
    font-size: var(--tiny);
    line-height: 1.3;
  }
  .line {
    display: flex;
    align-items: baseline;
    gap: 0.6em;
    min-width: 0;
    white-space: nowrap;
  }
  .line b {
    font-weight: 700;
    min-width: 1.4em;
  }
  .first .line b {
    color: var(--mark);
  }
  .share {
    margin-inline-start: auto;
    color: var(--soft);
  }
  .name {
    color: var(--soft);
  }
  .said {
    min-height: 1.3em;
  }
  .words {
    overflow: hidden;
    text-overflow: ellipsis;
  }
  .unlike {
    display: inline-flex;
    align-items: center;
    gap: 0.35em;
    color: var(--ink);
  }
`;
