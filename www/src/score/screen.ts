/** The screen Score: prompts, images, and which image fits best. */

import "../models/status";
import "./agreement";
import "./copies";
import "./matrix";
import "./progress";
import "./prompt-box";
import "./prompting";
import "./selection";
import "./sheet";
import "./table/keeping-view";
import "./toolbar";
import "./unlike-notice";
import "./welcome";
import { html, nothing, type TemplateResult } from "lit";
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
import { between, bytes, number as count } from "../text/format";
import { language } from "../text/language";
import { scoreText } from "../text/score";
import { addFiles, addPictures, board, remove, restore, setPrompts } from "./board";
import { averaged, byPrompt, byScorer, meanRanks } from "./columns";
import { takeDrop, takeHandles, type Taking } from "./handles";
import { renewHandle } from "./file";
import { type Found, MOST, ofList } from "./intake";
import { memo } from "./memo";
import { arrange, isField, ranks } from "./order";
import { byOwnPrompt, type Group, groupsOf } from "./own";
import type { Picture } from "./picture";
import type { PromptBox } from "./prompt-box";
import { readAgain, tellAgain } from "./reading";
import { loadSamples } from "./samples";
import { screenStyle } from "./screen-style";
import { select } from "./selected";
import type { PictureMatrix } from "./matrix";
import type { PictureSheet } from "./sheet";
import { shownColumn, shownLargest, shownPrompt, shownPrompts, shownRanks } from "./shown";
import { askForAll, numberOf } from "./table/permission";
import { restoreTable } from "./table/restore";
import type { ScoreToolbar } from "./toolbar";

/**
 * Below this share of flat colour, an image is unlike emoji. See `flatness.ts`; `www/README.md`
 * says how it was chosen.
 */
const FLAT = 0.4;
/** A share of the window in which images are hard to compare. */
const LITTLE = 0.4;

export class ScoreScreen extends PickElement {
  static override properties = {
    ideas: { state: true },
    looked: { state: true },
    choosing: { state: true },
    saving: { state: true },
    pending: { state: true },
  };

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
    (transfer) => void this.#add((taking) => takeDrop(transfer, taking)),
  );
  readonly #means = memo(meanRanks);
  readonly #arranged = memo(arrange);
  readonly #grouped = memo((shown: readonly Picture[], pictures: readonly Picture[], own: boolean): { groups: readonly Group[]; shown: readonly Picture[]; sizes: ReadonlyMap<string, number> } => {
    if (!own) return { groups: [{ kind: "all", pictures: shown }], shown, sizes: new Map() };
    const groups = groupsOf(shown, pictures);
    const sizes = new Map([...byOwnPrompt(pictures)].map(([prompt, { length }]) => [prompt, length]));
    return { groups, shown: groups.flatMap((group) => group.pictures), sizes };
  });
  readonly #columns = memo((make: () => ReturnType<typeof byPrompt>) => make());

  constructor() {
    super();
    new Watch(this, board, session, settings);
    this.ideas = [];
    this.looked = [];
    this.choosing = false;
    this.saving = [];
    this.pending = config().samples !== null;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("paste", this.#pasted);
    void this.#begin();
  }

  /** The table of the last visit, or else the samples. */
  async #begin(): Promise<void> {
    if (await restoreTable()) this.pending = false;
    else await this.#samples(true);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener("paste", this.#pasted);
  }

  override render(): TemplateResult {
    const { text, prompting, pictures, active, sort, show, find, filter, tile, version, scored } = board.value;
    const prompts = shownPrompts();
    const prompt = shownPrompt();
    const scorers = columns();
    const beside = scorers.length > 1 && prompt !== undefined;
    const own = prompting === "own";
    const order = [pictures, scored, prompt, shownColumn()?.key, ...scorers.map(({ key }) => key)];
    const means = beside && averaged(scorers).length > 1 ? this.#means(order, scorers, prompt, pictures) : undefined;
    // Computed once for all images.
    const demonstration = isDemonstration();
    this.#isDemonstration = demonstration;
    const view = [...order, sort, show, find, filter, demonstration, show === "all" ? 0 : version];
    const arranged = this.#arranged(view, pictures, { sort, show, find, filter, prompt, means }, this.#unlike);
    const { groups, shown, sizes } = this.#grouped([arranged, own], arranged, pictures, own);
    const ranked = shownRanks();
    const several = prompts.length > 1;
    return html`
      <div class="screen">
        <h1 class="hidden-text">${scoreText.heading}</h1>
        <first-visit></first-visit>
        <score-prompting></score-prompting>
        <prompt-box ?hidden=${own} .value=${text} .ideas=${demonstration ? this.ideas : []} @prompts=${(event: CustomEvent<string>) => setPrompts(event.detail)}></prompt-box>
        <score-toolbar
          .pictures=${shown}
          ?unlike=${demonstration}
          ?several=${means !== undefined}
          ?pending=${this.pending}
          ?choosing=${this.choosing}
          @choose=${this.#choose}
          @files=${(event: CustomEvent<Found[]>) => this.#addFiles(event.detail)}
          @handles=${(event: CustomEvent<FileSystemHandle[]>) => this.#add((taking) => takeHandles(event.detail, taking))}
          @samples=${() => void this.#samples()}
        ></score-toolbar>
        <div class="status">
          <model-status></model-status>
          <score-progress></score-progress>
        </div>
        <table-keeping></table-keeping>
        <unlike-notice count=${pictures.filter(this.#unlike).length} limit=${FLAT}></unlike-notice>
        ${pictures.length === 0 ? (this.pending ? html`<div class="coming"></div>` : this.#empty()) : shown.length === 0 ? this.#noneShown() : nothing}
        ${beside ? this.#beside(scorers, prompts, prompt) : nothing}
        ${several || beside
          ? html`<picture-matrix
              ?hidden=${shown.length === 0}
              .pictures=${shown}
              .groups=${groups}
              .columns=${this.#columns([...order, prompts, ranked, beside, language.value], () => (beside ? byScorer(scorers, prompt, pictures) : byPrompt(prompts, ranked, shownLargest())))}
              .unlike=${this.#unlike}
              .field=${isField(sort) ? sort : undefined}
              .active=${!beside ? active : sort === "mean" && means ? scorers.length : scorers.findIndex(({ key }) => key === shownColumn()?.key)}
              .version=${version}
              @look=${this.#look}
              @toggle=${this.#toggle}
              @rank-by=${(event: CustomEvent<number>) => this.#rankBy(event.detail, beside ? scorers : undefined)}
            ></picture-matrix>`
          : html`<picture-sheet
              ?hidden=${shown.length === 0}
              .pictures=${shown}
              .groups=${groups}
              .ranks=${ranked[0] ?? NO_RANKS}
              .sizes=${sizes}
              .prompt=${prompt}
              .unlike=${this.#unlike}
              .tile=${tile}
              .field=${isField(sort) ? sort : undefined}
              .leads=${sort === "score" && prompt !== undefined && shown[0]?.results.has(prompt) === true}
              .version=${version}
              @look=${this.#look}
              @toggle=${this.#toggle}
            ></picture-sheet>`}
        ${beside && !own ? html`<scorer-agreement .scorers=${scorers} .pictures=${pictures} .prompt=${prompt} .version=${version}></scorer-agreement>` : nothing}
        ${this.choosing ? html`<choose-images @done=${this.#chosen}></choose-images>` : nothing}
        <score-selection ?hidden=${this.choosing} @compare=${this.#compare} @save=${this.#save}></score-selection>
        ${demonstration ? this.#demonstration() : nothing}
        <section class="meaning small">
          <h2>${scoreText.meaning}</h2>
          <p class="soft">
            ${session.value.info?.hasProbabilities === false || beside ? scoreText.meaningOther : nothing}
            ${session.value.info?.hasProbabilities === false ? nothing : html`${scoreText.meaningBody}${between()}${scoreText.meaningShare}`}
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
      ${scorers.some(({ isTaste }) => isTaste) ? html`<taste-note></taste-note>` : nothing}
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
      <p><button type="button" @click=${() => board.patch({ show: "all", find: "", filter: {} })}>${scoreText.showAll}</button></p>
    </div>`;
  }

  #demonstration(): TemplateResult {
    const [real] = config().models;
    const size = real?.bytes === undefined ? "" : scoreText.download(bytes(real.bytes));
    return html`<aside class="demonstration small">
      <p>${scoreText.demo}</p>
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

  readonly #samples = async (unasked = false): Promise<void> => {
    try {
      const samples = await loadSamples();
      if (!samples) return;
      const present = new Set(board.value.pictures.filter(({ isSample }) => isSample).map(({ path }) => path));
      this.ideas = [samples.prompt, ...samples.ideas];
      // The visitor has added images meanwhile.
      if (unasked && board.value.pictures.length > 0) return;
      // Unfinished typing counts too.
      const written = this.renderRoot.querySelector<PromptBox>("prompt-box")?.value ?? board.value.text;
      if (!written.trim()) setPrompts(samples.prompt);
      const more = samples.pictures.filter(({ path }) => !present.has(path));
      const isMixed = board.value.pictures.length > 0;
      addPictures(more);
      if (isMixed && more.length > 0) toast({ text: scoreText.samplesAdded(more.length), action: { label: scoreText.undo, run: () => remove(new Set(more)) } });
    } catch {
      toast({ text: scoreText.samplesFailed, action: { label: scoreText.failedAgain, run: () => void this.#samples() } });
    } finally {
      this.pending = false;
    }
  };

  #addFiles(found: readonly Found[]): void {
    void this.#add(async ({ take }) => {
      take(found.slice(0, MOST));
      return found.length > MOST;
    });
  }

  /** Adds what `find` finds, as it finds it. It resolves with whether there was too much. */
  async #add(find: (taking: Taking) => Promise<boolean>): Promise<void> {
    let [added, left, available, already] = [0, 0, 0, 0];
    let before: readonly Picture[] | undefined;
    // What was there before comes first.
    let turn: Promise<unknown> = restoreTable();
    const take: Taking["take"] = (given) => {
      turn = turn.then(() => {
        const samples = new Set(board.value.pictures.filter(({ isSample }) => isSample));
        const only = added === 0 && samples.size > 0 && samples.size === board.value.pictures.length;
        const taken = addFiles(given);
        added += taken.added;
        left += taken.left;
        for (const { picture, handle } of taken.known) {
          if (picture.away) available += 1;
          else already += 1;
          if (handle) renewHandle(picture, handle);
        }
        // The visitor's own images replace the samples.
        if (only && taken.added > 0) before = remove(samples);
      });
    };
    // A folder is stored beside those of the last visit, once they are known.
    const number: Taking["number"] = async (folder) => {
      await restoreTable();
      return numberOf(folder);
    };
    const isTooMuch = await find({ take, number });
    await turn;
    tellAgain(available, already);
    if (added + left === 0 || (added === 0 && available + already > 0)) return;
    if (added === 0) return void toast({ text: scoreText.noPictures });
    const words = [scoreText.added(added)];
    if (left > 0) words.push(scoreText.someLeft(left));
    if (isTooMuch) words.push(scoreText.tooMany(count(MOST)));
    const samples = before;
    toast({ text: words.join(between()), ...(samples && { action: { label: scoreText.samples, run: () => restore(samples) } }) });
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
    await this.updateComplete;
    this.#showImages();
  }

  /** Scrolls to the images if the tools for selecting leave little of them in the window. */
  #showImages(): void {
    const images = this.renderRoot.querySelector("picture-sheet, picture-matrix")?.getBoundingClientRect();
    const tools = this.renderRoot.querySelector("choose-images")?.getBoundingClientRect();
    if (!images || !tools || tools.top - images.top > innerHeight * LITTLE) return;
    scrollBy({ top: images.top - 16, behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth" });
  }

  #chosen(): void {
    this.choosing = false;
    this.renderRoot.querySelector<ScoreToolbar>("score-toolbar")?.focusChoose();
  }

  async #save(event: CustomEvent<Picture[]>): Promise<void> {
    // Browsers ask only after a click, so it is done before anything else.
    if (event.detail.some(({ away }) => away === "permission")) {
      await askForAll();
      readAgain();
    }
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
    this.#addFiles(ofList(files));
  };

  static override styles = [...PickElement.shared, screenStyle];
}

const NO_RANKS: ReadonlyMap<Picture, number> = new Map();

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
