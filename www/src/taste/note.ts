/** Beside every use of a taste: how accurate it is, next to its base scorer. */

import { css, html, nothing, type TemplateResult } from "lit";
import { PickElement } from "../design/element";
import { Store, Watch } from "../state/store";
import { settings } from "../state/settings";
import { accuracySentences } from "./accuracy";
import type { KeptTaste } from "./kept";

/** The kept tastes, as far as they have been read. */
export const noted = new Store<readonly KeptTaste[]>([]);

export class TasteNote extends PickElement {
  constructor() {
    super();
    new Watch(this, noted, settings);
  }

  override render(): TemplateResult | typeof nothing {
    const used = settings.value.tastes.flatMap(({ base }) => noted.value.find((taste) => taste.base === base) ?? []);
    if (used.length === 0) return nothing;
    return html`<ul>
      ${used.map((taste) => html`<li class="small soft"><bdi>${taste.info.name}</bdi>: ${accuracySentences(taste)}</li>`)}
    </ul>`;
  }

  static override styles = [
    ...PickElement.shared,
    css`
      :host {
        max-width: var(--measure);
      }
      ul {
        display: grid;
        gap: var(--s1);
      }
    `,
  ];
}

customElements.define("taste-note", TasteNote);
