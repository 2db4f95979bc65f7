/** The accuracy of a taste in words. */

import type { TasteAccuracy, TasteInfo } from "../collection/library";
import { between, number, percent } from "../text/format";
import { tasteText } from "../text/taste";

/** How accurate a taste and its base scorer are, on which choices, and how many it learned from. */
export function accuracySentences({ info, model }: { info: TasteInfo; model: string }): string {
  const learned = tasteText.learnedFrom(number(info.choices));
  return info.accuracy ? [measured(info.accuracy, model), learned].join(between()) : learned;
}

function measured({ tested, taste, base }: TasteAccuracy, model: string): string {
  const words = ({ value, low, high }: TasteAccuracy["taste"]) => tasteText.interval(percent(value, 0), percent(low, 0), percent(high, 0));
  return tasteText.measured(words(taste), model, words(base), number(tested));
}
