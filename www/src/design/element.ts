/** Base class of every element of the page: the shared styles and the language. */

import { type CSSResult, LitElement } from "lit";
import { Watch } from "../state/store";
import { language } from "../text/language";
import { base } from "./base";

export class PickElement extends LitElement {
  /** Put these first in `styles`. */
  static readonly shared: readonly CSSResult[] = [base];
  static override styles: CSSResult[] = [base];

  constructor() {
    super();
    new Watch(this, language);
  }
}
