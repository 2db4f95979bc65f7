/**
 * The scorers that are used side by side. One model is loaded at a time; the others' scores come
 * from what is kept, or are computed when their turn comes.
 */

import { settings } from "../state/settings";
import type { ScorerName } from "./library";
import { type LoadChoice, type Session, session } from "./session";
import { expandAddress } from "./address";

/** A scorer that was chosen for use beside others. */
export interface PanelScorer {
  /** The address of its model. */
  model: string;
  scorer: ScorerName | "auto";
  /** The address of its head. */
  head: string | null;
  /** Its name for people. */
  title: string;
  /** What the engine said when it was last loaded; `""` before. */
  fingerprint: string;
  readsPrompt: boolean;
  /** The scorer that it was recognised as; absent before. */
  recognised?: ScorerName;
}

/** A taste of the visitor that is used. */
export interface TasteColumn {
  /** The fingerprint of its base scorer. */
  base: string;
  title: string;
  readsPrompt: boolean;
}

/** A scorer whose scores are shown. */
export interface Column {
  /** Identifies its scores: the fingerprint if there is one. */
  key: string;
  title: string;
  /** The scorer, if it is known. */
  scorer: ScorerName | undefined;
  readsPrompt: boolean;
  /** Whether its model is loaded. */
  isLoaded: boolean;
  /** How to load it; absent for local files. */
  choice: LoadChoice | undefined;
  /** Whether it is a taste of the visitor. */
  isTaste?: boolean;
}

interface Chosen {
  model: string;
  scorer?: ScorerName | "auto";
  head?: string | File | null;
}

/** Identifies a choice of model, scorer and head. */
export function choiceKey({ model, scorer = "auto", head = null }: Chosen): string {
  const file = head instanceof File ? `${head.name} ${head.size}` : (head ?? "");
  return [expandAddress(model), scorer, file].join(" ");
}

/** Whether a choice is used beside others. */
export function isOnPanel(choice: Chosen): boolean {
  const key = choiceKey(choice);
  return settings.value.panel.some((scorer) => choiceKey(scorer) === key);
}

/** The name of a chosen scorer. */
export function titleOf(choice: Chosen): string | undefined {
  const key = choiceKey(choice);
  return settings.value.panel.find((scorer) => choiceKey(scorer) === key)?.title;
}

/** Uses a scorer beside the others. The first one is used beside the loaded one. */
export function addToPanel(scorer: Omit<PanelScorer, "fingerprint">): void {
  if (isOnPanel(scorer)) return;
  const added = [...settings.value.panel];
  const { info, choice } = session.value;
  if (added.length === 0 && info && choice && typeof choice.model === "string" && !(choice.head instanceof File)) {
    const { model, scorer: as = "auto", head = null, name } = choice;
    if (choiceKey({ model, scorer: as, head }) !== choiceKey(scorer)) {
      added.push({ model, scorer: as, head, title: name, fingerprint: info.fingerprint ?? "", readsPrompt: info.readsPrompt, recognised: info.scorer });
    }
  }
  settings.patch({ panel: [...added, { ...scorer, fingerprint: "" }] });
}

export function removeFromPanel(choice: Chosen): void {
  const key = choiceKey(choice);
  settings.patch({ panel: settings.value.panel.filter((scorer) => choiceKey(scorer) !== key) });
}

// What the engine says of a scorer is remembered, so that its kept scores are found without it.
session.subscribe(({ info, choice }) => {
  if (!info || !choice || typeof choice.model !== "string") return;
  const key = choiceKey(choice as Chosen);
  const known = { fingerprint: info.fingerprint ?? "", readsPrompt: info.readsPrompt, recognised: info.scorer };
  const before = settings.value.panel.find((scorer) => choiceKey(scorer) === key);
  if (!before || (before.fingerprint === known.fingerprint && before.readsPrompt === known.readsPrompt && before.recognised === known.recognised)) return;
  settings.patch({ panel: settings.value.panel.map((scorer) => (scorer === before ? { ...scorer, ...known } : scorer)) });
});

/** The key of the loaded model's scores. */
export function loadedKey({ info, choice }: Session = session.value): string {
  if (info?.fingerprint) return info.fingerprint;
  if (!choice || !info) return "";
  if (typeof choice.model === "string") return choiceKey(choice as Chosen);
  const [file] = choice.model;
  return `${file?.name} ${file?.size} ${file?.lastModified} ${info.scorer}`;
}

/** The key of the scores of a taste. */
export function tasteKey(base: string): string {
  return `taste ${base}`;
}

/** The scorers whose scores are shown, and the visitor's tastes on top of them. */
export function columns(): Column[] {
  const scorers = scorerColumns();
  const tastes = settings.value.tastes.filter(({ base }) => scorers.some(({ key }) => key === base));
  const made = tastes.map(({ base, title, readsPrompt }): Column => ({ key: tasteKey(base), title, scorer: undefined, readsPrompt, isLoaded: false, choice: undefined, isTaste: true }));
  const keys = new Set(made.map(({ key }) => key));
  return [...scorers.filter(({ key }) => !keys.has(key)), ...made];
}

/** The chosen scorers, and the loaded one if it is not chosen. */
function scorerColumns(): Column[] {
  const { info, choice } = session.value;
  const loaded = choice && typeof choice.model === "string" ? choiceKey(choice as Chosen) : "";
  const chosen = settings.value.panel.map((scorer): Column => {
    const isLoaded = info !== undefined && choiceKey(scorer) === loaded;
    return {
      key: isLoaded ? loadedKey() : scorer.fingerprint || choiceKey(scorer),
      title: scorer.title,
      scorer: isLoaded ? info.scorer : (scorer.recognised ?? (scorer.scorer === "auto" ? undefined : scorer.scorer)),
      readsPrompt: isLoaded ? info.readsPrompt : scorer.readsPrompt,
      isLoaded,
      choice: choiceOf(scorer),
    };
  });
  if (!info) {
    const stored = known.filter(({ key }) => chosen.every((column) => column.key !== key));
    return [...stored.map((column): Column => ({ ...column, isLoaded: false, choice: undefined })), ...chosen];
  }
  if (chosen.some(({ isLoaded }) => isLoaded)) return chosen;
  const own: Column = { key: loadedKey(), title: choice?.name ?? info.model, scorer: info.scorer, readsPrompt: info.readsPrompt, isLoaded: true, choice: undefined };
  return [own, ...chosen];
}

/** A scorer whose results are stored with the table. */
export type KnownColumn = Pick<Column, "key" | "title" | "scorer" | "readsPrompt">;

let known: readonly KnownColumn[] = [];

// A model is loaded now; after it is unloaded, there is nothing to show.
session.subscribe(({ info }) => {
  if (info) known = [];
});

/** Scorers whose stored results are shown until a model is loaded. */
export function knowColumns(columns: readonly KnownColumn[]): void {
  known = columns;
}

/** The scorers whose results are shown, for the next visit. */
export function knownColumns(): KnownColumn[] {
  return columns().map(({ key, title, scorer, readsPrompt }) => ({ key, title, scorer, readsPrompt }));
}

export function choiceOf({ model, scorer, head, title }: PanelScorer): LoadChoice {
  return { model, name: title, ...(scorer !== "auto" && { scorer }), ...(head !== null && { head }) };
}
