/** Facts about the loaded model and the browser, as lists of names and values. */

import { css, html, nothing, type TemplateResult } from "lit";
import { PickElement } from "../design/element";
import type { Info, Support } from "../engine/library";
import { session, unload } from "../engine/session";
import { Watch } from "../state/store";
import { bytes, number } from "../text/format";
import { engineWords } from "../text/engine";
import { modelsText } from "../text/models";
import { stored } from "./stored";

type Fact = [name: string, value: string | TemplateResult | undefined];

export class ModelFacts extends PickElement {
  constructor() {
    super();
    new Watch(this, session, stored);
  }

  override render(): TemplateResult {
    const { info, support } = session.value;
    return html`
      <section>
        <div class="row">
          <h2>${modelsText.inUse}</h2>
          ${info ? html`<button type="button" class="quiet" @click=${() => void unload()}>${modelsText.unload}</button>` : nothing}
        </div>
        ${info ? list(ofModel(info)) : html`<p class="small soft">${modelsText.nothingLoaded}</p>`}
        ${info?.notes.map((note) => html`<p class="notice small">${note}</p>`)}
      </section>
      <section>
        <h2>${modelsText.here}</h2>
        ${support ? html`<p class="small">${engineWords(support.message)}</p>${list(ofBrowser(support))}` : html`<p class="small soft">${modelsText.finding}</p>`}
      </section>
    `;
  }

  static override styles = [
    ...PickElement.shared,
    css`
      :host {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr));
        gap: var(--s5) var(--s7);
      }
      section {
        display: grid;
        gap: var(--s2);
        align-content: start;
      }
      h2 {
        min-height: 2.25rem;
        display: flex;
        align-items: center;
      }
      dl {
        display: grid;
        grid-template-columns: minmax(8rem, auto) minmax(0, 1fr);
        font-size: var(--small);
      }
      dt,
      dd {
        padding-block: var(--s1);
        border-block-start: 1px solid var(--line);
        overflow-wrap: anywhere;
      }
      dt {
        color: var(--soft);
        padding-inline-end: var(--s4);
      }
    `,
  ];
}

function list(facts: Fact[]): TemplateResult {
  return html`<dl>
    ${facts.map(([name, value]) => (value === undefined ? nothing : html`<dt>${name}</dt><dd>${value}</dd>`))}
  </dl>`;
}

function ofModel(info: Info): Fact[] {
  const from = { cache: modelsText.fromCache, network: modelsText.fromNetwork, files: modelsText.fromFiles }[info.source];
  return [
    [modelsText.model, info.model],
    [modelsText.scoredAs, info.scorerAssumed ? modelsText.assumed(info.scorer) : info.scorer],
    [modelsText.ranOn, info.device === "webgpu" ? modelsText.gpuNamed(info.adapter ?? "WebGPU") : modelsText.cpuThreads(info.threads)],
    [modelsText.parameters, modelsText.millions(number(info.parameters / 1e6, info.parameters < 1e7 ? 1 : 0))],
    [modelsText.weights, modelsText.asPrecision(bytes(info.bytes), info.precision)],
    [modelsText.engineMemory, info.device === "webgpu" ? modelsText.gpuNotCounted(bytes(info.engineMemory)) : bytes(info.engineMemory)],
    // A model whose self-test fails is never loaded, so it always passed.
    [modelsText.selfTest, modelsText.selfTestPassed],
    [modelsText.from, info.cached ? `${from} · ${modelsText.kept}` : from],
    [modelsText.why, html`${info.reasons.map((reason, index) => html`${index > 0 ? html`<br />` : nothing}${engineWords(reason)}`)}`],
  ];
}

function ofBrowser(support: Support): Fact[] {
  const { used, quota, memory } = stored.value;
  const yes = (is: boolean) => (is ? modelsText.yes : modelsText.no);
  return [
    [modelsText.webgpu, yes(support.webgpu)],
    [modelsText.adapter, support.adapter === undefined ? undefined : support.emulated ? `${support.adapter} (${modelsText.emulated})` : support.adapter],
    [modelsText.halfPrecision, support.webgpu ? yes(support.f16) : undefined],
    [modelsText.largestBinding, support.largestBinding === undefined ? undefined : bytes(support.largestBinding)],
    [modelsText.threads, support.isolated ? number(navigator.hardwareConcurrency) : modelsText.threadsOne],
    [modelsText.storage, yes(support.storage)],
    [modelsText.space, used === undefined || quota === undefined ? undefined : modelsText.spaceOf(bytes(used), bytes(quota))],
    [modelsText.memory, memory === undefined ? undefined : bytes(memory)],
  ];
}

customElements.define("model-facts", ModelFacts);
