/** The screen Contribute. */

import { html, type TemplateResult } from "lit";
import { PickElement } from "../design/element";
import { contributeText } from "../text/contribute";

export class ContributeScreen extends PickElement {
  override render(): TemplateResult {
    return html`<h1 class="title" tabindex="-1">${contributeText.title}</h1>`;
  }
}

customElements.define("contribute-screen", ContributeScreen);
