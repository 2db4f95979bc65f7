/** The screen Score. */

import { html, type TemplateResult } from "lit";
import { PickElement } from "../design/element";
import { shellText } from "../text/shell";

export class ScoreScreen extends PickElement {
  override render(): TemplateResult {
    return html`<h1 class="title" tabindex="-1">${shellText.score}</h1>`;
  }
}

customElements.define("score-screen", ScoreScreen);
