/** The section “My taste” of the screen Models: learning tastes, and everything done with them. */

import "./words-view";
import { css, html, nothing, type TemplateResult } from "lit";
import { PickElement } from "../design/element";
import { icon } from "../design/icons";
import { session } from "../engine/session";
import { download } from "../files/download";
import { toast } from "../shell/toasts";
import { settings } from "../state/settings";
import { Watch } from "../state/store";
import { number } from "../text/format";
import { explainTaste, tasteText } from "../text/taste";
import { accuracySentences } from "./accuracy";
import { type KeptTaste, place } from "./kept";
import { canLearn } from "./learn";
import { bringIn, follow, learnAgain, mine, pause, remove, rename, stopLearning, type Undo } from "./mine";
import { isOffered } from "./used";

/** Characters of a name. */
const LONGEST = 80;

export class MyTastes extends PickElement {
  static override properties = { renamed: { state: true } };
  /** The base of the taste that is being renamed. */
  declare private renamed: string | undefined;
  #stop: (() => void) | undefined;

  constructor() {
    super();
    new Watch(this, mine, place, session, settings);
    this.renamed = undefined;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#stop = follow();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop?.();
  }

  /** Scrolls to the section, and continues there for screen readers. */
  async reveal(): Promise<void> {
    await this.updateComplete;
    this.scrollIntoView({ block: "start" });
    this.renderRoot.querySelector("h2")?.focus({ preventScroll: true });
  }

  override render(): TemplateResult {
    const { tastes = [], error } = mine.value;
    return html`
      <h2 tabindex="-1">${tasteText.heading}</h2>
      <p class="small soft lead">${tasteText.lead}</p>
      ${place.value.isMemory ? html`<p class="small">${tasteText.memory(place.value.detail)}</p>` : nothing}
      ${this.#learn(tastes)}
      ${error ? html`<p class="small" role="alert">${explainTaste(error)}</p>` : nothing}
      ${tastes.length > 0 ? html`<ul>${tastes.map((taste) => this.#taste(taste))}</ul>` : nothing}
    `;
  }

  /** Learning on top of the loaded model, and bringing a file in. */
  #learn(tastes: readonly KeptTaste[]): TemplateResult {
    const { choices: all, visible, learning } = mine.value;
    const choices = all === undefined || settings.value.learnsVisible ? all : all - visible;
    const { scorer, info } = session.value;
    if (learning) {
      const { stage, loaded, total } = learning;
      const words = stage === "images" ? tasteText.readingImages : tasteText.fitting;
      return html`<div class="row small">
        <label>${words} <progress max=${total || 1} .value=${loaded}></progress></label>
        <button type="button" @click=${stopLearning}>${tasteText.stop}</button>
      </div>`;
    }
    const before = tastes.find(({ base }) => base === info?.fingerprint);
    const why = !scorer ? tasteText.needsModel : !info?.embedsImages ? tasteText.needsEmbeddings(info?.model ?? "") : !info.fingerprint ? tasteText.needsStored(info.model) : all === 0 ? tasteText.needsChoices : choices === 0 ? tasteText.needsHidden : undefined;
    const words = choices ? (before ? tasteText.learnAgain(number(choices)) : tasteText.learn(number(choices))) : before ? tasteText.learnAgainPlain : tasteText.learnPlain;
    return html`<div class="row">
        <button type="button" ?disabled=${why !== undefined || !choices} @click=${this.#learnAgain}>${words}</button>
        <span class="button"
          >${icon("folder")}${tasteText.bringIn}<input type="file" accept=".json,application/json" aria-label=${tasteText.bringIn} ?disabled=${!canLearn(scorer)} @change=${this.#bringIn}
        /></span>
      </div>
      ${visible > 0
        ? html`<label class="check small"><input type="checkbox" .checked=${settings.value.learnsVisible} @change=${(event: Event) => settings.patch({ learnsVisible: (event.target as HTMLInputElement).checked })} />${tasteText.learnsVisible(number(visible))}</label>`
        : nothing}
      ${why === undefined ? nothing : html`<p class="small soft">${why}</p>`}`;
  }

  #taste(taste: KeptTaste): TemplateResult {
    const { base, info, model, paused, report } = taste;
    const offered = isOffered(taste);
    const { needed } = report ?? {};
    const claimed = offered ? tasteText.claimedOffered : tasteText.claimedNotOffered;
    const measured = offered
      ? tasteText.offered
      : needed?.state === "about"
        ? tasteText.about(number(needed.more))
        : needed?.state === "at-least"
          ? tasteText.atLeast(number(needed.more))
          : tasteText.notOffered;
    const verdict = report ? measured : claimed;
    return html`<li>
      <div class="stack">
        ${this.renamed === base ? this.#renaming(taste) : html`<h3 class="voice">${info.name}</h3>`}
        <p class="small">${tasteText.onTopOf(model)}</p>
        <p class="small">${accuracySentences(taste)}</p>
        <p class="small ${offered ? "offered" : "soft"}">${verdict}</p>
        ${this.#leftOut(taste)}
        <div class="row">
          ${offered
            ? html`<label class="check small"><input type="checkbox" .checked=${!paused} @change=${(event: Event) => void pause(taste, !(event.target as HTMLInputElement).checked)} />${tasteText.use}</label>`
            : nothing}
          <button type="button" class="quiet" aria-label="${tasteText.rename}: ${info.name}" @click=${() => (this.renamed = base)}>${tasteText.rename}</button>
          <button type="button" class="quiet" aria-label="${tasteText.export}: ${info.name}" @click=${() => download(new Blob([taste.text], { type: "application/json" }), "taste.json")}>${icon("download")}${tasteText.export}</button>
          <button type="button" class="quiet" aria-label="${tasteText.delete}: ${info.name}" @click=${() => void this.#delete(taste)}>${icon("remove")}${tasteText.delete}</button>
        </div>
      </div>
      <taste-words .taste=${taste}></taste-words>
    </li>`;
  }

  #renaming({ base, info }: KeptTaste): TemplateResult {
    const save = (event: Event) => {
      event.preventDefault();
      const name = this.renderRoot.querySelector<HTMLInputElement>("input[name=name]")?.value.trim();
      this.renamed = undefined;
      const taste = mine.value.tastes?.find((other) => other.base === base);
      if (name && taste && name !== taste.info.name) void rename(taste, name);
    };
    return html`<form class="row" @submit=${save}>
      <label class="small">${tasteText.name} <input name="name" maxlength=${LONGEST} required .value=${info.name} /></label>
      <button type="submit">${tasteText.save}</button>
      <button type="button" class="quiet" @click=${() => (this.renamed = undefined)}>${tasteText.cancel}</button>
    </form>`;
  }

  /** Which choices were not learned from. */
  #leftOut({ report }: KeptTaste): TemplateResult | typeof nothing {
    if (!report) return nothing;
    // Tastes that were kept before do not say how many were stored twice.
    const { skipped, controls, scores_visible: visible, duplicates = 0, gone } = report.left_out;
    const parts = [
      skipped > 0 && tasteText.skipped(number(skipped)),
      visible > 0 && tasteText.visible(number(visible)),
      controls > 0 && tasteText.controls(number(controls)),
      duplicates > 0 && tasteText.duplicates(number(duplicates)),
      gone > 0 && tasteText.gone(number(gone)),
    ];
    const words = parts.filter((part) => part !== false);
    return words.length === 0 ? nothing : html`<p class="tiny soft">${tasteText.leftOut(words.join(tasteText.comma))}</p>`;
  }

  async #learnAgain(): Promise<void> {
    const learned = await learnAgain();
    if (learned?.undo) offer(tasteText.learnedAgain(learned.taste.info.name), learned.undo);
  }

  async #bringIn(event: Event): Promise<void> {
    const input = event.target as HTMLInputElement;
    const [file] = input.files ?? [];
    const brought = file && (await bringIn(file));
    input.value = "";
    if (brought) offer(tasteText.broughtIn(brought.taste.info.name), brought.undo);
  }

  async #delete(taste: KeptTaste): Promise<void> {
    const undo = await remove(taste);
    if (undo) offer(tasteText.deleted(taste.info.name), undo);
  }

  static override styles = [
    ...PickElement.shared,
    css`
      :host {
        display: grid;
        gap: var(--s3);
        scroll-margin-block: var(--s4);
      }
      .lead {
        max-width: var(--measure);
      }
      h3 {
        font-size: var(--large);
        font-weight: 400;
        overflow-wrap: anywhere;
      }
      ul {
        border-block-end: 1px solid var(--line);
      }
      li {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        gap: var(--s4) var(--s6);
        padding-block: var(--s4);
        border-block-start: 1px solid var(--line);
      }
      li > div {
        max-width: var(--measure);
        align-content: start;
      }
      .offered {
        color: var(--mark);
      }
      progress {
        vertical-align: middle;
        accent-color: var(--mark);
      }
      @media (max-width: 62rem) {
        li {
          grid-template-columns: minmax(0, 1fr);
        }
      }
    `,
  ];
}

/** Says what was done, and offers to take it back as long as nothing newer replaced it. */
function offer(text: string, undo: Undo): void {
  const run = async () => {
    const undone = await undo();
    if (undone === "newer") toast({ text: tasteText.undoNewer });
    if (undone === "gone") toast({ text: tasteText.undoGone });
  };
  toast({ text, action: { label: tasteText.undo, run: () => void run() } });
}

customElements.define("my-tastes", MyTastes);
