/**
 * One line that leads to the visitor’s tastes on Models: whether there are enough choices to learn
 * from, or how many more it roughly takes.
 */

import { html, nothing, type TemplateResult } from "lit";
import { PickElement } from "../design/element";
import { session } from "../engine/session";
import { href } from "../shell/router";
import { settings } from "../state/settings";
import { Watch } from "../state/store";
import { number } from "../text/format";
import { tasteText } from "../text/taste";
import type { KeptTaste } from "./kept";
import { follow, type Mine, mine } from "./mine";
import { isOffered } from "./used";

/**
 * Choices from which on a first taste is suggested. With fewer, it is mostly worse than its scorer:
 * `crate/taste/README.md` has the curve.
 */
const ENOUGH = 50;

export class TasteInvite extends PickElement {
  #stop: (() => void) | undefined;

  constructor() {
    super();
    new Watch(this, mine, session, settings);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#stop = follow();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop?.();
  }

  override render(): TemplateResult | typeof nothing {
    const line = lineOf(mine.value);
    // Without a line, it takes no place between its neighbours.
    this.hidden = line === undefined;
    return line ? html`<p class="small soft">${line.words} <a href=${href("models", { part: "taste" })}>${line.link}</a></p>` : nothing;
  }

  static override styles = [...PickElement.shared];
}

interface Line {
  words: string;
  link: string;
}

/** Undefined if there is nothing to say, or not yet. */
function lineOf({ choices: all, visible, tastes }: Mine): Line | undefined {
  if (all === undefined || tastes === undefined) return undefined;
  const choices = settings.value.learnsVisible ? all : all - visible;
  const { info } = session.value;
  const taste = info ? tastes.find(({ base }) => base === info.fingerprint) : tastes[0];
  return taste ? ofTaste(taste, choices) : ofChoices(choices);
}

/** Before a taste was learned on top of the model. */
function ofChoices(choices: number): Line | undefined {
  if (choices === 0) return undefined;
  if (choices < ENOUGH) return { words: tasteText.inviteSoon(number(ENOUGH - choices)), link: tasteText.heading };
  return { words: tasteText.inviteNow(number(choices)), link: tasteText.learnPlain };
}

function ofTaste(taste: KeptTaste, choices: number): Line {
  const { info, report } = taste;
  if (!report) return { words: tasteText.broughtIn(info.name), link: tasteText.heading };
  const { duplicates = 0, gone } = report.left_out;
  const fresh = Math.max(0, choices - report.choices - duplicates - gone);
  const { needed } = report;
  const more = "more" in needed ? needed.more - fresh : 0;
  if (more > 0) {
    const words = needed.state === "about" ? tasteText.inviteMore(info.name, number(more)) : tasteText.inviteAtLeast(info.name, number(more));
    return { words, link: tasteText.heading };
  }
  if (fresh > 0) return { words: tasteText.inviteAgain(info.name, number(fresh)), link: tasteText.learnAgainPlain };
  return { words: isOffered(taste) ? tasteText.inviteOffered(info.name) : tasteText.inviteNot(info.name), link: tasteText.heading };
}

customElements.define("taste-invite", TasteInvite);
