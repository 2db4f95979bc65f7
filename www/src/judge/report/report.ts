/** What a saved summary says, in the reader's language: the same numbers as on the screen. */

import { number, percent } from "../../text/format";
import { judgeText } from "../../text/judge";
import { language } from "../../text/language";
import { reportText } from "../../text/report";
import type { RankedRow } from "../ranking-view";
import { countWords, type Summary } from "../summary";

export interface Report {
  language: string;
  title: string;
  /** The date and the counts. */
  subtitle: string;
  agreement: AgreementPart | undefined;
  rankings: RankingPart[];
  /** What ratings and intervals mean. */
  notes: string[];
  /** How it was made. */
  origin: string;
}

export interface AgreementPart {
  heading: string;
  note: string;
  rows: AgreementRow[];
}

/** How often a scorer, or the visitor again, agrees with the visitor. Shares from 0 to 1. */
export interface AgreementRow {
  name: string;
  value: number;
  low: number;
  high: number;
  words: string;
  /** Choices that it is about. */
  pairs: string;
  /** The scorer's accuracy in its paper, if known. */
  paper: string;
}

export interface RankingPart {
  heading: string;
  /** The prompt; `""` for models. */
  prompt: string;
  /** The name of the scorer whose scores the rows have; `""` if none. */
  scorer: string;
  rows: RankedRow[];
}

/** The images that a report shows. */
export function picturesOf(summary: Summary): string[] {
  return [...new Set(summary.images.flatMap(({ rows }) => rows.flatMap(({ picture }) => (picture ? [picture] : []))))];
}

export function reportOf(summary: Summary, now: Date): Report {
  const date = new Intl.DateTimeFormat(language.value, { dateStyle: "long" }).format(now);
  const rankings = rankingsOf(summary);
  const apart = rankings.some(({ rows }) => rows.some(({ group }) => group !== rows[0]?.group));
  const { controls } = summary;
  return {
    language: language.value,
    title: reportText.title,
    subtitle: `${date} · ${countWords(summary)}`,
    agreement: agreementOf(summary),
    rankings,
    notes: [
      ...(rankings.length > 0 ? [reportText.ratings] : []),
      ...(apart ? [judgeText.apartWords] : []),
      ...(controls.asked > 0 ? [reportText.controls(number(controls.passed), number(controls.asked))] : []),
    ],
    origin: reportText.origin,
  };
}

function agreementOf({ beside, scorer, scorerName, self }: Summary): AgreementPart | undefined {
  const rows: AgreementRow[] = beside.flatMap(({ column, agreement, paper }) =>
    agreement ? [agreementRow(column.title, { value: agreement.score, ...agreement }, agreement.pairs, paper)] : [],
  );
  // Scores in the records of a model that is not chosen any more.
  if (rows.length === 0 && scorer && scorer.pairs > 0) rows.push(agreementRow(scorerName, { value: scorer.score, ...scorer }, scorer.pairs, undefined));
  if (self.oneself) rows.push(agreementRow(reportText.again, self.oneself.accuracy, self.repeats.length, undefined));
  return rows.length === 0 ? undefined : { heading: reportText.agreement, note: reportText.agreementNote, rows };
}

function agreementRow(name: string, { value, low, high }: { value: number; low: number; high: number }, pairs: number, paper: number | undefined): AgreementRow {
  const words = `${percent(value, 0)} ${judgeText.interval(percent(low, 0), percent(high, 0))}`;
  return { name, value, low, high, words, pairs: number(pairs), paper: paper === undefined ? "–" : percent(paper) };
}

function rankingsOf({ images, models, scorerName }: Summary): RankingPart[] {
  const ofModels = models.length > 1 ? [{ heading: reportText.models, prompt: "", scorer: "", rows: models }] : [];
  const ofImages = images.map(({ prompt, rows }) => ({
    heading: reportText.images,
    prompt,
    scorer: rows.some(({ score }) => score !== undefined) ? scorerName : "",
    rows,
  }));
  return [...ofModels, ...ofImages].filter(({ rows }) => rows.length > 0);
}
