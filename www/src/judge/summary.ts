/** What a round shows: counts, agreement with scorers and with oneself, rankings. */

import { listRecords } from "../collection/collection";
import { type Agreement, type PreferenceRecord, type Ranked, records, type ScorerAgreement } from "../collection/library";
import { type Beside, beside } from "./beside";
import { retestable } from "./current";
import { number } from "../text/format";
import { judgeText } from "../text/judge";
import { median, secondsOf } from "./pace";
import type { Play } from "./play";
import type { RankedRow } from "./ranking-view";

export interface Summary {
  labelled: readonly PreferenceRecord[];
  beside: readonly Beside[];
  counts: { pairs: number; ties: number; skipped: number };
  /** The median time of an answer in seconds, and whether answers were about groups. */
  pace: { seconds: number; ofGroups: boolean };
  controls: { passed: number; asked: number };
  scorer: ScorerAgreement | null;
  scorerName: string;
  self: Agreement;
  /** Image rankings by prompt. */
  images: { prompt: string; rows: RankedRow[] }[];
  models: RankedRow[];
  retestable: number;
}

export async function summarise(play: Play): Promise<Summary> {
  const { scorerAgreement, ranking, selfAgreement } = await records();
  const all = await listRecords();
  const session = all.filter(({ session_uid }) => session_uid === play.row.session);
  const plain = session.filter(({ control }) => control === null);
  const labelled = plain.filter(({ has_label }) => has_label);
  const controls = session.filter(({ control, has_label }) => control !== null && has_label);
  // Includes earlier choices on pairs that this round repeated.
  const repeated = play.row.plan.mode === "retest" ? all : session;
  const scored = labelled.filter(({ scorer }) => scorer !== null);
  const scorerName = scored.at(-1)?.scorer?.name ?? "";
  const prompts = [...new Set(labelled.map(({ prompt }) => prompt))];
  // All prompts together, as the command ranks models.
  const ranked = async (by: "image" | "model"): Promise<Ranked[]> => (await ranking(labelled, by))?.items ?? [];
  const [images, models] = [await ranked("image"), await ranked("model")];
  return {
    labelled,
    beside: await beside(labelled),
    counts: {
      pairs: plain.length,
      ties: plain.filter(({ label }) => label === "tie").length,
      skipped: plain.length - labelled.length,
    },
    pace: { seconds: median(secondsOf(plain)), ofGroups: plain.some(({ group_uid: group }) => group) },
    controls: { asked: controls.length, passed: controls.filter(({ control, label }) => control === label).length },
    scorer: scorerAgreement(scored.filter(({ scorer }) => scorer?.name === scorerName)),
    scorerName,
    self: selfAgreement(repeated),
    images: prompts.map((prompt) => {
      const of = labelled.filter((record) => record.prompt === prompt);
      const shown = new Set(of.flatMap(({ left, right }) => [left.image_uid, right.image_uid]));
      const scores = scoresOf(of);
      const rows = images.filter(({ name }) => shown.has(name)).map((ranked) => {
        const path = play.items.get(ranked.name)?.path ?? "";
        const model = play.items.get(ranked.name)?.model;
        const label = path.split("/").pop() || model || ranked.name.slice(0, 8);
        return { ...ranked, label, picture: ranked.name, score: scores.get(ranked.name) };
      });
      return { prompt, rows };
    }),
    models: models.map((ranked) => ({ ...ranked, label: ranked.name })),
    retestable: retestable(all).length,
  };
}

function scoresOf(records: readonly PreferenceRecord[]): Map<string, number> {
  const scores = new Map<string, number>();
  for (const { left, right } of records) for (const { image_uid, score } of [left, right]) if (score !== null) scores.set(image_uid, score);
  return scores;
}

/** The counts in words. */
export function countWords({ counts, pace }: Summary): string {
  const words = [judgeText.pairsJudged(counts.pairs), judgeText.tiesOf(counts.ties), judgeText.skippedOf(counts.skipped)];
  const each = number(pace.seconds, 1);
  if (pace.seconds > 0) words.push(pace.ofGroups ? judgeText.perChoice(each) : judgeText.perPair(each));
  return words.join(judgeText.comma);
}
