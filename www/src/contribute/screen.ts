/** The screen Contribute. */

import { html, type TemplateResult } from "lit";
import { PickElement } from "../design/element";
import { contributeText } from "../text/contribute";

export class ContributeScreen extends PickElement {
  override render(): TemplateResult {
    return html`<div class="screen"><h1 class="title">${contributeText.title}</h1></div>`;
  }
}

customElements.define("contribute-screen", ContributeScreen);
