/** A choice in a list: both images and the answer, which can be changed or deleted. */

import { css, html, nothing, type TemplateResult } from "lit";
import "../collection/kept-picture";
import { changeRecords, deleteRecords, restoreRecords } from "../collection/collection";
import type { Label, PreferenceRecord } from "../collection/library";
import { randomUid } from "../collection/rater";
import { PickElement } from "../design/element";
import { icon } from "../design/icons";
import { toast } from "../shell/toasts";
import { contributeText } from "../text/contribute";
import { number, scoreNumber } from "../text/format";
import { language } from "../text/language";
import { explainStorage } from "../text/storage";

export class PairRow extends PickElement {
  static override properties = { record: { attribute: false }, conflicting: { type: Boolean }, largest: { type: Number } };
  declare record: PreferenceRecord;
  declare conflicting: boolean;
  /** The scorer's largest score without its sign. */
  declare largest: number;

  override render(): TemplateResult {
    const { record } = this;
    const label = record.has_label ? record.label : "skip";
    const option = (value: string, words: string) => html`<option value=${value} ?selected=${label === value}>${words}</option>`;
    const when = new Date(record.created_at).toLocaleString(language.value, { dateStyle: "medium", timeStyle: "short" });
    return html`
      <div class="pictures">
        ${this.#picture("left", label)} ${this.#picture("right", label)}
      </div>
      <div class="words">
        <p class="voice prompt" dir="auto">${record.prompt}</p>
        <p class="tiny soft">
          <time datetime=${new Date(record.created_at).toISOString()}>${when}</time>${record.seconds === null ? nothing : html` · ${contributeText.seconds(number(record.seconds, 1))}`}${record.control === null
            ? nothing
            : html` · ${record.control === label ? contributeText.controlPassed : contributeText.controlFailed}`}${record.retest_of === null
            ? nothing
            : html` · ${contributeText.askedAgain}`}${this.conflicting ? html` · <b>${contributeText.conflict}</b>` : nothing}
        </p>
      </div>
      <div class="row do">
        <label>
          <span class="hidden-text">${contributeText.choice}</span>
          <select @change=${this.#change}>
            ${option("left", contributeText.left)} ${option("tie", contributeText.tie)} ${option("right", contributeText.right)} ${option("skip", contributeText.skip)}
          </select>
        </label>
        <button type="button" class="quiet" aria-label=${contributeText.deleteOne} title=${contributeText.deleteOne} @click=${() => deleteWithUndo([record.uid])}>${icon("remove")}</button>
      </div>
    `;
  }

  #picture(side: "left" | "right", label: Label | "skip" | null): TemplateResult {
    const { image_uid, model, score } = this.record[side];
    const chosen = label === side;
    const name = side === "left" ? contributeText.left : contributeText.right;
    return html`<figure class=${chosen ? "chosen" : ""}>
      <kept-picture .uid=${image_uid} .alt=${chosen ? contributeText.chosen(name) : name}></kept-picture>
      <figcaption class="tiny soft"><bdi>${model ?? ""}</bdi>${score === null ? nothing : html` <span class="figures">${scoreNumber(score, this.largest)}</span>`}</figcaption>
      ${chosen ? html`<span class="mark">${icon("check", 14)}</span>` : nothing}
    </figure>`;
  }

  async #change(event: Event): Promise<void> {
    const chosen = (event.target as HTMLSelectElement).value as Label | "skip";
    const { uid, label: before, has_label } = this.record;
    const set = (label: Label | null) => changeRecords([uid], (record) => ({ ...record, has_label: label !== null, label }));
    try {
      await set(chosen === "skip" ? null : chosen);
      toast({ text: contributeText.changed, action: { label: contributeText.undo, run: () => void set(has_label ? before : null) } });
    } catch (error) {
      toast({ text: explainStorage(error), stays: true });
    }
  }

  static override styles = [
    ...PickElement.shared,
    css`
      :host {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr) auto;
        gap: var(--s2) var(--s4);
        align-items: center;
        padding-block: var(--s3);
        border-block-end: 1px solid var(--line);
      }
      .pictures {
        display: grid;
        grid-template-columns: repeat(2, 6.5rem);
        gap: var(--s2);
        direction: ltr;
      }
      figure {
        position: relative;
        display: grid;
        gap: var(--s0);
      }
      kept-picture {
        aspect-ratio: 1;
        outline: 1px solid transparent;
      }
      .chosen kept-picture {
        outline: 2px solid var(--mark);
        outline-offset: 1px;
      }
      .mark {
        position: absolute;
        inset-block-start: 4px;
        inset-inline-end: 4px;
        padding: var(--s0);
        color: var(--on-mark);
        background: var(--mark);
        border-radius: 50%;
      }
      figcaption {
        display: flex;
        justify-content: space-between;
        gap: var(--s1);
        min-height: 1.5em;
        overflow: hidden;
        white-space: nowrap;
      }
      bdi {
        overflow: hidden;
        text-overflow: ellipsis;
      }
      .words {
        display: grid;
        gap: var(--s1);
      }
      .prompt {
        overflow-wrap: anywhere;
        max-height: 4.5em;
        overflow: hidden;
      }
      @media (max-width: 48rem) {
        :host {
          grid-template-columns: auto minmax(0, 1fr);
        }
        .pictures {
          grid-template-columns: repeat(2, 4.5rem);
          grid-row: 1 / 3;
        }
      }
    `,
  ];
}

customElements.define("pair-row", PairRow);

/** Deletes choices; the message and the top of the screen offer to restore them. */
export async function deleteWithUndo(uids: readonly string[]): Promise<void> {
  const batch = randomUid();
  try {
    await deleteRecords(uids, batch, Date.now());
    toast({ text: contributeText.deleted(uids.length), action: { label: contributeText.undo, run: () => void restoreRecords(batch) } });
  } catch (error) {
    toast({ text: explainStorage(error), stays: true });
  }
}
