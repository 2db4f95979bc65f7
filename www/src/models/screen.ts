/** The screen Models: what this browser supports, the models on offer, and the stored ones. */

import "./choices";
import "./facts";
import "./kept";
import "./offers";
import "./scorers";
import "./status";
import { css, html, type TemplateResult } from "lit";
import { PickElement } from "../design/element";
import { measure } from "../engine/kept";
import { library } from "../engine/library";
import { session } from "../engine/session";
import { announce } from "../shell/toasts";
import type { MyTastes } from "../taste/section";
import { modelsText } from "../text/models";
import { refreshStored } from "./stored";

export class ModelsScreen extends PickElement {
  #stop: (() => void) | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    void refreshStored();
    void measure();
    void import("../taste/section");
    void import("../taste/invite");
    let loading = session.value.loading !== undefined;
    this.#stop = session.subscribe(({ loading: now, info }) => {
      if (loading && !now) {
        void refreshStored();
        if (info) announce(modelsText.ready(info.model));
      }
      loading = now !== undefined;
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop?.();
  }

  /** Scrolls to the visitor’s tastes, once what is above them is there. */
  async revealTastes(): Promise<void> {
    await Promise.all([import("../taste/section"), library()]);
    await new Promise(requestAnimationFrame);
    await this.renderRoot.querySelector<MyTastes>("my-tastes")?.reveal();
  }

  /** The link to the tastes leads to this very screen. */
  #invited(event: Event): void {
    if (!(event.composedPath()[0] instanceof HTMLAnchorElement)) return;
    event.preventDefault();
    void this.revealTastes();
  }

  override render(): TemplateResult {
    return html`<div class="screen">
      <header>
        <h1 class="title">${modelsText.heading}</h1>
        <p class="soft">${modelsText.lead}</p>
        <model-status></model-status>
        <taste-invite @click=${this.#invited}></taste-invite>
      </header>
      <model-offers></model-offers>
      <known-scorers></known-scorers>
      <my-tastes></my-tastes>
      <model-choices></model-choices>
      <model-facts></model-facts>
      <kept-models></kept-models>
    </div>`;
  }

  static override styles = [
    ...PickElement.shared,
    css`
      .screen {
        max-width: var(--page);
        gap: var(--s6);
      }
      header {
        display: grid;
        gap: var(--s1);
      }
      model-status {
        margin-block-start: var(--s3);
      }
      taste-invite {
        margin-block-start: var(--s2);
      }
    `,
  ];
}

customElements.define("models-screen", ModelsScreen);
