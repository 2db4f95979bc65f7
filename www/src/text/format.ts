/** Numbers and sizes in the reader's language. */

import { language } from "./language";

/** Formats are cached: creating one takes longer than formatting a hundred numbers. */
const formats = new Map<string, Intl.NumberFormat>();

function format(value: number, digits: number, options: Intl.NumberFormatOptions = {}): string {
  const key = `${language.value} ${options.style} ${options.unit} ${digits}`;
  let found = formats.get(key);
  if (!found) {
    found = new Intl.NumberFormat(language.value, { ...options, minimumFractionDigits: digits, maximumFractionDigits: digits });
    formats.set(key, found);
  }
  return signed(found.format(value));
}

/** With a real minus sign, which is as wide as a digit, and without one before zero. */
function signed(text: string): string {
  return text.replace(/^-(?=[0.,]+%?$)/, "").replace(/^-/, "−");
}

export function number(value: number, digits = 0): string {
  return format(value, digits);
}

/** A share as a percentage. A small share above zero is never shown as zero. */
export function percent(share: number, digits = 1): string {
  const least = 0.1 ** (digits + 2);
  if (share > 0 && share < least / 2) return `<${percent(least, digits)}`;
  if (share < 1 && share > 1 - least / 2) return `>${percent(1 - least, digits)}`;
  return format(share, digits, { style: "percent" });
}

/** A number of bytes in decimal units. */
export function bytes(count: number): string {
  if (count < 1e6) return `${number(Math.ceil(count / 1e3))} KB`;
  return count < 1e9 ? `${number(count / 1e6)} MB` : `${number(count / 1e9, 2)} GB`;
}

/** What stands between two sentences. */
export function between(): string {
  return language.value === "ja" ? "" : " ";
}

/** An estimated duration, rounded to a plausible precision. */
export function duration(seconds: number): string {
  const unit = (value: number, unit: string) => format(value, 0, { style: "unit", unit, unitDisplay: language.value === "ja" ? "narrow" : "short" });
  if (seconds < 60) return unit(Math.max(1, Math.ceil(seconds < 10 ? seconds : Math.ceil(seconds / 5) * 5)), "second");
  if (seconds < 5400) return unit(Math.ceil(seconds / 60), "minute");
  return unit(Math.round(seconds / 3600), "hour");
}

/**
 * Digits after the point of scores of which `largest` is the largest without its sign. Cosines and
 * shares differ only in their later digits.
 */
export function scoreDigits(largest: number): number {
  return largest < 1.2 ? 4 : 2;
}

/** A score. Scores of one scorer that are shown together have the same number of digits. */
export function scoreNumber(score: number, largest: number): string {
  return number(score, scoreDigits(largest));
}
