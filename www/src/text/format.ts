/** Numbers and sizes in the reader's language. */

import { language } from "./language";

export function number(value: number, digits = 0): string {
  return value.toLocaleString(language.value, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** A share as a percentage. */
export function percent(share: number, digits = 1): string {
  return share.toLocaleString(language.value, { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** A number of bytes, in the decimal units that stores and files are sold in. */
export function bytes(count: number): string {
  if (count < 1e6) return `${number(Math.ceil(count / 1e3))} KB`;
  return count < 1e9 ? `${number(count / 1e6)} MB` : `${number(count / 1e9, 2)} GB`;
}

/** A length of time that is estimated: rounded to what can be believed. */
export function duration(seconds: number): string {
  const unit = (value: number, unit: string) =>
    value.toLocaleString(language.value, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: 0 });
  if (seconds < 60) return unit(Math.max(1, Math.ceil(seconds < 10 ? seconds : Math.ceil(seconds / 5) * 5)), "second");
  if (seconds < 5400) return unit(Math.ceil(seconds / 60), "minute");
  return unit(Math.round(seconds / 3600), "hour");
}
