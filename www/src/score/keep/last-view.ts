/** The last save in a line, with a button that takes it back; empty if there is none. */

import { css, html, nothing, type TemplateResult } from "lit";
import { PickElement } from "../../design/element";
import { icon } from "../../design/icons";
import { Watch } from "../../state/store";
import { number } from "../../text/format";
import { explainSave, keepText } from "../../text/keep";
import { scoreText } from "../../text/score";
import { last, type LastSave, takeBack, wordsOf } from "./last";
import { asProblem } from "./problem";

export class LastSaved extends PickElement {
  static override properties = { said: { state: true }, done: { state: true } };

  /** What undoing has come to. */
  declare private said: readonly string[];
  /** How much has been undone; absent unless that is going on. */
  declare private done: number | undefined;
  #abort: AbortController | undefined;

  constructor() {
    super();
    new Watch(this, last);
    this.said = [];
    this.done = undefined;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#abort?.abort();
  }

  override render(): TemplateResult | typeof nothing {
    const { value: saved } = last;
    if (!saved && this.said.length === 0) return nothing;
    return html`<div class="row small">
      <span class="soft" role="status">${this.said.length > 0 ? this.said.join(" ") : saved && keepText.lastSave(wordsOf(saved))}</span>
      ${this.done !== undefined
        ? html`<span class="figures">${number(this.done)}</span><button type="button" @click=${() => this.#abort?.abort()}>${keepText.stop}</button>`
        : saved
          ? html`<button type="button" title=${keepText.undo} @click=${() => void this.#undo(saved)}>${icon("undo")}${scoreText.undo}</button>`
          : nothing}
    </div>`;
  }

  async #undo(saved: LastSave): Promise<void> {
    const abort = (this.#abort = new AbortController());
    try {
      this.done = 0;
      this.said = await takeBack(saved, abort.signal, (done) => (this.done = done));
    } catch (thrown) {
      this.said = [explainSave(asProblem(thrown))];
    } finally {
      this.done = undefined;
    }
  }

  static override styles = [
    ...PickElement.shared,
    css`
      .row {
        overflow-wrap: anywhere;
      }
    `,
  ];
}

customElements.define("last-saved", LastSaved);
