/** The screen Score: prompts, images, and which image fits best. */

import "../models/status";
import "./agreement";
import "./copies";
import "./matrix";
import "./progress";
import "./prompt-box";
import "./selection";
import "./sheet";
import "./toolbar";
import { css, html, nothing, type TemplateResult } from "lit";
import { PickElement } from "../design/element";
import { FileDrop } from "../design/file-drop";
import { icon } from "../design/icons";
import { type Column, columns, removeFromPanel } from "../engine/panel";
import { isDemonstration, session } from "../engine/session";
import { href, route } from "../shell/router";
import { toast } from "../shell/toasts";
import { config } from "../state/config";
import { settings } from "../state/settings";
import { Watch } from "../state/store";
import { bytes, number } from "../text/format";
import { scoreText } from "../text/score";
import { addFiles, addPictures, board, remove, restore, setPrompts } from "./board";
import { byPrompt, byScorer, meanRanks } from "./columns";
import { type Found, MOST, ofDrop, ofList } from "./intake";
import { arrange, ranks } from "./order";
import type { Picture } from "./picture";
import type { PromptBox } from "./prompt-box";
import { loadSamples } from "./samples";
import { select } from "./selected";
import type { PictureMatrix } from "./matrix";
import type { PictureSheet } from "./sheet";
import { shownColumn, shownPrompt, shownPrompts } from "./shown";
import type { ScoreToolbar } from "./toolbar";

/**
 * Below this share of flat colour, an image is unlike emoji. See `flatness.ts`; `www/README.md`
 * says how it was chosen.
 */
const FLAT = 0.4;
const KEPT = "pickscore.prompts";

export class ScoreScreen extends PickElement {
  static override properties = {
    text: { state: true },
    ideas: { state: true },
    looked: { state: true },
    choosing: { state: true },
    saving: { state: true },
    pending: { state: true },
  };

  /** The contents of the prompt box. */
  declare text: string;
  declare ideas: readonly string[];
  /** The images that the close-up begins with. */
  declare looked: readonly Picture[];
  /** Whether the tools for selecting are open. */
  declare choosing: boolean;
  /** The images that are to be saved. */
  declare saving: readonly Picture[];
  /** Whether the samples are being loaded. */
  declare pending: boolean;
  #isDemonstration = false;
  readonly #drop = new FileDrop(
    this,
    () => this.#isShown(),
    (transfer) => void ofDrop(transfer).then((found) => this.#add(found)),
  );

  constructor() {
    super();
    new Watch(this, board, session, settings);
    this.text = keptPrompts();
    this.ideas = [];
    this.looked = [];
    this.choosing = false;
    this.saving = [];
    this.pending = config().samples !== null;
    setPrompts(this.text);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("paste", this.#pasted);
    void this.#samples(true);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener("paste", this.#pasted);
  }

  override render(): TemplateResult {
    const { pictures, active, sort, show, find, tile, version } = board.value;
    const prompts = shownPrompts();
    const prompt = prompts[active];
    const scorers = columns();
    const beside = scorers.length > 1 && prompt !== undefined;
    const means = beside ? meanRanks(scorers, prompt, pictures) : undefined;
    // Computed once for all images.
    const demonstration = isDemonstration();
    this.#isDemonstration = demonstration;
    const shown = arrange(pictures, { sort, show, find, prompt, ...(means && { means }) }, this.#unlike);
    const ranked = prompts.map((prompt) => ranks(pictures, prompt));
    const several = prompts.length > 1;
    return html`
      <div class="screen">
        <h1 class="hidden-text">${scoreText.heading}</h1>
        <prompt-box .value=${this.text} .ideas=${demonstration ? this.ideas : []} @prompts=${(event: CustomEvent<string>) => this.#prompts(event.detail)}></prompt-box>
        <score-toolbar
          .pictures=${shown}
          ?unlike=${demonstration}
          ?several=${beside}
          ?pending=${this.pending}
          ?choosing=${this.choosing}
          @choose=${this.#choose}
          @files=${(event: CustomEvent<Found[]>) => this.#add(event.detail)}
          @samples=${() => void this.#samples()}
        ></score-toolbar>
        <div class="status">
          <model-status></model-status>
          <score-progress></score-progress>
        </div>
        ${this.choosing ? html`<choose-images @done=${this.#chosen}></choose-images>` : nothing}
        ${pictures.length === 0 ? (this.pending ? html`<div class="coming"></div>` : this.#empty()) : shown.length === 0 ? this.#noneShown() : nothing}
        ${beside ? this.#beside(scorers, prompts, prompt) : nothing}
        ${several || beside
          ? html`<picture-matrix
              ?hidden=${shown.length === 0}
              .pictures=${shown}
              .columns=${beside ? byScorer(scorers, prompt, pictures) : byPrompt(prompts, ranked)}
              .unlike=${this.#unlike}
              .active=${!beside ? active : sort === "mean" ? scorers.length : scorers.findIndex(({ key }) => key === shownColumn()?.key)}
              .version=${version}
              @look=${this.#look}
              @toggle=${this.#toggle}
              @rank-by=${(event: CustomEvent<number>) => this.#rankBy(event.detail, beside ? scorers : undefined)}
            ></picture-matrix>`
          : html`<picture-sheet
              ?hidden=${shown.length === 0}
              .pictures=${shown}
              .ranks=${ranked[0] ?? new Map()}
              .prompt=${prompt}
              .unlike=${this.#unlike}
              .tile=${tile}
              .leads=${sort === "score" && prompt !== undefined && shown[0]?.results.has(prompt) === true}
              .version=${version}
              @look=${this.#look}
              @toggle=${this.#toggle}
            ></picture-sheet>`}
        ${beside ? html`<scorer-agreement .scorers=${scorers} .pictures=${pictures} .prompt=${prompt} .version=${version}></scorer-agreement>` : nothing}
        <score-selection ?hidden=${this.choosing} @compare=${this.#compare} @save=${this.#save}></score-selection>
        ${demonstration ? this.#demonstration(pictures) : nothing}
        <section class="meaning small">
          <h2>${scoreText.meaning}</h2>
          <p class="soft">
            ${session.value.info?.hasProbabilities === false || beside ? scoreText.meaningOther : nothing}
            ${session.value.info?.hasProbabilities === false ? nothing : html`${scoreText.meaningBody} ${scoreText.meaningShare}`}
          </p>
        </section>
      </div>
      <close-up .looked=${this.looked} .all=${shown} .ranks=${ranked[active] ?? new Map()} @done=${this.#looked}></close-up>
      <save-images .pictures=${this.saving} @done=${() => (this.saving = [])}></save-images>
      ${this.#drop.veil(scoreText.dropHere)}
    `;
  }

  /** Which scorers are used, and for which of several prompts. */
  #beside(scorers: readonly Column[], prompts: readonly string[], prompt: string): TemplateResult {
    return html`<div class="beside small">
      ${prompts.length > 1
        ? html`<label class="row"
            >${scoreText.prompt}
            <select @change=${(event: Event) => board.patch({ active: (event.target as HTMLSelectElement).selectedIndex })}>
              ${prompts.map((other) => html`<option ?selected=${other === prompt}>${other.slice(0, 80)}</option>`)}
            </select></label
          >`
        : nothing}
      <ul aria-label=${scoreText.scorers}>
        ${scorers.map(
          ({ title, choice }) => html`<li>
            ${title}${choice && typeof choice.model === "string"
              ? html`<button type="button" class="quiet" aria-label=${scoreText.removeScorer(title)} title=${scoreText.removeScorer(title)} @click=${() => removeFromPanel({ ...choice, model: choice.model as string })}>${icon("close", 14)}</button>`
              : nothing}
          </li>`,
        )}
        <li><a href=${href("models")}>${scoreText.addScorer}</a></li>
      </ul>
    </div>`;
  }

  #rankBy(index: number, scorers: readonly Column[] | undefined): void {
    if (!scorers) board.patch({ active: index, sort: "score" });
    else if (index === scorers.length) board.patch({ sort: "mean" });
    else board.patch({ column: scorers[index]?.key ?? "", sort: "score" });
  }

  #empty(): TemplateResult {
    return html`<div class="empty">
      <p class="title">${scoreText.emptyTitle}</p>
      <p class="soft">${scoreText.emptyBody}</p>
    </div>`;
  }

  #noneShown(): TemplateResult {
    return html`<div class="empty">
      <p class="soft">${scoreText.noneShown}</p>
      <p><button type="button" @click=${() => board.patch({ show: "all", find: "" })}>${scoreText.showAll}</button></p>
    </div>`;
  }

  #demonstration(pictures: readonly Picture[]): TemplateResult {
    const [real] = config().models;
    const strange = pictures.filter(this.#unlike).length;
    const size = real?.bytes === undefined ? "" : scoreText.download(bytes(real.bytes));
    return html`<aside class="demonstration small">
      <div>
        <p>${scoreText.demo} ${strange > 0 ? html`<b>${scoreText.demoUnlike(strange)}</b>` : nothing}</p>
        ${strange > 0 ? html`<details><summary>${scoreText.demoWhy}</summary><p class="soft">${scoreText.demoMeasure} (${number(FLAT * 100)} %)</p></details>` : nothing}
      </div>
      ${real
        ? html`<p class="offer">
            <a class="button primary" href=${href("models")}>${scoreText.getReal(real.name)}</a>
            <span class="soft">${size}</span>
          </p>`
        : nothing}
    </aside>`;
  }

  /** The model knows the samples, including the blurred one. */
  readonly #unlike = ({ isSample, flatness }: Picture): boolean => this.#isDemonstration && !isSample && flatness !== undefined && flatness < FLAT;

  #prompts(text: string): void {
    this.text = text;
    try {
      sessionStorage.setItem(KEPT, text);
    } catch {
      // Only needed for the next reload.
    }
    setPrompts(text);
  }

  readonly #samples = async (unasked = false): Promise<void> => {
    try {
      const samples = await loadSamples();
      if (!samples) return;
      const present = new Set(board.value.pictures.filter(({ isSample }) => isSample).map(({ path }) => path));
      this.ideas = [samples.prompt, ...samples.ideas];
      // The visitor has added images meanwhile.
      if (unasked && board.value.pictures.length > 0) return;
      // Unfinished typing counts too.
      const written = this.renderRoot.querySelector<PromptBox>("prompt-box")?.value ?? this.text;
      if (!written.trim()) this.#prompts(samples.prompt);
      addPictures(samples.pictures.filter(({ path }) => !present.has(path)));
    } catch {
      toast({ text: scoreText.samplesFailed, action: { label: scoreText.failedAgain, run: () => void this.#samples() } });
    } finally {
      this.pending = false;
    }
  };

  #add(found: readonly Found[]): void {
    if (found.length === 0) return;
    const samples = new Set(board.value.pictures.filter(({ isSample }) => isSample));
    const only = samples.size === board.value.pictures.length;
    const { added, left } = addFiles(found.slice(0, MOST));
    if (added === 0) {
      toast({ text: scoreText.noPictures });
      return;
    }
    const words = [scoreText.added(added)];
    if (left > 0) words.push(scoreText.someLeft(left));
    if (found.length > MOST) words.push(scoreText.tooMany(number(MOST)));
    if (only && samples.size > 0) {
      // The visitor's own images replace the samples.
      const before = remove(samples);
      toast({ text: words.join(" "), action: { label: scoreText.samples, run: () => restore(before) } });
    } else {
      toast({ text: words.join(" ") });
    }
  }

  #look(event: CustomEvent<Picture>): void {
    void this.#open([event.detail]);
  }

  #compare(event: CustomEvent<Picture[]>): void {
    const ranked = ranks(event.detail, shownPrompt() ?? "");
    void this.#open([...event.detail].sort((a, b) => (ranked.get(a) ?? 0) - (ranked.get(b) ?? 0)));
  }

  async #open(pictures: readonly Picture[]): Promise<void> {
    if (await loaded(import("./closeup/closeup"))) this.looked = pictures;
  }

  /** Goes back to the image looked at last. */
  #looked({ detail: last }: CustomEvent<Picture | undefined>): void {
    this.looked = [];
    if (last) void this.renderRoot.querySelector<PictureSheet | PictureMatrix>("picture-sheet, picture-matrix")?.reveal(last);
  }

  async #choose(): Promise<void> {
    this.choosing = !this.choosing && (await loaded(import("./keep/choose-view")));
  }

  #chosen(): void {
    this.choosing = false;
    this.renderRoot.querySelector<ScoreToolbar>("score-toolbar")?.focusChoose();
  }

  async #save(event: CustomEvent<Picture[]>): Promise<void> {
    if (await loaded(import("./keep/save-view"))) this.saving = event.detail;
  }

  #toggle({ detail }: CustomEvent<Picture>): void {
    select([detail], !detail.selected);
  }

  /** Whether a drop or paste is meant for this screen. */
  #isShown(): boolean {
    return route.value.screen === "score" && this.looked.length === 0 && this.saving.length === 0;
  }

  readonly #pasted = (event: ClipboardEvent): void => {
    const files = event.clipboardData?.files;
    if (!this.#isShown() || !files || files.length === 0) return;
    event.preventDefault();
    this.#add(ofList(files));
  };

  static override styles = [
    ...PickElement.shared,
    css`
      /* Not a grid: in one, what is sticky stays in its row. */
      .screen {
        display: flex;
        flex-direction: column;
        gap: var(--s4);
      }
      .screen > * {
        min-width: 0;
      }
      prompt-box {
        margin-block-end: var(--s2);
      }
      .status {
        min-height: 2.75rem;
        display: grid;
        grid-template-columns: minmax(0, 1fr);
      }
      /* Reserves the grid's space until there are images. */
      .coming {
        min-height: 100vh;
      }
      .empty {
        display: grid;
        gap: var(--s2);
        place-items: center;
        place-content: center;
        text-align: center;
        min-height: 40vh;
        padding: var(--s5);
        background: var(--table);
      }
      .beside {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--s2) var(--s5);
      }
      .beside ul {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--s1) var(--s2);
      }
      .beside li {
        display: flex;
        align-items: center;
        gap: var(--s1);
        min-height: 2rem;
        padding-inline: var(--s3);
        border: 1px solid var(--line);
        border-radius: 1rem;
      }
      .beside li:last-child {
        border-color: transparent;
      }
      .beside li button {
        min-height: 1.5rem;
        padding: 0.1rem;
        margin-inline-end: calc(-1 * var(--s2));
      }
      .beside select {
        max-width: 22rem;
      }
      .demonstration {
        display: flex;
        flex-wrap: wrap;
        justify-content: space-between;
        align-items: center;
        gap: var(--s3) var(--s6);
        padding-block: var(--s4);
        border-block-start: 1px solid var(--line);
        margin-block-start: var(--s5);
      }
      .demonstration > div {
        flex: 1 1 20rem;
        max-width: 46rem;
      }
      .offer {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--s2) var(--s3);
      }
      summary {
        cursor: pointer;
        color: var(--mark);
        min-height: 1.5rem;
      }
      .meaning {
        max-width: 46rem;
        padding-block: var(--s3) var(--s5);
      }
      .meaning h2 {
        font-size: var(--small);
      }
    `,
  ];
}

/**
 * The prompt box's contents before the last reload. In a frame of another site, a browser may
 * refuse access.
 */
function keptPrompts(): string {
  try {
    return sessionStorage.getItem(KEPT) ?? "";
  } catch {
    return "";
  }
}

/** Waits for a part of the screen. If it cannot be loaded, a message says so. */
async function loaded(part: Promise<unknown>): Promise<boolean> {
  try {
    await part;
    return true;
  } catch {
    toast({ text: scoreText.partFailed, stays: true });
    return false;
  }
}

customElements.define("score-screen", ScoreScreen);
