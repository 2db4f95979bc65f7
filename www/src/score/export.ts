/** Scores as files, with the columns and fields of the command `pickscore score`. */

import type { Info } from "../engine/library";
import { ranks } from "./order";
import type { Picture } from "./picture";

/** Scores of every prompt as CSV (RFC 4180). */
export function toCsv(pictures: readonly Picture[], prompts: readonly string[]): string {
  const lines = [["prompt", "path", "score", "probability", "rank", "selected"]];
  for (const prompt of prompts) {
    const ranked = ranks(pictures, prompt);
    for (const picture of pictures) {
      const result = picture.results.get(prompt);
      const numbers = result ? [String(result.score), String(result.probability ?? ""), String(ranked.get(picture))] : ["", "", ""];
      lines.push([cell(prompt), cell(picture.path), ...numbers, picture.selected ? "1" : "0"]);
    }
  }
  return lines.map((line) => `${line.join(",")}\r\n`).join("");
}

/** Scores as JSON: one prompt at the top level, several in a list. */
export function toJson(pictures: readonly Picture[], prompts: readonly string[], info: Info | undefined): string {
  const results = prompts.map((prompt) => {
    const ranked = ranks(pictures, prompt);
    const scored = pictures.filter((picture) => picture.results.has(prompt));
    return {
      prompt,
      images: scored.map((picture) => ({ path: picture.path, ...picture.results.get(prompt), rank: ranked.get(picture), selected: picture.selected })),
    };
  });
  const errors = pictures.flatMap(({ path, problem }) => (problem ? [{ path, error: problem.message }] : []));
  const answer = {
    model: info?.model,
    scorer: info?.scorer,
    device: info?.device,
    precision: info?.precision,
    ...(results.length === 1 ? results[0] : { prompts: results }),
    ...(errors.length > 0 && { errors }),
  };
  return `${JSON.stringify(answer, null, 2)}\n`;
}

/**
 * A text as one cell. Spreadsheets would run a file name that looks like a formula; a leading
 * apostrophe makes it text (OWASP, CSV injection).
 */
export function cell(text: string): string {
  const safe = /^[=+\-@\t\r\n＝＋－＠]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Downloads a text as a file. */
export function save(text: string, name: string, type: string): void {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The download has started by the next task.
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
