/**
 * The host's configuration: `config.json` next to `index.html`. Every field has a default; an
 * invalid field keeps it, and the console says which. `www/README.md` documents the fields.
 */

import type { Language } from "../text/language";

/** One text for all languages, or one for each. */
export type Localised = string | Partial<Record<Language, string>>;

export interface OfferedModel {
  name: string;
  /** An address as `PickScore.load` takes it. */
  address: string;
  /** Bytes to download, if known. */
  bytes?: number;
  /** Bytes once stored, by precision. */
  kept?: { f16?: number; q8?: number };
  /** A sentence or two about it. */
  about?: Localised;
}

export interface Licence {
  /** SPDX identifier. */
  id: string;
  name: string;
  url?: string;
}

export interface Config {
  title: string;
  /** The model that is loaded first; `null` for none. */
  demonstration: OfferedModel | null;
  /** The first is offered next to the demonstration. */
  models: OfferedModel[];
  /** Sources for the content security policy's `connect-src`, besides the page's own. */
  hosts: string[];
  /** Address of the sample set's `samples.json`; `null` for none. */
  samples: string | null;
  /** What contributors agree to. */
  consent: Localised;
  /** The version of that text, recorded in contributions. */
  consentVersion: string;
  /** Licences for contributions; the first is the default. */
  licences: Licence[];
  /** Where to submit contributions: a page, or a dataset on the Hugging Face Hub. */
  handIn: { link: string | null; hub: string | null };
}

export const DEFAULTS: Config = {
  title: "PickScore",
  demonstration: { name: "PickScore tiny", address: "models/pickscore-tiny/" },
  models: [
    {
      name: "PickScore v1",
      address: "https://huggingface.co/yuvalkirstain/PickScore_v1",
      bytes: 3_944_517_836,
      kept: { f16: 1_972_304_640, q8: 1_110_000_000 },
      about: {
        en: "The published model: CLIP ViT-H/14, 986 million parameters, trained on half a million human choices.",
        ja: "公開されている本来のモデルです（CLIP ViT-H/14、9億8600万パラメーター）。人による約50万件の選択から学習しています。",
      },
    },
  ],
  hosts: ["https://huggingface.co", "https://*.huggingface.co", "https://*.hf.co", "https://raw.githubusercontent.com"],
  samples: "samples/samples.json",
  consent: {
    en: "I made these images myself or may share them, I chose freely, and I agree that my choices and the images are published under the licence above. They contain nothing private.",
    ja: "画像は自分で作成したもの、または共有する権利のあるものです。判定は自分の意思で行いました。判定結果と画像が上記のライセンスで公開されることに同意します。個人情報は含まれていません。",
  },
  consentVersion: "3",
  licences: [
    { id: "CC0-1.0", name: "Creative Commons Zero 1.0", url: "https://creativecommons.org/publicdomain/zero/1.0/" },
    { id: "CC-BY-4.0", name: "Creative Commons Attribution 4.0", url: "https://creativecommons.org/licenses/by/4.0/" },
    { id: "MIT", name: "MIT", url: "https://opensource.org/license/mit" },
  ],
  handIn: { link: null, hub: null },
};

let current = DEFAULTS;

/** The text in a language, or in any that it has. */
export function localised(text: Localised, language: Language): string {
  return typeof text === "string" ? text : (text[language] ?? text.en ?? Object.values(text)[0] ?? "");
}

/** The configuration; the defaults until {@link loadConfig} is done. */
export function config(): Config {
  return current;
}

/** Reads `config.json`. If it is missing or broken, the defaults are used. */
export async function loadConfig(): Promise<void> {
  try {
    const answer = await fetch(new URL("config.json", document.baseURI));
    if (answer.status === 404) return;
    if (!answer.ok) throw new Error(`the server answers ${answer.status}`);
    current = readConfig(await answer.json());
  } catch (error) {
    console.warn(`config.json cannot be read (${(error as Error).message}); the defaults are used.`);
  }
}

/** Validates the contents of `config.json`. */
export function readConfig(json: unknown): Config {
  const given = isObject(json) ? json : {};
  if (!isObject(json)) wrong("the file", "an object");
  const pick = <K extends keyof Config>(key: K, is: (value: unknown) => value is Config[K], expected: string): Config[K] => {
    const value = given[key];
    if (value === undefined) return DEFAULTS[key];
    if (is(value)) return value;
    wrong(key, expected);
    return DEFAULTS[key];
  };
  return {
    title: pick("title", (value): value is string => isText(value) && value !== "", "a text"),
    demonstration: pick("demonstration", (value): value is OfferedModel | null => value === null || isModel(value), "a model or null"),
    models: pick("models", (value): value is OfferedModel[] => Array.isArray(value) && value.every(isModel), "a list of models with `name` and `address`"),
    hosts: pick("hosts", (value): value is string[] => Array.isArray(value) && value.every(isSource), "a list of origins such as https://example.org"),
    samples: pick("samples", (value): value is string | null => value === null || isText(value), "an address or null"),
    consent: pick("consent", isLocalised, "a text, or one for each language"),
    consentVersion: pick("consentVersion", (value): value is string => isText(value) && /^\S{1,64}$/.test(value), "a short text without spaces"),
    licences: pick("licences", (value): value is Licence[] => Array.isArray(value) && value.length > 0 && value.every(isLicence), "a list of licences with `id` and `name`"),
    handIn: pick("handIn", isHandIn, "`link` and `hub`, each a text or null"),
  };
}

function wrong(field: string, expected: string): void {
  console.warn(`config.json: ${field} is not what it should be; expected ${expected}. The default is used.`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isLocalised(value: unknown): value is Localised {
  return isText(value) || (isObject(value) && Object.values(value).length > 0 && Object.values(value).every(isText));
}

function isModel(value: unknown): value is OfferedModel {
  if (!isObject(value)) return false;
  const { name, address, bytes, kept, about } = value as Record<keyof OfferedModel, unknown>;
  const isSize = (size: unknown) => size === undefined || (typeof size === "number" && size > 0);
  const known = isSize(bytes) && (kept === undefined || (isObject(kept) && Object.values(kept).every(isSize))) && (about === undefined || isLocalised(about));
  return isText(name) && name !== "" && isText(address) && address !== "" && known;
}

/**
 * An origin whose first label may be a wildcard; nothing else, so that no directive can be smuggled
 * into the policy.
 */
export function isSource(value: unknown): value is string {
  return isText(value) && /^https?:\/\/(\*\.)?[\w.-]+(:\d{1,5})?$/.test(value);
}

function isLicence(value: unknown): value is Licence {
  if (!isObject(value)) return false;
  const { id, name, url } = value as Record<keyof Licence, unknown>;
  return isText(id) && isText(name) && (url === undefined || (isText(url) && /^https?:/.test(url)));
}

function isHandIn(value: unknown): value is Config["handIn"] {
  if (!isObject(value)) return false;
  const { link, hub } = value as Record<keyof Config["handIn"], unknown>;
  const isLink = link === null || (isText(link) && /^(https?|mailto):/.test(link));
  return isLink && (hub === null || (isText(hub) && /^[\w.-]+\/[\w.-]+$/.test(hub)));
}
