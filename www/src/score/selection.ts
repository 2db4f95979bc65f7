/**
 * Actions on the selected and marked images; hidden if there are none. Events: `compare` and `save`
 * with the images.
 */

import { css, html, nothing, type TemplateResult } from "lit";
import { Dock } from "../design/dock";
import { PickElement } from "../design/element";
import { icon } from "../design/icons";
import { toast } from "../shell/toasts";
import { Watch } from "../state/store";
import { number } from "../text/format";
import { scoreText } from "../text/score";
import { board, discard, FORGET, remove, restore } from "./board";
import type { Picture } from "./picture";
import { BUCKETS, select, selection, selectOnly } from "./selected";

/** Most images in the close-up. */
const MOST = 4;

export class ScoreSelection extends PickElement {
  constructor() {
    super();
    new Watch(this, board, selection);
    new Dock(this);
  }

  override render(): TemplateResult | typeof nothing {
    const { pictures } = board.value;
    const selected = pictures.filter(({ selected }) => selected);
    const marked = BUCKETS.map((bucket) => ({ bucket, images: pictures.filter((picture) => picture.bucket === bucket) })).filter(({ images }) => images.length > 0);
    if (selected.length === 0 && marked.length === 0) return nothing;
    const marks = marked.map(
      ({ bucket, images }) => html`<button type="button" class="quiet" title=${scoreText.selectMarked(scoreText[bucket])} @click=${() => selectOnly(new Set(images), pictures)}>
        ${scoreText[bucket]} <span class="figures">${number(images.length)}</span>
      </button>`,
    );
    return html`<div class="bar">
      ${selected.length === 0 ? nothing : this.#actions(selected)} ${marks.length === 0 ? nothing : html`<span class="marks" role="group" aria-label=${scoreText.marks}>${marks}</span>`}
    </div>`;
  }

  #actions(selected: readonly Picture[]): TemplateResult {
    const few = selected.length <= MOST;
    return html`<span class="small count" role="status">${scoreText.selected(selected.length)}</span>
      <button type="button" class="quiet none" @click=${() => select(selected, false)}>
        ${icon("close")}<span class="figures">${number(selected.length)}</span><span class="words">${scoreText.selectNone}</span>
      </button>
      <button type="button" class="save" @click=${() => this.dispatchEvent(new CustomEvent("save", { detail: selected }))}>${icon("download")}${scoreText.save}</button>
      <button type="button" ?disabled=${!few} title=${few ? "" : scoreText.compareHint} @click=${() => this.dispatchEvent(new CustomEvent("compare", { detail: selected }))}>
        ${icon("compare")}${scoreText.compare}
      </button>
      <button type="button" @click=${() => removeWithUndo(new Set(selected))}>${icon("remove")}${scoreText.remove}</button>`;
  }

  static override styles = [
    ...PickElement.shared,
    css`
      :host {
        position: sticky;
        inset-block-end: var(--s3);
        z-index: 10;
        display: grid;
        justify-items: center;
        pointer-events: none;
      }
      .bar {
        pointer-events: auto;
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: center;
        gap: var(--s2);
        padding: var(--s2) var(--s3);
        background: var(--raised);
        border: 1px solid var(--edge);
        border-radius: var(--corner);
      }
      .save {
        font-weight: 600;
      }
      .marks {
        display: flex;
        gap: var(--s1);
      }
      .none > :is(svg, .figures) {
        display: none;
      }
      /* On phones, one row: the number is on the button that clears the selection. */
      @media (max-width: 40rem) {
        .bar {
          padding: var(--s1) var(--s2);
          column-gap: var(--s1);
        }
        button {
          padding-inline: var(--s2);
        }
        .count,
        .none .words {
          position: absolute;
          clip-path: inset(50%);
          white-space: nowrap;
        }
        button:not(.none) svg {
          display: none;
        }
        .none > :is(svg, .figures) {
          display: block;
        }
      }
      .save ~ .marks {
        border-inline-start: 1px solid var(--line);
        padding-inline-start: var(--s2);
      }
    `,
  ];
}

/** Removes images; a message offers to undo it. */
function removeWithUndo(pictures: ReadonlySet<Picture>): void {
  const before = remove(pictures);
  toast({ text: scoreText.removed(pictures.size), action: { label: scoreText.undo, run: () => restore(before) } });
  setTimeout(() => discard(pictures), FORGET);
}

customElements.define("score-selection", ScoreSelection);
