/** The seeds, models and settings that files say: to sort by and to filter by. */

import { tableText } from "../text/table";
import type { Generation, Picture } from "./picture";

/** What a file says and images can be sorted and filtered by. */
export const FIELDS = ["model", "sampler", "scheduler", "steps", "guidance", "seed", "generator"] as const;
export type Field = (typeof FIELDS)[number];

/** The chosen value of some fields; `""` stands for files that do not say it. */
export type Filter = Readonly<Partial<Record<Field, string>>>;

/** The value of a field as text, or `""`. */
export function valueOf(generation: Generation | null | undefined, field: Field): string {
  const value = generation?.[field];
  return value === undefined ? "" : String(value);
}

/** Numbers, which mean nothing without the name of the field. */
const NUMBERS: readonly Field[] = ["steps", "guidance", "seed"];

/** What a file says of a field, in words; `""` until it has been read. */
export function saidWords({ generation }: Picture, field: Field): string {
  if (generation === undefined) return "";
  const value = valueOf(generation, field);
  if (value === "") return tableText.unsaid;
  return NUMBERS.includes(field) ? `${tableText[`field_${field}`]} ${value}` : value;
}

export function matches({ generation }: Picture, filter: Filter): boolean {
  return Object.entries(filter).every(([field, value]) => valueOf(generation, field as Field) === value);
}

/** Values and how many images have each, most frequent first. */
export function values(pictures: readonly Picture[], field: Field): [value: string, count: number][] {
  const counts = new Map<string, number>();
  for (const { generation } of pictures) {
    const value = valueOf(generation, field);
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return [...counts].sort(([a, many], [b, few]) => few - many || byValue(a, b));
}

/** Whether any file says how it was made. */
export function anyGeneration(pictures: readonly Picture[]): boolean {
  return pictures.some(({ generation }) => generation != null);
}

const natural = new Intl.Collator(undefined, { numeric: true });

/** Compares values: numbers by size, texts by name, missing ones last. */
export function byValue(a: string, b: string): number {
  if (a === "" || b === "") return Number(a === "") - Number(b === "");
  const [x, y] = [Number(a), Number(b)];
  return Number.isNaN(x) || Number.isNaN(y) || x === y ? natural.compare(a, b) : x - y;
}
