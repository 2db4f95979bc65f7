/**
 * Sets CSS properties on an element without a `style` attribute, which the content security policy
 * refuses.
 */

import { noChange } from "lit";
import { AsyncDirective } from "lit/async-directive.js";
import { directive, type ElementPart, PartType, type PartInfo } from "lit/directive.js";

type Properties = Record<string, string>;

class StyleDirective extends AsyncDirective {
  #before: Properties = {};

  constructor(part: PartInfo) {
    super(part);
    if (part.type !== PartType.ELEMENT) throw new Error("`styled` stands in an element's tag");
  }

  render(_properties: Properties): unknown {
    return noChange;
  }

  override update(part: ElementPart, [properties]: [Properties]): unknown {
    const { style } = part.element as HTMLElement;
    for (const [name, value] of Object.entries(properties)) {
      if (this.#before[name] !== value) style.setProperty(name, value);
    }
    for (const name of Object.keys(this.#before)) if (!(name in properties)) style.removeProperty(name);
    this.#before = properties;
    return noChange;
  }
}

/** `<div ${styled({ "--x": "1px" })}>` */
export const styled = directive(StyleDirective);
