/** Device, precision and memory for the next load. */

import { css, html, type TemplateResult } from "lit";
import { PickElement } from "../design/element";
import { loadModel, session } from "../engine/session";
import { type Settings, settings } from "../state/settings";
import { Watch } from "../state/store";
import { modelsText } from "../text/models";

export class ModelChoices extends PickElement {
  constructor() {
    super();
    new Watch(this, settings, session);
  }

  override render(): TemplateResult {
    const { device, precision, memory } = settings.value;
    const { choice: chosen, loading, support } = session.value;
    return html`
      <div class="row">
        ${choice("device", modelsText.device, device, [
          ["auto", modelsText.deviceAuto],
          ["webgpu", modelsText.deviceGpu, support?.webgpu === false],
          ["cpu", modelsText.deviceCpu],
        ])}
        ${choice("precision", modelsText.precision, precision, [
          ["auto", modelsText.precisionAuto],
          ["f32", modelsText.precisionF32],
          ["f16", modelsText.precisionF16],
          ["q8", modelsText.precisionQ8],
          ["q8-fast", modelsText.precisionQ8Fast],
        ])}
        <button type="button" ?disabled=${!chosen || loading !== undefined} @click=${() => chosen && void loadModel(chosen)}>${modelsText.reload}</button>
      </div>
      <label class="check"
        ><input type="checkbox" .checked=${memory === "low"} aria-describedby="turns" @change=${(event: Event) => settings.patch({ memory: (event.target as HTMLInputElement).checked ? "low" : "normal" })} />${modelsText.turns}</label
      >
      <p class="small soft"><span id="turns">${modelsText.turnsHint}</span> ${modelsText.choicesHint}</p>
    `;
  }

  static override styles = [
    ...PickElement.shared,
    css`
      .row {
        align-items: end;
      }
      p {
        max-width: var(--measure);
      }
      select {
        max-width: 100%;
      }
    `,
  ];
}

function choice<K extends "device" | "precision">(key: K, label: string, now: Settings[K], options: [Settings[K], string, boolean?][]): TemplateResult {
  const choose = (event: Event) => settings.patch({ [key]: (event.target as HTMLSelectElement).value } as Partial<Settings>);
  return html`<label class="field">
    ${label}
    <select @change=${choose}>
      ${options.map(([value, words, impossible = false]) => html`<option value=${value} ?selected=${value === now} ?disabled=${impossible}>${words}</option>`)}
    </select>
  </label>`;
}

customElements.define("model-choices", ModelChoices);
