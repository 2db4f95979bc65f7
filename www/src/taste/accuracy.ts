/** The accuracy of a taste in words. */

import type { TasteAccuracy } from "../collection/library";
import { between, number, percent } from "../text/format";
import { tasteText } from "../text/taste";
import type { KeptTaste } from "./kept";

/**
 * How accurate a taste and its base scorer are, on which choices, and how many it learned from. An
 * imported taste was not measured here, so its file is quoted.
 */
export function accuracySentences({ info, model, report, hard = 0 }: KeptTaste): string {
  const { accuracy } = info;
  const choices = number(info.choices);
  const words = ({ value, low, high }: TasteAccuracy["taste"]) => tasteText.interval(percent(value, 0), percent(low, 0), percent(high, 0));
  if (!report) return accuracy ? tasteText.claimed(choices, words(accuracy.taste), model, words(accuracy.base), number(accuracy.tested)) : tasteText.claimedFrom(choices);
  const learned = tasteText.learnedFrom(choices);
  if (!accuracy) return learned;
  const measured = [tasteText.measured(words(accuracy.taste), model, words(accuracy.base), number(accuracy.tested))];
  if (hard > 0) measured.push(tasteText.hard(number(hard), choices));
  return [...measured, learned].join(between());
}
