/** The screen Judge. */

import { html, type TemplateResult } from "lit";
import { PickElement } from "../design/element";
import { judgeText } from "../text/judge";

export class JudgeScreen extends PickElement {
  override render(): TemplateResult {
    return html`<h1 class="title" tabindex="-1">${judgeText.title}</h1>`;
  }
}

customElements.define("judge-screen", JudgeScreen);
