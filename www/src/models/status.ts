/**
 * A load's progress, speed and time left, or why the last load failed and what to do. Empty once a
 * model is loaded.
 */

import { css, html, nothing, type TemplateResult } from "lit";
import { PickElement } from "../design/element";
import { icon } from "../design/icons";
import { type Loading, loadModel, pace, session, stopLoading } from "../engine/session";
import { href, route } from "../shell/router";
import { settings } from "../state/settings";
import { Watch } from "../state/store";
import { codeOf, explain } from "../text/errors";
import { bytes, duration } from "../text/format";
import { modelsText, stageText } from "../text/models";

/** Errors that the CPU avoids. */
const OF_THE_GPU = ["no-webgpu", "device-failed", "device-lost", "precision"];
const OF_STORAGE = ["storage-full", "storage"];

export class ModelStatus extends PickElement {
  constructor() {
    super();
    new Watch(this, session, route);
  }

  override render(): TemplateResult | typeof nothing {
    const { loading, failed } = session.value;
    if (loading) return this.#loading(loading);
    return failed ? this.#failed(failed) : nothing;
  }

  #loading(loading: Loading): TemplateResult {
    const { progress, name } = loading;
    const { stage, loaded, total } = progress;
    const measured = pace(loading);
    const facts = [
      loaded > 0 ? (total === undefined ? bytes(loaded) : modelsText.loadedOf(bytes(loaded), bytes(total))) : undefined,
      measured && stage === "download" ? modelsText.bySpeed(bytes(measured.speed)) : undefined,
      measured?.left === undefined ? undefined : modelsText.left(duration(measured.left)),
    ].filter((fact) => fact !== undefined);
    return html`<div class="loading">
      <p class="small">
        <b>${name}</b> <span class="soft">${stageText(stage)}${facts.length === 0 ? "…" : ""}</span>
        <span class="figures soft">${facts.join(" · ")}</span>
      </p>
      <progress aria-label=${stageText(stage)} value=${total ? loaded / total : nothing} max="1"></progress>
      <button type="button" title=${modelsText.pauseHint} @click=${() => void stopLoading()}>
        ${stage === "download" ? html`${icon("pause")}${modelsText.pause}` : modelsText.stop}
      </button>
    </div>`;
  }

  #failed({ error, choice }: NonNullable<typeof session.value.failed>): TemplateResult {
    const code = codeOf(error);
    const again = (cache?: "off") => void loadModel({ ...choice, ...(cache && { cache }) });
    const onCpu = () => {
      settings.patch({ device: "cpu" });
      again();
    };
    return html`<div class="problem" role="alert">
      <p>${choice.name}: ${explain(error)}</p>
      <p class="row">
        <button type="button" @click=${() => again()}>${modelsText.tryAgain}</button>
        ${OF_THE_GPU.includes(code) ? html`<button type="button" @click=${onCpu}>${modelsText.useCpu}</button>` : nothing}
        ${OF_STORAGE.includes(code) ? html`<button type="button" @click=${() => again("off")}>${modelsText.withoutKeeping}</button>` : nothing}
        ${route.value.screen === "models" ? nothing : html`<a class="button" href=${href("models")}>${modelsText.toModels}</a>`}
      </p>
    </div>`;
  }

  static override styles = [
    ...PickElement.shared,
    css`
      .loading {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        align-items: center;
        gap: var(--s1) var(--s4);
      }
      .loading p {
        display: flex;
        flex-wrap: wrap;
        gap: 0 var(--s3);
      }
      .loading progress {
        grid-row: 2;
      }
      .loading button {
        grid-row: 1 / 3;
        grid-column: 2;
      }
      .problem {
        display: grid;
        gap: var(--s2);
      }
    `,
  ];
}

customElements.define("model-status", ModelStatus);
