/** Short messages at the bottom of the page, and announcements to screen readers alone. */

import { css, html, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { PickElement } from "../design/element";
import { icon } from "../design/icons";
import { Store, Watch } from "../state/store";
import { shellText } from "../text/shell";

export interface Toast {
  text: string;
  /** Something to do about it. */
  action?: { label: string; run: () => void };
  /** Whether it stays until it is dismissed. Problems and questions do; anything else goes by itself. */
  stays?: boolean;
}

const shown = new Store<(Toast & { id: number })[]>([]);
const spoken = new Store("");
let next = 0;

/** Shows a message. Returns what takes it away again. */
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

/** Says something to screen readers, once they are done with what they say now. */
export function announce(text: string): void {
  // The same words twice are no change, and would not be said.
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
        inset: auto var(--gutter) max(var(--s4), env(safe-area-inset-bottom));
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
        max-width: 38rem;
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
