/** Numbers and sizes in the reader's language. */

import { language } from "./language";

/** Formats are made once: making one takes longer than a hundred numbers. */
const formats = new Map<string, Intl.NumberFormat>();

function format(value: number, digits: number, options: Intl.NumberFormatOptions = {}): string {
  const key = `${language.value} ${options.style} ${options.unit} ${digits}`;
  let found = formats.get(key);
  if (!found) {
    found = new Intl.NumberFormat(language.value, { ...options, minimumFractionDigits: digits, maximumFractionDigits: digits });
    formats.set(key, found);
  }
  return found.format(value);
}

export function number(value: number, digits = 0): string {
  return format(value, digits);
}

/** A share as a percentage. What is not nothing is not called nothing. */
export function percent(share: number, digits = 1): string {
  const least = 0.1 ** (digits + 2);
  return share > 0 && share < least / 2 ? `<${percent(least, digits)}` : format(share, digits, { style: "percent" });
}

/** A number of bytes, in the decimal units that stores and files are sold in. */
export function bytes(count: number): string {
  if (count < 1e6) return `${number(Math.ceil(count / 1e3))} KB`;
  return count < 1e9 ? `${number(count / 1e6)} MB` : `${number(count / 1e9, 2)} GB`;
}

/** A length of time that is estimated: rounded to what can be believed. */
export function duration(seconds: number): string {
  const unit = (value: number, unit: string) => format(value, 0, { style: "unit", unit, unitDisplay: "short" });
  if (seconds < 60) return unit(Math.max(1, Math.ceil(seconds < 10 ? seconds : Math.ceil(seconds / 5) * 5)), "second");
  if (seconds < 5400) return unit(Math.ceil(seconds / 60), "minute");
  return unit(Math.round(seconds / 3600), "hour");
}
