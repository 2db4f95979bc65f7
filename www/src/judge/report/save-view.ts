/** Saves the summary as a file to show to others: HTML, PNG or SVG. Nothing is sent anywhere. */

import { css, html, type TemplateResult } from "lit";
import { PickElement } from "../../design/element";
import { icon } from "../../design/icons";
import { save } from "../../score/export";
import { toast } from "../../shell/toasts";
import { reportText } from "../../text/report";
import type { Summary } from "../summary";

type Kind = "html" | "png" | "svg";
const KINDS: readonly Kind[] = ["html", "png", "svg"];
const TYPES: Readonly<Record<Kind, string>> = { html: "text/html", png: "image/png", svg: "image/svg+xml" };

export class ReportSave extends PickElement {
  static override properties = { summary: { attribute: false }, images: { state: true }, making: { state: true } };
  declare summary: Summary;
  /** Whether the file contains small copies of the images. */
  declare private images: boolean;
  declare private making: Kind | undefined;

  constructor() {
    super();
    this.images = true;
    this.making = undefined;
  }

  override render(): TemplateResult {
    return html`
      <h2>${reportText.heading}</h2>
      <p class="small soft">${reportText.words}</p>
      <label class="check small">
        <input type="checkbox" .checked=${this.images} @change=${(event: Event) => (this.images = (event.target as HTMLInputElement).checked)} />
        ${reportText.withImages}
      </label>
      <div class="row">
        ${KINDS.map(
          (kind) => html`<button type="button" ?disabled=${this.making !== undefined} @click=${() => void this.#save(kind)}>
            ${icon("download")}${reportText[`save_${kind}`]}
          </button>`,
        )}
        <span class="small soft" role="status">${this.making ? reportText.making : ""}</span>
      </div>
    `;
  }

  async #save(kind: Kind): Promise<void> {
    if (this.making) return;
    this.making = kind;
    try {
      const { fileOf } = await import("./file");
      const now = new Date();
      const { content, missing } = await fileOf(kind, this.summary, this.images, now);
      const name = `pickscore-ranking-${now.toISOString().slice(0, 10)}.${kind}`;
      save(content, name, TYPES[kind]);
      toast({ text: missing > 0 ? `${reportText.saved(name)} ${reportText.missing(missing)}` : reportText.saved(name) });
    } catch (error) {
      toast({ text: reportText.failed(error instanceof Error ? error.message : String(error)), stays: true });
    } finally {
      this.making = undefined;
    }
  }

  static override styles = [
    ...PickElement.shared,
    css`
      :host {
        display: grid;
        gap: var(--s2);
        justify-items: start;
        padding-block: var(--s4);
        border-block: 1px solid var(--line);
      }
      p {
        max-width: 68ch;
      }
    `,
  ];
}

customElements.define("report-save", ReportSave);
