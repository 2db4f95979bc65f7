/**
 * The visitor's settings, stored in this browser; where that is not allowed, they last until the
 * tab closes.
 */

import type { ScorerName } from "../engine/library";
import type { PanelScorer, TasteColumn } from "../engine/panel";
import { Store } from "./store";

export interface Settings {
  theme: "auto" | "light" | "dark";
  /** `""` follows the browser. */
  language: "" | "en" | "ja";
  device: "auto" | "webgpu" | "cpu";
  precision: "auto" | "f32" | "f16" | "q8" | "q8-fast";
  /** Whether the towers take turns in memory. */
  memory: "normal" | "low";
  /** Address of the model used last; `""` is the demonstration. */
  model: string;
  /** How it was loaded: the scorer, and the address of its head or `""`. */
  scorer: ScorerName | "auto";
  head: string;
  /** The scorers that are used side by side. */
  panel: PanelScorer[];
  /** The visitor's tastes that are used beside their base scorers. */
  tastes: TasteColumn[];
  /** Whether tastes are learned from choices made while scores were visible, too. */
  learnsVisible: boolean;
  /** Origins that the visitor allowed, besides the configuration's. */
  hosts: string[];
}

const KEY = "pickscore.settings";
const DEFAULTS: Settings = { theme: "auto", language: "", device: "auto", precision: "auto", memory: "normal", model: "", scorer: "auto", head: "", panel: [], tastes: [], learnsVisible: true, hosts: [] };
const CHOICES: { [K in keyof Settings]?: readonly Settings[K][] } = {
  theme: ["auto", "light", "dark"],
  language: ["", "en", "ja"],
  device: ["auto", "webgpu", "cpu"],
  precision: ["auto", "f32", "f16", "q8", "q8-fast"],
  memory: ["normal", "low"],
};

export const settings = new Store<Settings>(read());
settings.subscribe((value) => {
  try {
    localStorage.setItem(KEY, JSON.stringify(value));
  } catch {
    // Storage is full or forbidden; the settings last until the tab closes.
  }
});

/** Reads the stored settings and ignores invalid ones. */
function read(): Settings {
  let stored: Partial<Record<keyof Settings, unknown>> = {};
  try {
    const json: unknown = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    if (typeof json === "object" && json !== null) stored = json;
  } catch {
    return DEFAULTS;
  }
  const found = { ...DEFAULTS } as Record<keyof Settings, unknown>;
  for (const key of Object.keys(DEFAULTS) as (keyof Settings)[]) {
    const value = stored[key];
    const choices = CHOICES[key] as readonly unknown[] | undefined;
    if (choices ? choices.includes(value) : typeof value === typeof DEFAULTS[key] && !Array.isArray(DEFAULTS[key])) found[key] = value;
  }
  if (Array.isArray(stored.hosts)) found.hosts = stored.hosts.filter((host) => typeof host === "string");
  if (Array.isArray(stored.panel)) found.panel = stored.panel.filter(isPanelScorer);
  if (Array.isArray(stored.tastes)) found.tastes = stored.tastes.filter(isTaste);
  return found as unknown as Settings;
}

function isTaste(value: unknown): value is TasteColumn {
  const { base, title, readsPrompt } = (value ?? {}) as Record<keyof TasteColumn, unknown>;
  return typeof base === "string" && typeof title === "string" && typeof readsPrompt === "boolean";
}

function isPanelScorer(value: unknown): value is PanelScorer {
  if (typeof value !== "object" || value === null) return false;
  const { model, scorer, head, title, fingerprint, readsPrompt, recognised = "" } = value as Record<keyof PanelScorer, unknown>;
  const texts = [model, scorer, title, fingerprint, recognised].every((text) => typeof text === "string");
  return texts && (head === null || typeof head === "string") && typeof readsPrompt === "boolean";
}
