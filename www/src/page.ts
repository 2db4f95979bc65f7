/** The bare page: a model, a prompt and images in; scores out, ranked. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { type Info, library, type LoadProgress, type PickScore, type Support } from "./library";
import { bytes, describe } from "./progress";

/** The model that most visitors come for. */
const PICKSCORE = "https://huggingface.co/yuvalkirstain/PickScore_v1";

/** An image of the visitor's. */
interface Picture {
  file: File;
  /** What the browser shows it by. */
  url: string;
  score?: number;
  probability?: number;
  /** Why it has no score. */
  problem?: string;
}

export class PickScorePage extends LitElement {
  static override properties = {
    model: { state: true },
    support: { state: true },
    scorer: { state: true },
    pictures: { state: true },
    progress: { state: true },
    problem: { state: true },
    offerUncached: { state: true },
    scoredPrompt: { state: true },
  };

  declare model: string;
  declare support: Support | undefined;
  declare scorer: PickScore | undefined;
  declare pictures: Picture[];
  declare progress: LoadProgress | undefined;
  declare problem: string | undefined;
  /** Whether the last load failed for want of space only. */
  declare offerUncached: boolean;
  /** The prompt that the shown scores belong to. */
  declare scoredPrompt: string | undefined;
  #running: AbortController | undefined;
  #lastModel: string | File[] = "";

  constructor() {
    super();
    this.model = new URLSearchParams(location.search).get("model") ?? PICKSCORE;
    this.pictures = [];
    this.offerUncached = false;
  }

  override async connectedCallback(): Promise<void> {
    super.connectedCallback();
    this.support = await (await library()).probe();
  }

  override render(): TemplateResult {
    const busy = this.#running !== undefined;
    return html`
      <main>
        <h1>PickScore</h1>
        <p class="lead">How well an image fits a prompt, as people would judge it. Everything runs on this device; your images stay here.</p>
        ${this.#renderModel(busy)} ${this.#renderPrompt(busy)}
        <p class="status" role="status">
          ${this.progress ? html`<progress value=${fraction(this.progress) ?? nothing} max="1"></progress> ${describe(this.progress)}
              <button type="button" class="plain" @click=${() => this.#running?.abort()}>Cancel</button>` : nothing}
        </p>
        ${this.problem
          ? html`<p class="problem" role="alert">
              ${this.problem}
              ${this.offerUncached ? html`<button type="button" class="plain" @click=${() => this.#load(this.#lastModel, "off")}>Run without keeping it</button>` : nothing}
            </p>`
          : nothing}
        ${this.#renderPictures()}
      </main>
    `;
  }

  #renderModel(busy: boolean): TemplateResult {
    const info = this.scorer?.info;
    const load = (event: SubmitEvent) => {
      event.preventDefault();
      const form = new FormData(event.target as HTMLFormElement);
      void this.#load(String(form.get("model")), "on");
    };
    return html`
      <section aria-labelledby="model-title">
        <h2 id="model-title">Model</h2>
        <form @submit=${load}>
          <label>Address of a model <input name="model" .value=${this.model} required spellcheck="false" autocomplete="off" /></label>
          <button ?disabled=${busy}>Load</button>
          <label class="button"><input type="file" webkitdirectory multiple ?disabled=${busy} @change=${this.#pickModel} />From a folder</label>
        </form>
        <p class="note">
          ${info ? loadedSentence(info) : (this.support?.message ?? nothing)}
          ${info?.notes.map((note) => html`<br />${note}`)}
        </p>
      </section>
    `;
  }

  #renderPrompt(busy: boolean): TemplateResult {
    const score = (event: SubmitEvent) => {
      event.preventDefault();
      void this.#score(String(new FormData(event.target as HTMLFormElement).get("prompt")));
    };
    return html`
      <section aria-labelledby="images-title">
        <h2 id="images-title">Prompt and images</h2>
        <form @submit=${score}>
          <label>Prompt <input name="prompt" required placeholder="a fox in the snow" autocomplete="off" dir="auto" /></label>
          <label class="button"><input type="file" accept="image/*" multiple @change=${this.#pickImages} />Choose images</label>
          <button ?disabled=${busy || !this.scorer || this.pictures.length === 0}>Score</button>
        </form>
      </section>
    `;
  }

  #renderPictures(): TemplateResult | typeof nothing {
    if (this.pictures.length === 0) return nothing;
    const ranked = [...this.pictures].sort((a, b) => (b.score ?? Number.NEGATIVE_INFINITY) - (a.score ?? Number.NEGATIVE_INFINITY));
    return html`
      ${this.scoredPrompt === undefined ? nothing : html`<p class="note" dir="auto">Scores for “${this.scoredPrompt}”; only scores of the same prompt compare.</p>`}
      <ol>
        ${ranked.map(
          (picture) => html`<li>
            <img src=${picture.url} alt="" loading="lazy" />
            <strong>${picture.score?.toFixed(2) ?? "–"}</strong>
            <span>${picture.probability === undefined ? nothing : `${(100 * picture.probability).toFixed(1)} %`}</span>
            <span class="name">${picture.file.name}</span>
            ${picture.problem ? html`<span class="problem">${picture.problem}</span>` : nothing}
          </li>`,
        )}
      </ol>
    `;
  }

  #pickModel(event: Event): void {
    const input = event.target as HTMLInputElement;
    const files = [...(input.files ?? [])];
    input.value = "";
    if (files.length > 0) void this.#load(files, "on");
  }

  #pickImages(event: Event): void {
    const files = [...((event.target as HTMLInputElement).files ?? [])];
    for (const { url } of this.pictures) URL.revokeObjectURL(url);
    this.pictures = files.map((file) => ({ file, url: URL.createObjectURL(file) }));
    this.scoredPrompt = undefined;
  }

  async #load(model: string | File[], cache: "on" | "off"): Promise<void> {
    this.#lastModel = model;
    await this.#run(async (signal, onProgress) => {
      await this.scorer?.dispose();
      this.scorer = undefined;
      const { PickScore } = await library();
      this.scorer = await PickScore.load({ model, cache, signal, onProgress });
    });
  }

  async #score(prompt: string): Promise<void> {
    await this.#run(async (signal, onProgress) => {
      const pictures = this.pictures;
      const images = pictures.map(({ file }) => file);
      const result = await this.scorer?.score(prompt, images, { signal, onProgress, unreadable: "skip" });
      if (!result || pictures !== this.pictures) return;
      const problems = new Map(result.skipped.map(({ index, message }) => [index, message]));
      this.scoredPrompt = prompt;
      this.pictures = pictures.map(({ file, url }, index) => {
        const problem = problems.get(index);
        if (problem !== undefined) return { file, url, problem };
        return { file, url, score: result.scores[index] ?? Number.NaN, probability: result.probabilities[index] ?? Number.NaN };
      });
    });
  }

  /** One thing at a time, with its progress shown and a way to stop it. */
  async #run(task: (signal: AbortSignal, onProgress: (progress: LoadProgress) => void) => Promise<void>): Promise<void> {
    const running = new AbortController();
    this.#running = running;
    this.problem = undefined;
    this.offerUncached = false;
    this.progress = { stage: "engine", loaded: 0 };
    try {
      await task(running.signal, (progress) => (this.progress = progress));
    } catch (error) {
      const { code, message } = error as Error & { code?: string };
      if (code !== "aborted") this.problem = message;
      this.offerUncached = code === "storage-full" || code === "storage";
    } finally {
      this.#running = undefined;
      this.progress = undefined;
      this.requestUpdate();
    }
  }

  static override styles = css`
    main { max-width: 68rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
    h1 { font-size: 2rem; letter-spacing: -0.02em; margin: 0; }
    h2 { font-size: 1rem; margin: 2rem 0 0.5rem; }
    .lead { font-size: 1.1rem; color: var(--soft); margin: 0.25rem 0 0; }
    form { display: flex; flex-wrap: wrap; gap: 0.75rem; align-items: end; }
    label { display: grid; gap: 0.25rem; font-size: 0.875rem; color: var(--soft); flex: 1 1 20rem; }
    input { font: inherit; font-size: 1rem; color: var(--ink); background: var(--surface); border: 1px solid var(--line); border-radius: 0.5rem; padding: 0.6rem 0.75rem; min-width: 0; }
    button, .button { font: inherit; font-weight: 600; border: 1px solid var(--accent); border-radius: 0.5rem; padding: 0.6rem 1.1rem; cursor: pointer; background: var(--accent); color: var(--on-accent); }
    .button, .plain { flex: none; background: none; color: var(--accent); font-size: 1rem; }
    .button input { position: absolute; width: 1px; height: 1px; opacity: 0; }
    .button:focus-within, button:focus-visible, input:focus-visible { outline: 3px solid color-mix(in srgb, var(--accent) 45%, transparent); outline-offset: 2px; }
    .plain { padding: 0.2rem 0.7rem; }
    button:disabled { opacity: 0.45; cursor: default; }
    .note { color: var(--soft); font-size: 0.9rem; margin: 0.6rem 0 0; }
    .status { min-height: 2.2rem; display: flex; flex-wrap: wrap; gap: 0.75rem; align-items: center; margin: 1.25rem 0 0; }
    progress { accent-color: var(--accent); width: 14rem; }
    .problem { color: var(--wrong); overflow-wrap: anywhere; }
    ol { list-style: none; margin: 1rem 0 0; padding: 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: 1rem; }
    li { background: var(--surface); border: 1px solid var(--line); border-radius: 0.75rem; overflow: hidden; padding-bottom: 0.75rem; display: grid; grid-template-columns: auto 1fr; column-gap: 0.5rem; align-items: baseline; }
    li img { grid-column: 1 / -1; width: 100%; aspect-ratio: 1; object-fit: cover; margin-bottom: 0.6rem; background: var(--line); }
    li strong { font-size: 1.4rem; font-variant-numeric: tabular-nums; padding-left: 0.75rem; }
    li span { color: var(--soft); }
    li .name, li .problem { grid-column: 1 / -1; padding: 0 0.75rem; font-size: 0.85rem; overflow-wrap: anywhere; }
    li .problem { color: var(--wrong); }
  `;
}

customElements.define("pickscore-page", PickScorePage);

function fraction({ loaded, total }: LoadProgress): number | undefined {
  return total ? loaded / total : undefined;
}

function loadedSentence(info: Info): string {
  const where = info.device === "webgpu" ? `on ${info.adapter ?? "the GPU"}` : "on the CPU";
  const size = `${(info.parameters / 1e6).toFixed(0)} million parameters, ${bytes(info.bytes)} as ${info.precision}`;
  const kept = info.cached ? "kept in this browser for the next visit" : "not kept";
  return `${info.model}: ${size}, ${where}, ${kept}.`;
}
