/** The screen Models. */

import { html, type TemplateResult } from "lit";
import { PickElement } from "../design/element";
import { shellText } from "../text/shell";

export class ModelsScreen extends PickElement {
  override render(): TemplateResult {
    return html`<h1 class="title" tabindex="-1">${shellText.models}</h1>`;
  }
}

customElements.define("models-screen", ModelsScreen);
