/**
 * Submitting a contribution: where the host wants it, or to the Hugging Face Hub with the visitor's
 * own token.
 */

import { css, html, nothing, type TemplateResult } from "lit";
import { PickElement } from "../design/element";
import { allow, isAllowed } from "../shell/policy";
import { config } from "../state/config";
import { Watch } from "../state/store";
import { contributeText } from "../text/contribute";
import { percent } from "../text/format";
import { card, isReady, words } from "./card";
import { explainData } from "./explain";
import { clearTemporary, writeTemporary } from "./export";
import type { Holdings } from "./holdings";
import { HUB, handIn } from "./hub";

export class HandInView extends PickElement {
  static override properties = { holdings: { attribute: false }, open: { state: true }, repository: { state: true }, pull: { state: true }, ready: { state: true }, running: { state: true }, done: { state: true }, error: { state: true } };
  declare holdings: Holdings;
  declare private open: boolean;
  declare private repository: string;
  declare private pull: boolean;
  /** Whether a token was entered. */
  declare private ready: boolean;
  declare private running: { abort: AbortController; share: number; stage: "writing" | "sending" } | undefined;
  declare private done: string;
  declare private error: unknown;

  constructor() {
    super();
    this.open = false;
    this.repository = config().handIn.hub ?? "";
    this.pull = config().handIn.hub !== null;
    this.ready = false;
    this.running = undefined;
    this.done = "";
    this.error = undefined;
    new Watch(this, words);
  }

  override render(): TemplateResult {
    const { link } = config().handIn;
    return html`
      <h2>${contributeText.handInTitle}</h2>
      <p class="small soft">${link ? contributeText.handInLinkWords : contributeText.handInWords}</p>
      <div class="row">
        ${link ? html`<a class="button" href=${link} target="_blank" rel="noreferrer">${contributeText.handInLink}</a>` : nothing}
        <button type="button" aria-expanded=${this.open} @click=${() => (this.open = !this.open)}>${contributeText.useHub}</button>
      </div>
      ${this.open ? (isAllowed(HUB) ? this.#hub() : this.#allow()) : nothing}
    `;
  }

  #allow(): TemplateResult {
    const now = () => {
      allow(HUB);
      location.reload();
    };
    return html`<div class="notice small row"><span>${contributeText.allowWords(HUB)}</span><button type="button" @click=${now}>${contributeText.allow(HUB)}</button></div>`;
  }

  #hub(): TemplateResult {
    const { running } = this;
    const whole = /^[\w.-]+\/[\w.-]+$/.test(this.repository.trim());
    const able = whole && this.ready && isReady() && words.value.purpose === "publish";
    return html`
      <form @submit=${this.#submit}>
        <p class="small soft">${contributeText.hubWords}</p>
        <label class="field">
          ${contributeText.repository}
          <input dir="ltr" autocomplete="off" spellcheck="false" placeholder="name/preferences" .value=${this.repository} @input=${(event: Event) => (this.repository = (event.target as HTMLInputElement).value)} />
        </label>
        <label class="field">
          ${contributeText.token}
          <input id="token" type="password" dir="ltr" autocomplete="off" placeholder="hf_…" @input=${(event: Event) => (this.ready = (event.target as HTMLInputElement).value.trim() !== "")} />
        </label>
        <label class="check whole">
          <input type="checkbox" .checked=${this.pull} @change=${(event: Event) => (this.pull = (event.target as HTMLInputElement).checked)} />
          <span>${contributeText.pullRequest}</span>
        </label>
        <div class="row whole">
          ${running
            ? html`<span class="small" role="status">${running.stage === "writing" ? contributeText.preparing : contributeText.sending(percent(running.share, 0))}</span>
                <progress .value=${running.share} max="1" aria-label=${contributeText.progress}></progress>
                <button type="button" @click=${() => running.abort.abort()}>${contributeText.stop}</button>`
            : html`<button type="submit" class="primary" ?disabled=${!able}>${contributeText.send}</button>
                ${able ? nothing : html`<span class="small soft">${isReady() && words.value.purpose === "publish" ? contributeText.hubNeeds : contributeText.agreeFirst}</span>`}`}
        </div>
      </form>
      ${this.error ? html`<p class="problem small" role="alert">${explainData(this.error)}</p>` : nothing}
      ${this.done ? html`<p class="notice small" role="status">${contributeText.handedIn} <a href=${this.done} target="_blank" rel="noreferrer">${this.done}</a></p>` : nothing}
    `;
  }

  async #submit(event: Event): Promise<void> {
    event.preventDefault();
    const token = this.renderRoot.querySelector<HTMLInputElement>("#token")?.value.trim() ?? "";
    if (this.running || !token) return;
    const abort = new AbortController();
    this.running = { abort, share: 0, stage: "writing" };
    this.error = undefined;
    this.done = "";
    try {
      const { result, files } = await writeTemporary({
        format: "parquet",
        card: card(),
        signal: abort.signal,
        onProgress: ({ loaded, total }) => (this.running = { abort, share: loaded / (total || 1), stage: "writing" }),
      });
      this.done = await handIn({
        files,
        repository: this.repository.trim(),
        token,
        title: card().title,
        // Each contribution has a folder of its own.
        folder: this.pull ? `contributions/${result.name.replace(/\.zip$/, "")}-${crypto.getRandomValues(new Uint32Array(1))[0]?.toString(36) ?? ""}` : "",
        pullRequest: this.pull,
        create: !this.pull,
        signal: abort.signal,
        onProgress: (done, total) => (this.running = { abort, share: done / total, stage: "sending" }),
      });
    } catch (error) {
      if (!abort.signal.aborted) this.error = error;
    } finally {
      this.running = undefined;
      await clearTemporary();
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
        grid-template-columns: repeat(auto-fit, minmax(min(16rem, 100%), 1fr));
        gap: var(--s3);
        padding: var(--s4);
        background: var(--table);
      }
      form > p,
      .whole {
        grid-column: 1 / -1;
      }
      progress {
        max-width: 14rem;
      }
    `,
  ];
}

customElements.define("hand-in-view", HandInView);
