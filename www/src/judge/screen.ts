/** The screen Judge. */

import { html, type TemplateResult } from "lit";
import { PickElement } from "../design/element";
import { judgeText } from "../text/judge";

export class JudgeScreen extends PickElement {
  override render(): TemplateResult {
    return html`<div class="screen"><h1 class="title">${judgeText.title}</h1></div>`;
  }
}

customElements.define("judge-screen", JudgeScreen);
