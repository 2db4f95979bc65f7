/**
 * Narrows what the page may connect to, before anything else runs.
 *
 * The policy in `index.html` has to be written before anybody knows which hosts a visitor will choose. This adds a second one, and a browser obeys both: only
 * the page's own origin, the hosts of `config.json` and those that the visitor allowed. Policies cannot be widened again, so another host takes effect
 * when the page is loaded the next time. The engine's worker is started from a script of this document and inherits it.
 */

import { config, isSource } from "../state/config";
import { settings } from "../state/settings";

/** What was in force when this page was loaded. */
let inForce: string[] = [];

/** Puts the policy in force. */
export function enforce(): void {
  inForce = [...config().hosts, ...settings.value.hosts.filter(isSource)];
  const policy = document.createElement("meta");
  policy.httpEquiv = "Content-Security-Policy";
  policy.content = `connect-src ${["'self'", ...inForce].join(" ")}`;
  document.head.append(policy);
}

/** Whether the page may connect to an address. */
export function isAllowed(address: string): boolean {
  const origin = originOf(address);
  return origin === location.origin || (origin !== null && inForce.some((source) => matches(source, origin)));
}

/** Allows the origin of an address, from the next load of the page on. */
export function allow(address: string): void {
  const origin = originOf(address);
  if (origin === null || isAllowed(address)) return;
  settings.patch({ hosts: [...new Set([...settings.value.hosts, origin])] });
}

/** Takes a permission back, from the next load of the page on. */
export function forbid(origin: string): void {
  settings.patch({ hosts: settings.value.hosts.filter((host) => host !== origin) });
}

/** The origin that an address leads to; `null` where it is no web address. */
export function originOf(address: string): string | null {
  const full = address.trim().replace(/^hf:/, "https://huggingface.co/");
  try {
    const { protocol, origin } = new URL(full, document.baseURI);
    return protocol === "https:" || protocol === "http:" ? origin : null;
  } catch {
    return null;
  }
}

function matches(source: string, origin: string): boolean {
  const [scheme, host] = source.split("://*.");
  return host === undefined ? source === origin : origin.startsWith(`${scheme}://`) && origin.endsWith(`.${host}`);
}
