/** The dialogue that saves the selected images, and takes it back. Event: `done` when closed. */

import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { PickElement } from "../../design/element";
import { icon } from "../../design/icons";
import { askForFolder, canWriteFolder, mayWrite } from "../../files/pickers";
import { toast } from "../../shell/toasts";
import { between, number } from "../../text/format";
import { explainSave, keepText } from "../../text/keep";
import { scoreText } from "../../text/score";
import type { Picture } from "../picture";
import { type LastSave, remember, takeBack, wordsOf } from "./last";
import "./last-view";
import { type Origin, originsIn } from "./origin";
import { remarksView, savedWords, stoppedView, writtenView } from "./outcome";
import { itemsOf, planOf } from "./plan";
import { asProblem, SaveProblem } from "./problem";
import { FolderSave } from "./save";
import { openZip, saveZip, type ZipSaved } from "./zip-save";

/** What was chosen last, for the next time. */
const choice = { to: canWriteFolder ? "folder" : "zip", ranked: false, csv: true, folder: undefined as FileSystemDirectoryHandle | undefined };

type State =
  | { is: "asking" }
  | { is: "running"; words: (done: string, total: string) => string; done: number; total: number; abort: AbortController }
  | { is: "stopped"; problem: SaveProblem }
  | { is: "saved"; zip?: ZipSaved }
  | { is: "undone"; words: readonly string[] };

export class SaveImages extends PickElement {
  static override properties = { pictures: { attribute: false }, state: { state: true }, move: { state: true }, origins: { state: true }, choices: { state: true } };

  /** The images to save; an empty list closes it. */
  declare pictures: readonly Picture[];
  declare private state: State;
  declare private move: boolean;
  /** Where the originals are, once their folder was opened. */
  declare private origins: { name: string; found: Map<Picture, Origin> } | undefined;
  /** Increases when {@link choice} changes. */
  declare private choices: number;
  #save: FolderSave | undefined;

  constructor() {
    super();
    this.pictures = [];
    this.state = { is: "asking" };
    this.move = false;
    this.origins = undefined;
    this.choices = 0;
  }

  protected override updated(changed: PropertyValues): void {
    const dialog = this.renderRoot.querySelector("dialog");
    // The focused button went away with the state before.
    if (changed.has("state") && dialog?.open && !dialog.querySelector(":focus")) dialog.querySelector<HTMLElement>(".end > :last-child")?.focus();
    if (!changed.has("pictures")) return;
    if (this.pictures.length > 0 && dialog && !dialog.open) dialog.showModal();
    if (this.pictures.length === 0 && dialog?.open) dialog.close();
  }

  override render(): TemplateResult {
    const { state } = this;
    const images = scoreText.pictures(this.pictures.length);
    return html`<dialog aria-labelledby="title" @cancel=${this.#escape} @close=${this.#closed}>
      <h2 id="title">${keepText.saveTitle(images)}</h2>
      <div class="said" role="status">${this.#said()}</div>
      ${state.is === "asking" ? this.#asking() : nothing} ${state.is === "running" ? this.#running(state) : nothing}
      ${state.is === "stopped" ? this.#stopped(state.problem) : nothing} ${state.is === "saved" ? this.#saved(state.zip) : nothing}
      ${state.is === "undone" ? this.#undone() : nothing}
    </dialog>`;
  }

  /**
   * What has been done. Its element is there before, so that screen readers announce it; those of
   * the page are silent while the dialogue is open.
   */
  #said(): TemplateResult | typeof nothing {
    const { state } = this;
    const words = state.is === "saved" ? savedWords(state.zip, this.#save) : state.is === "undone" ? state.words : [];
    return words.length === 0 ? nothing : html`<div class="notice">${words.map((sentence) => html`<p>${sentence}</p>`)}</div>`;
  }

  #choose(change: Partial<typeof choice>): void {
    Object.assign(choice, change);
    this.choices++;
  }

  #asking(): TemplateResult {
    const toFolder = choice.to === "folder";
    const images = scoreText.pictures(this.pictures.length);
    const { folder } = choice;
    const radio = (to: string, words: string) =>
      html`<label class="check"><input type="radio" name="to" .checked=${choice.to === to} @change=${() => this.#choose({ to })} />${words}</label>`;
    const box = (checked: boolean, words: string, set: (checked: boolean) => void, about = "") =>
      html`<label class="check">
        <input type="checkbox" .checked=${checked} @change=${(event: Event) => set((event.target as HTMLInputElement).checked)} />
        <span>${words} ${about ? html`<span class="soft">${about}</span>` : nothing}</span>
      </label>`;
    return html`
      ${canWriteFolder ? html`<fieldset class="row"><legend class="hidden-text">${keepText.to}</legend>${radio("folder", keepText.toFolder)} ${radio("zip", keepText.toZip)}</fieldset>` : nothing}
      <div>
        ${box(choice.ranked, keepText.ranked, (ranked) => this.#choose({ ranked }), this.#example())} ${box(choice.csv, keepText.csv, (csv) => this.#choose({ csv }))}
        ${toFolder ? box(this.move, keepText.move, (move) => (this.move = move), keepText.moveAbout) : nothing}
      </div>
      ${toFolder && this.move ? this.#originals() : nothing}
      <p class="small soft">${keepText.neverReplaces}</p>
      <last-saved></last-saved>
      <div class="row end">
        <button type="button" @click=${this.#close}>${keepText.cancel}</button>
        ${toFolder && folder ? html`<button type="button" @click=${() => this.#toFolder(true)}>${keepText.otherFolder}</button>` : nothing}
        <button type="button" class="primary" ?disabled=${toFolder && this.move && !this.origins} @click=${() => (toFolder ? this.#toFolder(false) : this.#toZip())}>
          ${!toFolder
            ? keepText.saveZip
            : folder
              ? (this.move ? keepText.moveInto : keepText.saveInto)(images, folder.name)
              : this.move
                ? keepText.chooseAndMove
                : keepText.chooseAndSave}
        </button>
      </div>
    `;
  }

  /** What the first name would be. */
  #example(): string {
    const [first] = itemsOf(this.pictures, true);
    return first ? keepText.rankedExample(first.name) : "";
  }

  #originals(): TemplateResult {
    const { origins } = this;
    const words = origins && (origins.found.size === 0 ? keepText.originNone(origins.name) : keepText.originFound(origins.name, number(origins.found.size), number(this.pictures.length)));
    const rest = origins && origins.found.size > 0 && origins.found.size < this.pictures.length ? keepText.originRest : "";
    return html`<p class="row small origin">
      <button type="button" @click=${() => this.#openOriginals()}>${icon("folder")}${keepText.openOrigin}</button>
      <span role="status">${words} ${rest}</span>
    </p>`;
  }

  async #openOriginals(): Promise<void> {
    try {
      const root = await askForFolder("pickscore-originals");
      if (!root) return;
      const { abort, tell } = this.#begin(keepText.looking, this.pictures.length);
      const found = await originsIn(root, this.pictures, abort.signal, tell);
      if (!abort.signal.aborted) this.origins = { name: root.name, found };
      this.state = { is: "asking" };
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  /** Shows progress, with a button that stops it. */
  #begin(words: (done: string, total: string) => string, total: number): { abort: AbortController; tell: (done: number) => void } {
    const abort = new AbortController();
    const tell = (done: number) => (this.state = { is: "running", words, done, total, abort });
    tell(0);
    return { abort, tell };
  }

  #running({ words, done, total, abort }: State & { is: "running" }): TemplateResult {
    const text = words(number(done), number(total));
    return html`<p class="small">${text}</p>
      <progress aria-label=${text} value=${total === 0 ? 0 : done / total} max="1"></progress>
      <div class="row end"><button type="button" ?disabled=${abort.signal.aborted} @click=${() => abort.abort()}>${keepText.stop}</button></div>`;
  }

  #stopped(problem: SaveProblem): TemplateResult {
    const save = this.#save;
    const elsewhere = problem.code === "gone";
    return html`${stoppedView(problem, save)}
      <div class="row end">
        <button type="button" @click=${this.#close}>${keepText.close}</button>
        ${save && save.saved.length > 0 ? this.#undoButton(save) : nothing}
        ${save
          ? html`<button type="button" class="primary" @click=${() => this.#continue(elsewhere)}>${elsewhere ? keepText.continueIn : keepText.continue}</button>`
          : html`<button type="button" class="primary" @click=${() => (this.state = { is: "asking" })}>${scoreText.failedAgain}</button>`}
      </div>`;
  }

  #saved(zip: ZipSaved | undefined): TemplateResult {
    const save = this.#save;
    return html`${save ? writtenView(save) : nothing} ${remarksView(zip?.remarks ?? save?.remarks ?? [])}
      <div class="row end">
        ${save ? this.#undoButton(save) : zip?.remove ? html`<button type="button" @click=${() => this.#undo({ zip })}>${icon("undo")}${keepText.undo}</button>` : nothing}
        <button type="button" class="primary" @click=${this.#close}>${keepText.close}</button>
      </div>`;
  }

  #undone(): TemplateResult {
    const save = this.#save;
    return html`<div class="row end">
      ${save && save.saved.length > 0 ? this.#undoButton(save) : nothing}
      <button type="button" class="primary" @click=${this.#close}>${keepText.close}</button>
    </div>`;
  }

  #undoButton(save: FolderSave): TemplateResult {
    const words = save.saved.some(({ origin }) => origin) ? keepText.undoMove : keepText.undo;
    return html`<button type="button" @click=${() => this.#undo({ save })}>${icon("undo")}${words}</button>`;
  }

  async #toFolder(ask: boolean): Promise<void> {
    try {
      const folder = (!ask && choice.folder) || (await askForFolder("pickscore-keep"));
      if (!folder) return;
      choice.folder = folder;
      this.#save = new FolderSave(folder, planOf(this.pictures, choice), this.move ? this.origins?.found : undefined);
      await this.#run(this.#save);
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  async #continue(elsewhere: boolean): Promise<void> {
    const save = this.#save;
    if (!save) return;
    try {
      const folder = elsewhere ? await askForFolder("pickscore-keep") : save.folder;
      if (!folder) return;
      save.folder = choice.folder = folder;
      await this.#run(save);
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  async #run(save: FolderSave): Promise<void> {
    if (!(await mayWrite(save.folder))) throw new SaveProblem("permission");
    const { abort, tell } = this.#begin(keepText.saving, save.total);
    try {
      await save.run(abort.signal, tell);
    } finally {
      remember({ save });
    }
    this.state = { is: "saved" };
  }

  async #toZip(): Promise<void> {
    this.#save = undefined;
    try {
      const plan = planOf(this.pictures, choice);
      const target = await openZip(`pickscore-${new Date().toISOString().slice(0, 10)}.zip`);
      if (!target) return;
      const { abort, tell } = this.#begin(keepText.saving, plan.items.length);
      const zip = await saveZip(target, plan, abort.signal, tell);
      remember({ zip });
      this.state = { is: "saved", zip };
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  async #undo(saved: LastSave): Promise<void> {
    const total = "save" in saved ? saved.save.saved.length + (saved.save.table ? 1 : 0) : 1;
    const { abort, tell } = this.#begin(keepText.undoing, total);
    try {
      this.state = { is: "undone", words: await takeBack(saved, abort.signal, tell) };
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  #fail(thrown: unknown): void {
    this.state = { is: "stopped", problem: asProblem(thrown) };
  }

  /** Escape stops a save instead of hiding it. */
  #escape(event: Event): void {
    if (this.state.is !== "running") return;
    event.preventDefault();
    this.state.abort.abort();
  }

  readonly #close = (): void => {
    this.renderRoot.querySelector("dialog")?.close();
  };

  #closed(): void {
    const { state } = this;
    if (state.is === "running") {
      // Browsers let a second Escape close any dialogue.
      state.abort.abort();
      this.renderRoot.querySelector("dialog")?.showModal();
      return;
    }
    const save = this.#save;
    const saved = save && save.saved.length > 0 ? { save } : state.is === "saved" && state.zip?.remove ? { zip: state.zip } : undefined;
    if (saved) offerUndo(saved);
    this.state = { is: "asking" };
    this.#save = undefined;
    this.move = false;
    this.origins = undefined;
    this.dispatchEvent(new CustomEvent("done"));
  }

  static override styles = [
    ...PickElement.shared,
    css`
      dialog {
        width: min(36rem, calc(100vw - 2 * var(--s4)));
        max-height: calc(100dvh - 2 * var(--s4));
        overflow: auto;
        padding: var(--s5);
        color: var(--ink);
        background: var(--raised);
        border: 1px solid var(--edge);
        border-radius: var(--corner);
      }
      dialog[open] {
        display: grid;
        gap: var(--s4);
      }
      dialog::backdrop {
        background: rgb(0 0 0 / 0.45);
      }
      h2 {
        font-size: var(--large);
      }
      .end {
        justify-content: flex-end;
      }
      .origin {
        margin: 0;
      }
      .problem {
        display: grid;
        gap: var(--s1);
      }
      /* It takes no gap while it is empty. */
      .said:not(:has(.notice)) {
        position: absolute;
      }
      .notice {
        color: inherit;
      }
      li {
        overflow-wrap: anywhere;
      }
      summary {
        cursor: pointer;
        color: var(--mark);
      }
    `,
  ];
}

/** A message that offers to undo a save. Later, `last-saved` offers it. */
function offerUndo(saved: LastSave): void {
  const run = async () => {
    const words = await takeBack(saved, new AbortController().signal, () => {}).catch((thrown: unknown) => [explainSave(asProblem(thrown))]);
    toast({ text: words.join(between()) });
  };
  toast({ text: wordsOf(saved), action: { label: scoreText.undo, run: () => void run() } });
}

customElements.define("save-images", SaveImages);
