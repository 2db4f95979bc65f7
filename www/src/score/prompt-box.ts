/**
 * The field for prompts, one per line. Event: `prompts` with the whole text, when the visitor
 * pauses typing.
 */

import { css, html, nothing, type TemplateResult } from "lit";
import { PickElement } from "../design/element";
import { scoreText } from "../text/score";

/** The length of that pause. */
const REST = 350;

export class PromptBox extends PickElement {
  static override properties = {
    value: { type: String },
    ideas: { attribute: false },
  };

  declare value: string;
  declare ideas: readonly string[];
  #waiting: number | undefined;

  constructor() {
    super();
    this.value = "";
    this.ideas = [];
  }

  override render(): TemplateResult {
    const rows = Math.min(8, Math.max(1, this.value.split("\n").length));
    return html`
      <label class="hidden-text" for="prompt">${scoreText.prompt}</label>
      <textarea
        id="prompt"
        dir="auto"
        rows=${rows}
        spellcheck="false"
        autocapitalize="off"
        placeholder=${scoreText.promptPlaceholder}
        aria-describedby="hint"
        .value=${this.value}
        @input=${this.#typed}
        @change=${this.#tell}
      ></textarea>
      <p class="below small soft">
        <span id="hint">${scoreText.promptHint}</span>
        ${this.ideas.length === 0
          ? nothing
          : html`<span class="ideas">${scoreText.ideas}
              ${this.ideas.map((idea) => html`<button type="button" class="link" @click=${() => this.#add(idea)}>${idea}</button>`)}
            </span>`}
      </p>
    `;
  }

  #typed(event: Event): void {
    this.value = (event.target as HTMLTextAreaElement).value;
    clearTimeout(this.#waiting);
    this.#waiting = setTimeout(this.#tell, REST);
  }

  readonly #tell = (): void => {
    clearTimeout(this.#waiting);
    this.dispatchEvent(new CustomEvent("prompts", { detail: this.value }));
  };

  /** An idea replaces a single prompt, and is added to several. */
  #add(idea: string): void {
    const lines = this.value.split("\n").filter((line) => line.trim());
    this.value = lines.length > 1 ? [...lines.filter((line) => line !== idea), idea].join("\n") : idea;
    this.#tell();
  }

  static override styles = [
    ...PickElement.shared,
    css`
      textarea {
        display: block;
        width: 100%;
        padding: 0 0 var(--s1);
        border: 0;
        border-block-end: 1px solid var(--edge);
        border-radius: 0;
        background: none;
        font: 400 var(--title) / 1.3 var(--voice);
        letter-spacing: -0.01em;
        resize: none;
        field-sizing: content;
        min-height: 1.3em;
        max-height: 40vh;
        box-sizing: content-box;
        width: 100%;
      }
      textarea:focus {
        outline: none;
        border-block-end-color: var(--mark);
        box-shadow: 0 1px var(--mark);
      }
      .below {
        display: flex;
        flex-wrap: wrap;
        justify-content: space-between;
        gap: 0 var(--s5);
        padding-block-start: var(--s1);
      }
      .ideas {
        display: flex;
        flex-wrap: wrap;
        gap: 0 var(--s3);
      }
    `,
  ];
}

customElements.define("prompt-box", PromptBox);
