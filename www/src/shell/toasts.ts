/** Short messages at the bottom of the page, and announcements for screen readers. */

import { css, html, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { PickElement } from "../design/element";
import { icon } from "../design/icons";
import { Store, Watch } from "../state/store";
import { shellText } from "../text/shell";

export interface Toast {
  text: string;
  /** An action that the message offers. */
  action?: { label: string; run: () => void };
  /** Whether it stays until dismissed. Problems and questions stay; other messages disappear. */
  stays?: boolean;
}

const shown = new Store<(Toast & { id: number })[]>([]);
const spoken = new Store("");
let next = 0;

/** Shows a message. Returns a function that removes it. */
export function toast(toast: Toast): () => void {
  const id = next++;
  shown.value = [...shown.value.slice(-2), { ...toast, id }];
  const dismiss = () => {
    shown.value = shown.value.filter((other) => other.id !== id);
  };
  // Long enough to read it twice.
  if (!toast.stays) setTimeout(dismiss, 4000 + 60 * toast.text.length + (toast.action ? 6000 : 0));
  return dismiss;
}

/** Announces a text to screen readers, after what they are reading now. */
export function announce(text: string): void {
  // The same text twice is no change and would not be announced.
  spoken.value = text === spoken.value ? `${text}\u00a0` : text;
}

export class PickToasts extends PickElement {
  constructor() {
    super();
    new Watch(this, shown, spoken);
  }

  override render(): TemplateResult {
    return html`
      <div role="status" class="hidden-text">${spoken.value}</div>
      <div role="status" class="toasts">
        ${repeat(
          shown.value,
          ({ id }) => id,
          (toast) => {
            const dismiss = () => {
              shown.value = shown.value.filter(({ id }) => id !== toast.id);
            };
            const act = () => {
              dismiss();
              toast.action?.run();
            };
            return html`<p>
              <span>${toast.text}</span>
              ${toast.action ? html`<button type="button" @click=${act}>${toast.action.label}</button>` : ""}
              <button type="button" class="quiet" aria-label=${shellText.dismiss} @click=${dismiss}>${icon("close")}</button>
            </p>`;
          },
        )}
      </div>
    `;
  }

  static override styles = [
    ...PickElement.shared,
    css`
      .toasts {
        position: fixed;
        inset: auto var(--gutter) calc(max(var(--s4), env(safe-area-inset-bottom)) + var(--below, 0px));
        display: grid;
        gap: var(--s2);
        justify-items: center;
        pointer-events: none;
        z-index: 50;
      }
      p {
        pointer-events: auto;
        display: flex;
        align-items: center;
        gap: var(--s3);
        max-width: var(--narrow);
        padding: var(--s1) var(--s1) var(--s1) var(--s4);
        font-size: var(--small);
        color: var(--ground);
        background: var(--ink);
        border-radius: var(--corner);
        overflow-wrap: anywhere;
      }
      button,
      button:hover {
        color: inherit;
        border-color: currentColor;
        background: none;
        white-space: nowrap;
      }
      button.quiet {
        border-color: transparent;
      }
      :focus-visible {
        outline-color: currentColor;
      }
    `,
  ];
}

customElements.define("pick-toasts", PickToasts);
