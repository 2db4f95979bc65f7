/**
 * What the visitor says about a contribution: licence, consent, title. Used for exporting and
 * submitting.
 */

import { config, localised } from "../state/config";
import { Store } from "../state/store";
import { contributeText } from "../text/contribute";
import { language } from "../text/language";
import type { Card } from "./export";

export interface Words {
  /** Whether it may be published. */
  purpose: "publish" | "keep";
  /** SPDX identifier from the host's list. */
  licence: string;
  agreed: boolean;
  title: string;
  description: string;
}

export const words = new Store<Words>({ purpose: "publish", licence: "", agreed: false, title: "", description: "" });

/** What the host asks contributors to agree to, in the visitor's language. */
export function consentText(): string {
  return localised(config().consent, language.value);
}

/** The chosen licence. */
export function licence(): string {
  const { licences } = config();
  const chosen = licences.find(({ id }) => id === words.value.licence) ?? licences[0];
  return chosen?.id ?? "other";
}

/** Whether all required fields are filled in. */
export function isReady(): boolean {
  return words.value.purpose === "keep" || words.value.agreed;
}

/** The card for the records library. */
export function card(): Card {
  const { purpose, title, description } = words.value;
  const publish = purpose === "publish";
  return {
    title: title.trim() || contributeText.defaultTitle(config().title),
    ...(description.trim() && { description: description.trim() }),
    // In Hugging Face's spelling.
    license: publish ? licence().toLowerCase() : "other",
    consent: publish ? { text: consentText(), version: config().consentVersion } : { text: contributeText.privateCopy, version: "private" },
    collection: contributeText.collection(config().title),
  };
}
