/** Which model each image is from: the rule, which can be changed, and its result. */

import { css, html, nothing, type TemplateResult } from "lit";
import "../collection/kept-picture";
import type { Rule } from "../collection/rows";
import { PickElement } from "../design/element";
import { number } from "../text/format";
import { judgeText } from "../text/judge";
import { type Arranged, groupsOf } from "./sets";

/** Example patterns. */
const PRESETS = { folder: "{model}/*", name: "{model}_*", promptFolder: "{prompt}/{model}_*" } as const;
/** Maximum groups shown. */
const MOST = 12;

export class GroupingView extends PickElement {
  static override properties = { arranged: { attribute: false }, rule: { attribute: false }, written: { type: Boolean } };
  declare arranged: Arranged;
  declare rule: Rule;
  /** Whether any file's metadata says how it was made. */
  declare written: boolean;

  override render(): TemplateResult {
    const { rule, arranged } = this;
    const preset = Object.entries(PRESETS).find(([, pattern]) => pattern === rule.pattern)?.[0] ?? "own";
    const chosen = rule.models === "pattern" ? preset : rule.models;
    const option = (value: string, words: string) => html`<option value=${value} ?selected=${chosen === value}>${words}</option>`;
    return html`
      <div class="rule">
        <label class="field">
          ${judgeText.modelFrom}
          <select @change=${this.#choose}>
            ${this.written ? option("written", judgeText.ruleWritten) : nothing} ${option("folder", judgeText.ruleFolder)} ${option("name", judgeText.ruleName)}
            ${option("promptFolder", judgeText.rulePromptFolder)} ${option("own", judgeText.ruleOwn)} ${option("none", judgeText.ruleNone)}
          </select>
        </label>
        ${rule.models === "pattern"
          ? html`<label class="field">
              ${judgeText.pattern}
              <input
                class="figures"
                spellcheck="false"
                autocomplete="off"
                dir="ltr"
                .value=${rule.pattern}
                aria-describedby="about"
                aria-invalid=${arranged.fault ? "true" : "false"}
                @input=${(event: Event) => this.#tell({ models: "pattern", pattern: (event.target as HTMLInputElement).value })}
              />
            </label>`
          : nothing}
      </div>
      ${rule.models === "pattern"
        ? html`<p id="about" class="small ${arranged.fault ? "problem" : "soft"}">${arranged.fault ? judgeText[`fault_${arranged.fault}`] : judgeText.patternWords}</p>`
        : nothing}
      ${this.#groups()}
    `;
  }

  #groups(): TemplateResult | typeof nothing {
    const groups = groupsOf(this.arranged.items);
    if (this.rule.models === "none" || groups.length === 0) return nothing;
    return html`<ul>
      ${groups.slice(0, MOST).map(
        ({ model, items }) => html`<li>
          <kept-picture .uid=${items[0]?.uid ?? ""}></kept-picture>
          <span class="name">${model === null ? html`<span class="soft">${judgeText.unknownModel}</span>` : html`<bdi>${model}</bdi>`}</span>
          <span class="soft figures">${number(items.length)}</span>
        </li>`,
      )}
      ${groups.length > MOST ? html`<li class="soft">${judgeText.moreGroups(number(groups.length - MOST))}</li>` : nothing}
    </ul>`;
  }

  #choose(event: Event): void {
    const { value } = event.target as HTMLSelectElement;
    if (value === "written" || value === "none") return this.#tell({ models: value });
    this.#tell({ models: "pattern", pattern: value === "own" ? "*-{model}" : PRESETS[value as keyof typeof PRESETS] });
  }

  #tell(rule: Partial<Rule>): void {
    this.dispatchEvent(new CustomEvent("rule", { detail: rule }));
  }

  static override styles = [
    ...PickElement.shared,
    css`
      :host {
        display: grid;
        gap: var(--s3);
      }
      .rule {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(15rem, 100%), 1fr));
        gap: var(--s3);
      }
      select {
        max-width: var(--narrow);
      }
      ul {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(min(14rem, 100%), 1fr));
        gap: var(--s2) var(--s4);
        font-size: var(--small);
      }
      li {
        display: grid;
        grid-template-columns: auto 1fr auto;
        align-items: center;
        gap: var(--s2);
        min-width: 0;
      }
      .name {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      kept-picture {
        width: 2rem;
        height: 2rem;
      }
    `,
  ];
}

customElements.define("grouping-view", GroupingView);
