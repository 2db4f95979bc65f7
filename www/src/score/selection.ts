/** Actions on the selected images; hidden if there are none. Event: `compare`. */

import { css, html, nothing, type TemplateResult } from "lit";
import { PickElement } from "../design/element";
import { icon } from "../design/icons";
import { toast } from "../shell/toasts";
import { Watch } from "../state/store";
import { scoreText } from "../text/score";
import { board, discard, FORGET, remove, restore } from "./board";
import { MOST } from "./compare";
import type { Picture } from "./picture";
import { select } from "./selected";

export class ScoreSelection extends PickElement {
  constructor() {
    super();
    new Watch(this, board);
  }

  override render(): TemplateResult | typeof nothing {
    const selected = board.value.pictures.filter(({ selected }) => selected);
    if (selected.length === 0) return nothing;
    const few = selected.length <= MOST;
    return html`<div class="bar">
      <span class="small" role="status">${scoreText.selected(selected.length)}</span>
      <button type="button" ?disabled=${!few} title=${few ? "" : scoreText.compareHint} @click=${() => this.dispatchEvent(new CustomEvent("compare", { detail: selected }))}>
        ${icon("compare")}${scoreText.compare}
      </button>
      <button type="button" @click=${() => removeWithUndo(new Set(selected))}>${icon("remove")}${scoreText.remove}</button>
      <button type="button" class="quiet" @click=${() => select(selected, false)}>${scoreText.selectNone}</button>
    </div>`;
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
        padding: var(--s2) var(--s2) var(--s2) var(--s4);
        background: var(--raised);
        border: 1px solid var(--edge);
        border-radius: var(--corner);
      }
    `,
  ];
}

/** Removes images; a message offers to undo it. */
export function removeWithUndo(pictures: ReadonlySet<Picture>): void {
  const before = remove(pictures);
  toast({ text: scoreText.removed(pictures.size), action: { label: scoreText.undo, run: () => restore(before) } });
  setTimeout(() => discard(pictures), FORGET);
}

customElements.define("score-selection", ScoreSelection);
