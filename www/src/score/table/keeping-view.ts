/**
 * What is kept of the table for the next visit, what is not and why, and the button that clears it
 * from this device.
 */

import { css, html, nothing, type TemplateResult } from "lit";
import { PickElement } from "../../design/element";
import { icon } from "../../design/icons";
import { toast } from "../../shell/toasts";
import { Watch } from "../../state/store";
import { between, bytes } from "../../text/format";
import { explainStorage } from "../../text/storage";
import { explainNowhere, tableText } from "../../text/table";
import { board } from "../board";
import { memo } from "../memo";
import type { Picture } from "../picture";
import { readAgain } from "../reading";
import { clearTable } from "./clear";
import { save } from "./keeper";
import { keeping, type Keeping, tally, type Tally } from "./keeping";
import { askForAll, checkHandles, rootName } from "./permission";
import { BOUND } from "./private";
import { takeTable } from "./restore";

export class TableKeeping extends PickElement {
  static override properties = { asking: { state: true } };

  /** Whether clearing has to be confirmed. */
  declare private asking: boolean;
  readonly #tally = memo((pictures: readonly Picture[]) => tally(pictures));

  constructor() {
    super();
    new Watch(this, board, keeping);
    this.asking = false;
  }

  override render(): TemplateResult {
    const { pictures, version } = board.value;
    const { place, saving } = keeping.value;
    const found = this.#tally([pictures, version, keeping.value], pictures);
    const own = pictures.some(({ isSample }) => !isSample);
    const isSaving = saving || found.pending > 0;
    const notices = this.#notices(keeping.value, found, own);
    // An empty row would leave a gap.
    this.hidden = notices.length === 0 && !(place === "browser" && own);
    return html`${notices}
      ${place === "browser" && own
        ? html`<div class="row small">
            <p class="soft words" data-state=${isSaving ? "saving" : "kept"}>
              ${found.handles + found.copies > 0 ? stateWords(isSaving) : isSaving ? tableText.saving : ""}
              ${[
                ...(found.handles > 0 ? [tableText.keptHandles(found.handles)] : []),
                ...(found.copies > 0 ? [tableText.keptCopies(found.copies, bytes(found.bytes), bytes(BOUND))] : []),
              ].join(between())}
            </p>
            ${this.#clear(pictures.length)}
          </div>`
        : nothing}`;
  }

  #clear(count: number): TemplateResult {
    if (!this.asking) return html`<button type="button" class="clear" @click=${() => (this.asking = true)}>${icon("remove")}${tableText.clear}</button>`;
    return html`<div class="row sure" role="alert">
      <span>${tableText.clearSure(count)}</span>
      <button type="button" @click=${this.#cleared}>${tableText.clearYes}</button>
      <button type="button" class="quiet" @click=${() => (this.asking = false)}>${tableText.clearNo}</button>
    </div>`;
  }

  #notices({ place, obstacle, problem }: Keeping, { unkept, permission, gone, failed, roots }: Tally, own: boolean): TemplateResult[] {
    const notices: TemplateResult[] = [];
    const notice = (words: string, button?: { words: string; act: () => unknown }) =>
      notices.push(html`<div class="notice small" role="status">
        <p>${words}</p>
        ${button ? html`<button type="button" @click=${button.act}>${button.words}</button>` : nothing}
      </div>`);
    const again = { words: tableText.tryAgain, act: this.#again };
    if (place === "elsewhere" || place === "taken") notice(tableText[place], { words: tableText.useHere, act: takeTable });
    if (place === "nowhere" && obstacle && own) notice(explainNowhere(obstacle));
    if (permission > 0) notice(tableText.awayPermission(permission), { words: tableText.allow, act: this.#allow });
    if (gone > 0) {
      const folders = tableText.folders([...roots].map(rootName).filter(Boolean));
      const where = folders ? tableText.awayGoneFolder(gone, folders) : tableText.awayGone(gone);
      notice(`${where}${between()}${tableText.awayGoneAdvice}`, { words: tableText.lookAgain, act: this.#again });
    }
    if (failed > 0) notice(tableText.awayFailed(failed), { words: tableText.lookAgain, act: this.#again });
    if (unkept.full > 0) notice(tableText.unkeptFull(unkept.full), again);
    if (unkept.bound > 0) notice(`${tableText.unkeptBound(unkept.bound, bytes(BOUND))}${"showOpenFilePicker" in window ? `${between()}${tableText.unkeptBoundAdvice}` : ""}`);
    if (unkept.refused > 0) notice(tableText.unkeptRefused(unkept.refused), again);
    if (problem && unkept.full + unkept.refused === 0) {
      notice(problem.name === "QuotaExceededError" ? tableText.changeFull : tableText.changeFailed(problem.message), again);
    }
    return notices;
  }

  readonly #allow = async (): Promise<void> => {
    const all = await askForAll();
    readAgain();
    if (!all) toast({ text: tableText.notAllowed, stays: true });
  };

  readonly #again = async (): Promise<void> => {
    for (const picture of board.value.pictures) if (picture.unkept !== "bound") delete picture.unkept;
    await checkHandles();
    readAgain();
    await save();
  };

  readonly #cleared = async (): Promise<void> => {
    this.asking = false;
    try {
      await clearTable();
      toast({ text: tableText.cleared });
    } catch (error) {
      toast({ text: explainStorage(error), stays: true });
    }
  };

  static override styles = [
    ...PickElement.shared,
    css`
      :host {
        display: grid;
        gap: var(--s2);
      }
      /* The button is beside the words: menus of the toolbar open over the other end. */
      .row {
        gap: var(--s2) var(--s4);
      }
      .words {
        flex: 0 1 auto;
        max-width: var(--wide);
      }
      .state {
        display: inline-grid;
      }
      .state > * {
        grid-area: 1 / 1;
      }
      .unseen {
        visibility: hidden;
      }
      .sure {
        flex: 1 1 24rem;
      }
      .notice {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--s2) var(--s4);
        color: var(--ink);
        border-color: var(--mark);
      }
      .notice p {
        flex: 0 1 var(--measure);
      }
    `,
  ];
}

/**
 * Whether everything is stored. Both texts take the space of the longer one, so that the button
 * beside them does not move under the pointer.
 */
function stateWords(isSaving: boolean): TemplateResult {
  const words = (text: string, isShown: boolean) => html`<span class=${isShown ? "" : "unseen"} aria-hidden=${!isShown}>${text}</span>`;
  return html`<span class="state">${words(tableText.saving, isSaving)}${words(tableText.keptAll, !isSaving)}</span>${between()}`;
}

customElements.define("table-keeping", TableKeeping);
