/**
 * Images from the visitor's own generator. Nothing is sent before they enter its address, allow it,
 * and press the button.
 */

import { css, html, nothing, type TemplateResult } from "lit";
import { PickElement } from "../design/element";
import { allow, isAllowed, originOf } from "../shell/policy";
import { number } from "../text/format";
import { judgeText } from "../text/judge";
import type { Incoming } from "./draft";
import { automatic1111 } from "./generators/automatic1111";
import { type Generator, GeneratorError, type GeneratorKind } from "./generators/generator";
import { openai } from "./generators/openai";

const GENERATORS: Record<GeneratorKind, Generator> = { automatic1111, openai };
const KEY = "pickscore.generator";
/** Maximum images per request. */
const MOST = 100;
const ENDINGS: Record<string, string> = { "image/png": "png", "image/jpeg": "jpg", "image/webp": "webp" };

interface Form {
  kind: GeneratorKind;
  address: string;
  model: string;
  count: number;
  side: number;
}

const FIRST: Form = { kind: "automatic1111", address: "http://127.0.0.1:7860", model: "", count: 4, side: 512 };

export class GeneratorView extends PickElement {
  static override properties = { prompt: {}, form: { state: true }, models: { state: true }, making: { state: true }, error: { state: true } };
  /** The prompt. */
  declare prompt: string;
  declare private form: Form;
  declare private models: string[];
  declare private making: { done: number; abort: AbortController } | undefined;
  declare private error: unknown;
  /** Not stored. */
  #secret = "";

  constructor() {
    super();
    this.prompt = "";
    this.form = stored();
    this.models = [];
    this.making = undefined;
    this.error = undefined;
  }

  override render(): TemplateResult {
    const { form, making } = this;
    const origin = originOf(form.address);
    const allowed = origin !== null && isAllowed(form.address);
    const isOpenAi = form.kind === "openai";
    return html`
      <p class="small soft">${judgeText.generatorWords}</p>
      <form @submit=${this.#submit}>
        <label class="field">
          ${judgeText.interface}
          <select @change=${(event: Event) => this.#set({ kind: (event.target as HTMLSelectElement).value as GeneratorKind })}>
            <option value="automatic1111" ?selected=${!isOpenAi}>Automatic1111 (/sdapi/v1/txt2img)</option>
            <option value="openai" ?selected=${isOpenAi}>OpenAI (/v1/images/generations)</option>
          </select>
        </label>
        <label class="field address">
          ${judgeText.address}
          <input type="url" inputmode="url" dir="ltr" autocomplete="off" .value=${form.address} @input=${(event: Event) => this.#set({ address: (event.target as HTMLInputElement).value })} />
        </label>
        ${isOpenAi
          ? html`<label class="field">
              ${judgeText.apiKey}
              <input type="password" autocomplete="off" .value=${this.#secret} @input=${(event: Event) => (this.#secret = (event.target as HTMLInputElement).value)} />
            </label>`
          : nothing}
        <label class="field">
          ${judgeText.model}
          <input dir="ltr" list="models" autocomplete="off" .value=${form.model} placeholder=${judgeText.anyModel} @focus=${this.#askModels} @input=${(event: Event) => this.#set({ model: (event.target as HTMLInputElement).value })} />
          <datalist id="models">${this.models.map((model) => html`<option value=${model}></option>`)}</datalist>
        </label>
        <label class="field number">
          ${judgeText.howMany}
          <input type="number" min="1" max=${MOST} .value=${String(form.count)} @change=${(event: Event) => this.#set({ count: bounded(event, 1, MOST) })} />
        </label>
        <label class="field number">
          ${judgeText.side}
          <input type="number" min="64" max="2048" step="8" .value=${String(form.side)} @change=${(event: Event) => this.#set({ side: bounded(event, 64, 2048) })} />
        </label>
        <div class="row actions">
          ${origin !== null && !allowed
            ? html`<button type="button" @click=${this.#allow}>${judgeText.allow(origin)}</button>`
            : making
              ? html`<button type="button" @click=${() => making.abort.abort()}>${judgeText.stop}</button>
                  <span class="small soft" role="status">${judgeText.madeOf(number(making.done), number(form.count))}</span>
                  <progress max=${form.count} .value=${making.done} aria-label=${judgeText.progress}></progress>`
              : html`<button type="submit" ?disabled=${!allowed || !this.prompt}>${judgeText.make(number(form.count))}</button>`}
        </div>
      </form>
      ${origin !== null && !allowed ? html`<p class="notice small">${mayReach(form.address) ? judgeText.allowWords : judgeText.plainAddress}</p>` : nothing}
      ${allowed && !this.prompt ? html`<p class="small soft">${judgeText.promptFirst}</p>` : nothing}
      ${this.error ? html`<p class="problem small" role="alert">${explainGenerator(this.error)}</p>` : nothing}
    `;
  }

  #set(change: Partial<Form>): void {
    this.form = { ...this.form, ...change };
    if (change.kind || change.address !== undefined) this.models = [];
    this.error = undefined;
    try {
      localStorage.setItem(KEY, JSON.stringify(this.form));
    } catch {
      // Without storage, it lasts until the tab closes.
    }
  }

  #allow(): void {
    allow(this.form.address);
    location.reload();
  }

  async #askModels(): Promise<void> {
    if (this.models.length > 0 || this.making || !isAllowed(this.form.address)) return;
    const { kind, address } = this.form;
    this.models = await GENERATORS[kind].models({ address, key: this.#secret }, AbortSignal.timeout(10_000)).catch(() => []);
  }

  async #submit(event: Event): Promise<void> {
    event.preventDefault();
    const { form, prompt } = this;
    if (this.making || !prompt || !isAllowed(form.address)) return;
    const abort = new AbortController();
    this.error = undefined;
    this.making = { done: 0, abort };
    try {
      for (let index = 0; index < form.count && !abort.signal.aborted; index++) {
        const order = { address: form.address, prompt, model: form.model.trim(), width: form.side, height: form.side, key: this.#secret };
        const { file, written } = await GENERATORS[form.kind].make(order, abort.signal);
        const path = `${written.model ?? form.kind}/${written.seed ?? String(Date.now())}.${ENDINGS[file.type] ?? "png"}`;
        // One at a time, so that earlier images are kept if a later one fails.
        this.dispatchEvent(new CustomEvent<Incoming[]>("made", { detail: [{ file, path, written }] }));
        this.making = { done: index + 1, abort };
      }
    } catch (error) {
      if (!abort.signal.aborted) this.error = error;
    } finally {
      this.making = undefined;
    }
  }

  static override styles = [
    ...PickElement.shared,
    css`
      :host {
        display: grid;
        gap: var(--s3);
      }
      form {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(13rem, 100%), 1fr));
        gap: var(--s3);
        align-items: end;
      }
      .actions {
        grid-column: 1 / -1;
      }
      progress {
        max-width: 12rem;
      }
    `,
  ];
}

customElements.define("generator-view", GeneratorView);

/**
 * Whether the browser lets the page reach the address at all: a page on `https` can use plain
 * `http` only for this device.
 */
function mayReach(address: string): boolean {
  const { protocol, hostname } = new URL(address, document.baseURI);
  return location.protocol === "http:" || protocol === "https:" || hostname === "127.0.0.1" || hostname === "localhost";
}

function bounded(event: Event, least: number, most: number): number {
  const value = Math.round(Number((event.target as HTMLInputElement).value));
  return Math.min(most, Math.max(least, Number.isFinite(value) ? value : least));
}

function stored(): Form {
  try {
    const { kind, address, model, count, side } = JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Record<keyof Form, unknown>>;
    return {
      kind: kind === "openai" ? kind : FIRST.kind,
      address: typeof address === "string" ? address : FIRST.address,
      model: typeof model === "string" ? model : FIRST.model,
      count: typeof count === "number" && count >= 1 && count <= MOST ? Math.round(count) : FIRST.count,
      side: typeof side === "number" && side >= 64 && side <= 2048 ? Math.round(side) : FIRST.side,
    };
  } catch {
    return FIRST;
  }
}

function explainGenerator(error: unknown): string {
  if (!(error instanceof GeneratorError)) return judgeText.generator_failed(String((error as Error)?.message ?? error));
  const { code, detail } = error;
  return code === "unreachable" ? judgeText.generator_unreachable(detail, location.origin) : judgeText[`generator_${code}`](detail);
}
