/** What the visitor chose about the page itself, kept in this browser. Where it may not be kept, it holds until the tab closes. */

import { Store } from "./store";

export interface Settings {
  theme: "auto" | "light" | "dark";
  /** `""` follows the browser's. */
  language: "" | "en" | "ja";
  device: "auto" | "webgpu" | "cpu";
  precision: "auto" | "f32" | "f16" | "q8";
  /** Whether towers take turns in memory. */
  memory: "normal" | "low";
  /** The address of the model that was used last; `""` is the demonstration. */
  model: string;
  /** Origins beside the configuration's that the visitor allowed the page to connect to. */
  hosts: string[];
}

const KEY = "pickscore.settings";
const DEFAULTS: Settings = { theme: "auto", language: "", device: "auto", precision: "auto", memory: "normal", model: "", hosts: [] };
const CHOICES: { [K in keyof Settings]?: readonly Settings[K][] } = {
  theme: ["auto", "light", "dark"],
  language: ["", "en", "ja"],
  device: ["auto", "webgpu", "cpu"],
  precision: ["auto", "f32", "f16", "q8"],
  memory: ["normal", "low"],
};

export const settings = new Store<Settings>(read());
settings.subscribe((value) => {
  try {
    localStorage.setItem(KEY, JSON.stringify(value));
  } catch {
    // Storage is full or forbidden; the choice holds until the tab closes.
  }
});

/** What is stored, as far as it is what it should be. */
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
    if (choices ? choices.includes(value) : typeof value === typeof DEFAULTS[key] && key !== "hosts") found[key] = value;
  }
  if (Array.isArray(stored.hosts)) found.hosts = stored.hosts.filter((host) => typeof host === "string");
  return found as unknown as Settings;
}
