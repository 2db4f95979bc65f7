/** The frame around the screens: name, navigation, current model, settings, messages. */

import "./theme";
import "./toasts";
import "../score/screen";
import { css, html, type PropertyValues, type TemplateResult } from "lit";
import { PickElement } from "../design/element";
import { icon } from "../design/icons";
import { expandAddress } from "../engine/address";
import { library } from "../engine/library";
import { titleOf } from "../engine/panel";
import { findSupport, loadModel, session } from "../engine/session";
import type { ModelsScreen } from "../models/screen";
import { config } from "../state/config";
import { settings } from "../state/settings";
import { Watch } from "../state/store";
import { shellText } from "../text/shell";
import { keepOffline } from "./offline";
import { go, href, type Route, route, type Screen, SCREENS } from "./router";
import { toast } from "./toasts";

/** Screens that are loaded when first opened. */
const LATER: Record<Exclude<Screen, "score">, () => Promise<unknown>> = {
  judge: () => import("../judge/screen"),
  contribute: () => import("../contribute/screen"),
  models: () => import("../models/screen"),
};

export class PickScoreApp extends PickElement {
  /** Screens stay in the document, hidden, so that they keep their state. */
  readonly #opened = new Set<Screen>();

  constructor() {
    super();
    new Watch(this, route, session, settings);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    route.subscribe((to) => void this.#open(to, true));
    void this.#open(route.value, false);
    void this.#begin();
    void keepOffline();
  }

  /** Loads the model used last, or else the demonstration. */
  async #begin(): Promise<void> {
    if (settings.value.tastes.length > 0) void import("../taste/scores").catch(() => undefined);
    const asked = new URLSearchParams(location.search).get("model");
    if (asked !== null) go("models", { model: asked });
    void findSupport();
    const { demonstration, models } = config();
    const last = settings.value.model;
    if (last && asked === null) {
      const { scorer, head } = settings.value;
      const as = { ...(scorer !== "auto" && { scorer }), ...(head !== "" && { head }) };
      const chosen = titleOf({ model: last, ...as }) ?? (await library()).SCORERS.find(({ name }) => name === scorer)?.title;
      const name = chosen ?? models.find(({ address }) => address === last)?.name ?? last.split("/").filter(Boolean).pop() ?? last;
      const stored = await (await library()).listCached().catch(() => []);
      if (stored.some((model) => model.complete && model.address === expandAddress(last))) {
        await loadModel({ model: last, name, ...as });
        if (session.value.scorer) return;
      }
    }
    if (demonstration) await loadModel({ model: demonstration.address, name: demonstration.name });
  }

  async #open({ screen, query }: Route, moved: boolean): Promise<void> {
    if (screen !== "score") {
      try {
        await LATER[screen]();
      } catch {
        const action = { label: shellText.tryAgain, run: () => void this.#open(route.value, moved) };
        toast({ text: shellText.screenFailed, stays: true, action });
        return;
      }
    }
    this.#opened.add(screen);
    document.title = `${shellText[screen]} · ${config().title}`;
    this.requestUpdate();
    if (route.value.screen !== screen) return;
    await this.updateComplete;
    if (moved) {
      scrollTo(0, 0);
      this.renderRoot.querySelector<HTMLElement>("main")?.focus({ preventScroll: true });
    }
    if (screen === "models" && query.get("part") === "taste") void this.renderRoot.querySelector<ModelsScreen>("models-screen")?.revealTastes().catch(() => undefined);
  }

  protected override updated(changed: PropertyValues): void {
    super.updated(changed);
    document.title = `${shellText[route.value.screen]} · ${config().title}`;
  }

  override render(): TemplateResult {
    const { screen } = route.value;
    const shown = (name: Screen) => this.#opened.has(name);
    return html`
      <header>
        <button type="button" class="skip" @click=${this.#skip}>${shellText.skip}</button>
        <a class="name" href=${href("score")}>${config().title}</a>
        <nav aria-label=${shellText.screens}>
          ${SCREENS.map((name) => html`<a href=${href(name)} aria-current=${name === screen ? "page" : "false"}>${shellText[name]}</a>`)}
        </nav>
        <a class="model" href=${href("models")}>${this.#modelWords()}</a>
      </header>
      <main id="main" tabindex="-1">
        <score-screen ?hidden=${screen !== "score"}></score-screen>
        ${shown("judge") ? html`<judge-screen ?hidden=${screen !== "judge"}></judge-screen>` : ""}
        ${shown("contribute") ? html`<contribute-screen ?hidden=${screen !== "contribute"}></contribute-screen>` : ""}
        ${shown("models") ? html`<models-screen ?hidden=${screen !== "models"}></models-screen>` : ""}
      </main>
      <footer>
        <p>${shellText.promise} <a href="./privacy.html">${shellText.privacy}</a></p>
        <div class="row">
          <label class="choice">
            ${icon("language")}<span class="hidden-text">${shellText.language}</span>
            <select @change=${(event: Event) => settings.patch({ language: (event.target as HTMLSelectElement).value as "" })}>
              ${this.#option("", shellText.automatic, settings.value.language)}
              ${this.#option("en", "English", settings.value.language)}
              ${this.#option("ja", "日本語", settings.value.language)}
            </select>
          </label>
          <label class="choice">
            ${icon("theme")}<span class="hidden-text">${shellText.theme}</span>
            <select @change=${(event: Event) => settings.patch({ theme: (event.target as HTMLSelectElement).value as "auto" })}>
              ${this.#option("auto", shellText.automatic, settings.value.theme)}
              ${this.#option("light", shellText.light, settings.value.theme)}
              ${this.#option("dark", shellText.dark, settings.value.theme)}
            </select>
          </label>
        </div>
      </footer>
      <pick-toasts></pick-toasts>
    `;
  }

  #option(value: string, words: string, chosen: string): TemplateResult {
    return html`<option value=${value} ?selected=${value === chosen}>${words}</option>`;
  }

  #modelWords(): string {
    const { info, loading, choice } = session.value;
    if (loading) return shellText.modelLoading(loading.name);
    if (!info) return shellText.noModel;
    // Several scorers may be heads of the same model.
    return shellText.modelReady(choice?.scorer === undefined ? info.model : choice.name, info.device === "webgpu" ? shellText.onGpu : shellText.onCpu);
  }

  /** A button rather than a link, because the router uses the hash. */
  #skip(): void {
    this.renderRoot.querySelector<HTMLElement>("main")?.focus();
  }

  static override styles = [
    ...PickElement.shared,
    css`
      :host {
        min-height: 100vh;
        min-height: 100dvh;
        display: grid;
        grid-template-rows: auto 1fr auto;
        grid-template-columns: minmax(0, 1fr);
      }
      .skip {
        position: fixed;
        inset-block-start: var(--s2);
        inset-inline-start: var(--s2);
        z-index: 60;
        translate: 0 -300%;
      }
      .skip,
      .skip:hover {
        background: var(--raised);
      }
      .skip:focus {
        translate: none;
      }
      header {
        display: grid;
        grid-template-columns: auto 1fr auto;
        align-items: stretch;
        gap: 0 var(--s6);
        padding-inline: var(--gutter);
        border-block-end: 1px solid var(--line);
        font-size: var(--small);
      }
      header a {
        color: var(--soft);
        text-decoration: none;
        display: inline-flex;
        align-items: center;
        min-height: 3rem;
      }
      header a:hover {
        color: var(--ink);
      }
      .name,
      .name:hover {
        font-weight: 650;
        letter-spacing: -0.01em;
        color: var(--ink);
      }
      nav {
        display: flex;
        gap: var(--s5);
        min-width: 0;
      }
      nav a[aria-current="page"] {
        color: var(--ink);
        box-shadow: inset 0 -2px var(--mark);
      }
      .model {
        text-align: end;
      }
      main {
        min-width: 0;
      }
      footer {
        display: flex;
        flex-wrap: wrap;
        justify-content: space-between;
        align-items: center;
        gap: var(--s2) var(--s6);
        padding: var(--s4) var(--gutter);
        border-block-start: 1px solid var(--line);
        color: var(--soft);
        font-size: var(--small);
      }
      .choice {
        display: inline-flex;
        align-items: center;
        gap: var(--s1);
      }
      .choice select {
        border-color: transparent;
        background: none;
      }
      .choice option {
        background: var(--raised);
      }
      @media (max-width: 48rem) {
        header {
          grid-template-columns: 1fr auto;
          column-gap: var(--s4);
        }
        .model {
          overflow: hidden;
        }
        nav {
          grid-row: 2;
          grid-column: 1 / -1;
          justify-content: space-between;
          gap: var(--s2);
        }
        nav a {
          min-height: 2.75rem;
        }
      }
    `,
  ];
}

customElements.define("pickscore-app", PickScoreApp);
