/** Setting up a round: images, prompts, models, and how to judge. */

import { css, html, nothing, type TemplateResult } from "lit";
import "../collection/kept-picture";
import "./generator-view";
import "./grouping-view";
import "./plan-view";
import type { Mode, PreferenceRecord } from "../collection/library";
import { listRecords } from "../collection/collection";
import type { Plan } from "../collection/rows";
import { PickElement } from "../design/element";
import { FileDrop } from "../design/file-drop";
import { icon } from "../design/icons";
import { ofDrop, ofList } from "../score/intake";
import { route } from "../shell/router";
import { toast } from "../shell/toasts";
import { config } from "../state/config";
import { number } from "../text/format";
import { judgeText } from "../text/judge";
import { explainStorage } from "../text/storage";
import { begin, beginRetest, RETEST_PAIRS, retestable } from "./current";
import type { Draft, Incoming, Intake } from "./draft";
import { arrange, type Arranged, choicesOf, MOST_IMAGES } from "./sets";
import { filesOnTable, onTable, samples } from "./sources";

/** Maximum thumbnails shown. */
const SHOWN = 24;
/** Choices in a round of the sample set. */
const SAMPLE_PAIRS = 12;

export class JudgeSetup extends PickElement {
  static override properties = { draft: { attribute: false }, table: { type: Number }, taking: { state: true }, told: { state: true }, generating: { state: true }, earlier: { state: true }, starting: { state: true } };
  declare draft: Draft;
  /** The number of images on Score. */
  declare table: number;
  /** Progress of adding images. */
  declare private taking: { done: number; total: number; abort: AbortController } | undefined;
  /** What happened to the last added files, if it is worth mentioning. */
  declare private told: Intake | undefined;
  declare private generating: boolean;
  /** Choices of earlier rounds: what can be asked again, how long choices take. */
  declare private earlier: readonly PreferenceRecord[];
  declare private starting: boolean;
  readonly #drop = new FileDrop(
    this,
    () => route.value.screen === "judge",
    (transfer) => void ofDrop(transfer).then((found) => this.#take(found)),
  );

  constructor() {
    super();
    this.table = 0;
    this.taking = undefined;
    this.told = undefined;
    this.generating = false;
    this.earlier = [];
    this.starting = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void listRecords().then((all) => (this.earlier = all));
  }

  override render(): TemplateResult {
    const empty = this.draft.items.length === 0;
    return html`
      <div class="screen">
        <header>
          <h1 class="title" tabindex="-1">${judgeText.setupTitle}</h1>
          <p class="soft">${judgeText.setupWords}</p>
        </header>
        ${this.#sources(empty)} ${this.#taking()} ${this.#told()} ${empty ? nothing : this.#form()}
      </div>
      ${this.#drop.veil(judgeText.dropHere)}
    `;
  }

  #sources(empty: boolean): TemplateResult {
    const table = this.table > 1 ? onTable().length : 0;
    const first = empty && config().samples !== null;
    const again = retestable(this.earlier).length;
    return html`
      <div class="sources">
        ${first ? html`<button type="button" class="primary" ?disabled=${this.starting} @click=${this.#trySamples}>${judgeText.trySamples}</button>` : nothing}
        ${table > 1
          ? html`<button type="button" @click=${this.#takeTable}>${icon("image")}${judgeText.takeTable(number(table))}</button>`
          : nothing}
        <label class="button" tabindex="-1">
          ${icon("add")}${judgeText.choose}
          <input type="file" multiple accept="image/*" @change=${this.#pick} />
        </label>
        <label class="button" tabindex="-1">
          ${icon("folder")}${judgeText.chooseFolder}
          <input type="file" multiple webkitdirectory @change=${this.#pick} />
        </label>
        <button type="button" aria-expanded=${this.generating} @click=${() => (this.generating = !this.generating)}>${judgeText.fromGenerator}</button>
        ${empty && again > 0
          ? html`<button type="button" ?disabled=${this.starting} @click=${() => this.#begin(beginRetest)}>${judgeText.askAgain(number(Math.min(RETEST_PAIRS, again)))}</button>`
          : nothing}
      </div>
      ${empty ? html`<p class="soft small">${judgeText.dropWords}${again > 0 ? ` ${judgeText.retestWords}` : ""}</p>` : nothing}
      ${this.generating ? this.#generator(empty) : nothing}
    `;
  }

  #generator(empty: boolean): TemplateResult {
    const [prompt = ""] = this.draft.words.prompts.split("\n");
    return html`<section class="panel" aria-label=${judgeText.fromGenerator}>
      ${empty ? this.#prompts() : nothing}
      <generator-view .prompt=${prompt.trim()} @made=${(event: CustomEvent<Incoming[]>) => this.#take(event.detail)}></generator-view>
    </section>`;
  }

  #taking(): TemplateResult | typeof nothing {
    const { taking } = this;
    if (!taking) return nothing;
    return html`<div class="row" role="status">
      <span class="small">${judgeText.taking(number(taking.done), number(taking.total))}</span>
      <progress max=${taking.total} .value=${taking.done} aria-label=${judgeText.progress}></progress>
      <button type="button" @click=${() => taking.abort.abort()}>${judgeText.stop}</button>
    </div>`;
  }

  #told(): TemplateResult | typeof nothing {
    if (!this.told) return nothing;
    const { duplicates, rejected } = this.told;
    if (duplicates === 0 && rejected.length === 0) return nothing;
    return html`<div class="notice small" role="status">
      ${duplicates > 0 ? html`<p>${judgeText.duplicates(duplicates)}</p>` : nothing}
      ${rejected.length > 0
        ? html`<p>${judgeText.rejected(rejected.length)}</p>
            <ul>
              ${rejected.slice(0, 8).map(({ path, reason }) => html`<li><bdi>${path}</bdi>: ${judgeText[`reject_${reason}`]}</li>`)}
              ${rejected.length > 8 ? html`<li>${judgeText.andMore(number(rejected.length - 8))}</li>` : nothing}
            </ul>`
        : nothing}
    </div>`;
  }

  #prompts(): TemplateResult {
    return html`<div class="field prompts">
      <label for="prompts">${judgeText.prompts}</label>
      <textarea id="prompts" rows="2" dir="auto" class="voice" aria-describedby="prompts-about" .value=${this.draft.words.prompts} @input=${this.#setPrompts}></textarea>
      <span id="prompts-about" class="small soft">${judgeText.promptsWords}</span>
    </div>`;
  }

  #form(): TemplateResult {
    const { draft } = this;
    const { rule } = draft.words;
    const arranged = arrange(draft.items, draft.words);
    const written = draft.items.filter(({ written }) => written?.prompt).length;
    return html`
      <section class="pictures" aria-label=${judgeText.pictures}>
        <ul>
          ${draft.items.slice(0, SHOWN).map(
            ({ uid, path }) => html`<li>
              <kept-picture .uid=${uid}></kept-picture>
              <button type="button" class="quiet" aria-label=${judgeText.removeOne(path)} title=${path} @click=${() => this.#remove([uid])}>${icon("close", 12)}</button>
            </li>`,
          )}
        </ul>
        <p class="row small soft">
          ${judgeText.picturesOf(draft.items.length)}${draft.items.length > SHOWN ? html` <span>${judgeText.firstShown(number(SHOWN))}</span>` : nothing}
          <button type="button" class="link" @click=${() => this.#remove(draft.items.map(({ uid }) => uid))}>${judgeText.removeAll}</button>
        </p>
      </section>
      <section class="words">
        ${this.#prompts()}
        ${written > 0
          ? html`<label class="check">
              <input type="checkbox" .checked=${rule.writtenPrompts} @change=${(event: Event) => this.#setRule({ writtenPrompts: (event.target as HTMLInputElement).checked })} />
              ${judgeText.writtenPrompts(number(written))}
            </label>`
          : nothing}
        ${this.#sets(arranged)}
      </section>
      <section class="stack">
        <h2>${judgeText.models}</h2>
        <grouping-view
          .arranged=${arranged}
          .rule=${rule}
          ?written=${draft.items.some(({ written }) => written?.model)}
          @rule=${(event: CustomEvent<Partial<typeof rule>>) => this.#setRule(event.detail)}
        ></grouping-view>
      </section>
      <plan-view .plan=${draft.row.plan} .sets=${arranged.sets} .earlier=${this.earlier} @plan=${(event: CustomEvent<Partial<Plan>>) => this.#setPlan(event.detail)}></plan-view>
      ${this.#beginButton(arranged)}
    `;
  }

  #sets({ sets, promptless, alone }: Arranged): TemplateResult {
    return html`
      ${sets.length > 1
        ? html`<ul class="sets small">
            ${sets.slice(0, 8).map(({ prompt, images }) => html`<li><span class="voice" dir="auto">${prompt}</span> <span class="soft figures">${number(images.length)}</span></li>`)}
            ${sets.length > 8 ? html`<li class="soft">${judgeText.morePrompts(number(sets.length - 8))}</li>` : nothing}
          </ul>`
        : nothing}
      ${promptless.length > 0 ? html`<p class="notice small">${judgeText.promptless(promptless.length)}</p>` : nothing}
      ${alone.length > 0 ? html`<p class="notice small">${judgeText.alone(alone.length)}</p>` : nothing}
    `;
  }

  #choices(mode: Mode, sets: Arranged["sets"]): number {
    return sets.reduce((sum, { images }) => sum + choicesOf(mode, images.length, this.draft.row.plan.limit), 0);
  }

  #beginButton({ sets, fault }: Arranged): TemplateResult {
    const { mode } = this.draft.row.plan;
    const choices = this.#choices(mode, sets);
    const beginWords = mode === "best-of-four" ? judgeText.beginChoices(choices) : judgeText.beginPairs(choices);
    const large = sets.find(({ images }) => images.length > MOST_IMAGES[mode]);
    const ready = sets.length > 0 && !fault && !large && !this.taking && !this.starting;
    return html`
      ${large ? html`<p class="problem small" role="alert">${judgeText.tooMany(number(large.images.length), number(MOST_IMAGES[mode]))}</p>` : nothing}
      <div class="row go">
        <button type="button" class="primary" ?disabled=${!ready} @click=${() => this.#begin(begin)}>${sets.length > 0 ? beginWords : judgeText.begin}</button>
        ${sets.length === 0 ? html`<span class="soft small">${judgeText.needs}</span>` : nothing}
      </div>
    `;
  }

  #setPrompts(event: Event): void {
    this.draft.setPrompts((event.target as HTMLTextAreaElement).value);
    this.requestUpdate();
  }

  #setRule(rule: Partial<Draft["words"]["rule"]>): void {
    this.draft.setRule(rule);
    this.requestUpdate();
  }

  #setPlan(plan: Partial<Plan>): void {
    this.draft.setPlan(plan);
    this.requestUpdate();
  }

  async #remove(uids: string[]): Promise<void> {
    await this.draft.remove(new Set(uids)).catch((error: unknown) => toast({ text: explainStorage(error), stays: true }));
    this.told = undefined;
    this.requestUpdate();
  }

  #pick(event: Event): void {
    const input = event.target as HTMLInputElement;
    const found = ofList(input.files ?? []);
    input.value = "";
    void this.#take(found);
  }

  async #takeTable(): Promise<void> {
    const { pictures, prompts, unread } = await filesOnTable();
    if (unread > 0) toast({ text: judgeText.tableUnread(unread), stays: true });
    if (!this.draft.words.prompts.trim()) this.draft.setPrompts(prompts.join("\n"));
    await this.#take(pictures);
  }

  async #trySamples(): Promise<void> {
    await this.#begin(async () => {
      const found = await samples().catch(() => undefined);
      if (!found) return void toast({ text: judgeText.samplesFailed });
      this.draft.setPrompts(found.prompt);
      this.draft.setPlan({ limit: SAMPLE_PAIRS });
      await this.#take(found.pictures);
      if (this.draft.items.length > 1) await begin();
    });
  }

  /** One batch at a time: a second drop waits for the first. */
  #turn: Promise<void> = Promise.resolve();

  #take(incoming: readonly Incoming[]): Promise<void> {
    this.#turn = this.#turn.then(() => this.#takeNow(incoming));
    return this.#turn;
  }

  async #takeNow(incoming: readonly Incoming[]): Promise<void> {
    if (incoming.length === 0) return;
    const abort = new AbortController();
    this.taking = { done: 0, total: incoming.length, abort };
    try {
      this.told = await this.draft.add(incoming, {
        signal: abort.signal,
        onProgress: (done) => {
          this.taking = { done, total: incoming.length, abort };
        },
      });
    } catch (error) {
      toast({ text: explainStorage(error), stays: true });
    } finally {
      this.taking = undefined;
    }
  }

  async #begin(start: () => Promise<void>): Promise<void> {
    if (this.starting) return;
    this.starting = true;
    try {
      await start();
    } catch (error) {
      toast({ text: explainStorage(error), stays: true });
    } finally {
      this.starting = false;
    }
  }

  static override styles = [
    ...PickElement.shared,
    css`
      .screen {
        max-width: var(--page);
        min-height: 60vh;
        align-content: start;
      }
      header {
        display: grid;
        gap: var(--s2);
        max-width: 60ch;
      }
      .sources {
        display: flex;
        flex-wrap: wrap;
        gap: var(--s2) var(--s3);
        align-items: center;
      }
      .sources > * {
        min-height: 2.75rem;
      }
      .panel {
        display: grid;
        gap: var(--s4);
        padding: var(--s4);
        background: var(--table);
        border-radius: var(--corner);
      }
      .pictures,
      .words {
        display: grid;
        gap: var(--s3);
      }
      .pictures ul {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(4.5rem, 1fr));
        gap: var(--s2);
      }
      .pictures li {
        position: relative;
      }
      .pictures kept-picture {
        aspect-ratio: 1;
      }
      .pictures li button {
        position: absolute;
        inset-block-start: 2px;
        inset-inline-end: 2px;
        min-height: 1.5rem;
        width: 1.5rem;
        padding: 0;
        background: var(--veil);
      }
      textarea {
        resize: vertical;
        font-size: var(--large);
        line-height: 1.4;
      }
      .sets {
        display: grid;
        gap: var(--s1);
      }
      .sets li {
        display: flex;
        justify-content: space-between;
        gap: var(--s4);
        border-block-end: 1px solid var(--line);
        padding-block: var(--s1);
        overflow-wrap: anywhere;
      }
      progress {
        max-width: 16rem;
      }
    `,
  ];
}

customElements.define("judge-setup", JudgeSetup);
