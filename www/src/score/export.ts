/** Scores as files, with the columns and fields of the command `pickscore score`. */

import type { Column } from "../engine/panel";
import type { Info } from "../engine/library";
import { download } from "../files/download";
import { averaged } from "./columns";
import { ranks, ranksFor, ranksOf } from "./order";
import { byOwnPrompt, OWN, promptWords } from "./own";
import type { Picture, Result } from "./picture";

/** How a table of some saved images differs. */
export interface Saving {
  /** The images that they are ranked among; by default the table's own. */
  among?: readonly Picture[];
  /** The names of the saved files, in a column of their own. */
  files?: ReadonlyMap<Picture, string>;
}

/** Scores of every prompt as CSV (RFC 4180). */
export function toCsv(pictures: readonly Picture[], prompts: readonly string[], { among = pictures, files }: Saving = {}): string {
  const lines = prompts.flatMap((prompt) => {
    const ranked = ranks(among, prompt);
    return pictures.map((picture) => [cell(promptWords(prompt, picture)), ...places(picture, files), ...numbers(picture.results.get(prompt), ranked.get(picture)), selected(picture)]);
  });
  return table([["prompt", "path", ...(files ? ["file"] : []), "score", "probability", "rank", "selected"], ...lines]);
}

/** The scores of several scorers as CSV: three columns each, then the mean of their z-scores. */
export function toCsvOfSeveral(pictures: readonly Picture[], prompts: readonly string[], scorers: readonly Column[], { among = pictures, files }: Saving = {}): string {
  const names = namesOf(scorers).flatMap((name) => ["score", "probability", "rank"].map((column) => cell(`${name}.${column}`)));
  const lines = prompts.flatMap((prompt) => {
    const ranked = scorers.map((scorer) => ranksFor(among, prompt, resultOf(scorer, prompt)));
    const means = new Map(sets(among, [prompt]).flatMap(({ of }) => [...meansOf(of, prompt, scorers)]));
    return pictures.map((picture) => {
      const cells = scorers.flatMap((scorer, index) => numbers(resultOf(scorer, prompt)(picture), ranked[index]?.get(picture)));
      const mean = means.get(picture);
      return [cell(promptWords(prompt, picture)), ...places(picture, files), ...cells, String(mean?.mean_z ?? ""), String(mean?.rank ?? ""), selected(picture)];
    });
  });
  return table([["prompt", "path", ...(files ? ["file"] : []), ...names, "mean_z", "rank", "selected"], ...lines]);
}

/** Scores as JSON: one prompt at the top level, several in a list. */
export function toJson(pictures: readonly Picture[], prompts: readonly string[], info: Info | undefined): string {
  const results = sets(pictures, prompts).map(({ prompt, words, of }) => ({ prompt: words, images: imagesOf(of, ({ results }) => results.get(prompt)) }));
  return text(pictures, {
    model: info?.model,
    scorer: info?.scorer,
    device: info?.device,
    precision: info?.precision,
    ...(results.length === 1 ? results[0] : { prompts: results }),
  });
}

/** The scores of several scorers as JSON. Device and precision are known of the loaded one. */
export function toJsonOfSeveral(pictures: readonly Picture[], prompts: readonly string[], scorers: readonly Column[], info: Info | undefined): string {
  const names = namesOf(scorers);
  const results = sets(pictures, prompts).map(({ prompt, words, of }) => ({
    prompt: words,
    scorers: scorers.map((scorer, index) => ({
      model: names[index],
      scorer: scorer.scorer,
      ...(scorer.isLoaded && { device: info?.device, precision: info?.precision }),
      images: imagesOf(of, resultOf(scorer, prompt)),
    })),
    mean: [...meansOf(of, prompt, scorers)].map(([{ path }, mean]) => ({ path, ...mean })),
  }));
  return text(pictures, { ...(results.length === 1 ? results[0] : { prompts: results }) });
}

/** What is scored together: all images for each prompt, or each own prompt's images. */
function sets(pictures: readonly Picture[], prompts: readonly string[]): { prompt: string; words: string; of: readonly Picture[] }[] {
  return prompts.flatMap((prompt) => (prompt === OWN ? [...byOwnPrompt(pictures)].map(([words, of]) => ({ prompt, words, of })) : [{ prompt, words: prompt, of: pictures }]));
}

function text(pictures: readonly Picture[], answer: object): string {
  const errors = pictures.flatMap(({ path, problem }) => (problem ? [{ path, error: problem.message }] : []));
  return `${JSON.stringify({ ...answer, ...(errors.length > 0 && { errors }) }, null, 2)}\n`;
}

function imagesOf(pictures: readonly Picture[], resultOf: (picture: Picture) => Result | undefined): object[] {
  const ranked = ranksOf(pictures, resultOf);
  const scored = pictures.filter((picture) => ranked.has(picture));
  return scored.map((picture) => ({ path: picture.path, ...resultOf(picture), rank: ranked.get(picture), selected: picture.selected }));
}

function resultOf({ key }: Column, prompt: string): (picture: Picture) => Result | undefined {
  return ({ scores }) => scores.get(key)?.get(prompt);
}

/**
 * The mean z-scores of the images that every scorer has scored, and their ranks by them; tastes are
 * left out.
 */
function meansOf(pictures: readonly Picture[], prompt: string, columns: readonly Column[]): Map<Picture, { mean_z: number; rank: number | undefined }> {
  const scorers = averaged(columns);
  const complete = pictures.filter((picture) => scorers.every((scorer) => resultOf(scorer, prompt)(picture)));
  const scores = scorers.map((scorer) => standardised(complete.map((picture) => resultOf(scorer, prompt)(picture)?.score ?? 0)));
  const means = new Map(complete.map((picture, index) => [picture, scores.reduce((sum, of) => sum + (of[index] ?? 0), 0) / scorers.length]));
  const ranked = ranksOf(complete, (picture) => ({ score: means.get(picture) ?? 0 }));
  return new Map(complete.map((picture) => [picture, { mean_z: means.get(picture) ?? 0, rank: ranked.get(picture) }]));
}

/** Scores with mean 0 and standard deviation 1, as `standardised` of `crate/score`. */
function standardised(scores: readonly number[]): number[] {
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  const deviation = Math.sqrt(scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / scores.length);
  return scores.map((score) => (scores.every((other) => other === scores[0]) ? 0 : (score - mean) / deviation));
}

/** A different name for each scorer, numbered as the command numbers models of equal names. */
function namesOf(scorers: readonly Column[]): string[] {
  const titles = scorers.map(({ title }) => title);
  const found: string[] = [];
  for (const title of titles) {
    let name = title;
    for (let number = 2; found.includes(name) || (name !== title && titles.includes(name)); number++) name = `${title} ${number}`;
    found.push(name);
  }
  return found;
}

/** Where an image was, and what its saved file is called. */
function places(picture: Picture, files: Saving["files"]): string[] {
  return files ? [cell(picture.path), cell(files.get(picture) ?? "")] : [cell(picture.path)];
}

function numbers(result: Result | undefined, rank: number | undefined): string[] {
  return result ? [String(result.score), String(result.probability ?? ""), String(rank)] : ["", "", ""];
}

function selected(picture: Picture): string {
  return picture.selected ? "1" : "0";
}

function table(lines: readonly (readonly string[])[]): string {
  return lines.map((line) => `${line.join(",")}\r\n`).join("");
}

/**
 * A text as one cell. Spreadsheets would run a file name that looks like a formula; a leading
 * apostrophe makes it text (OWASP, CSV injection).
 */
export function cell(text: string): string {
  const safe = /^[=+\-@\t\r\n＝＋－＠]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Downloads a text or other content as a file. */
export function save(content: BlobPart, name: string, type: string): void {
  download(new Blob([content], { type }), name);
}
