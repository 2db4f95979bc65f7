/**
 * Narrows what the page may connect to, before anything else runs.
 *
 * The policy in `index.html` is written before anyone knows which hosts a visitor will choose. This
 * adds a second one, and browsers enforce both: only the page's own origin, the hosts in
 * `config.json` and those that the visitor allowed. A policy cannot be widened, so a newly allowed
 * host takes effect after a reload. The engine's worker is started from a script of this document
 * and inherits the policy.
 */

import { config, isSource } from "../state/config";
import { settings } from "../state/settings";

/** The hosts allowed when this page was loaded. */
let inForce: string[] = [];

/** Adds the policy to the document. */
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

/** Allows an address's origin, from the next load of the page. */
export function allow(address: string): void {
  const origin = originOf(address);
  if (origin === null || isAllowed(address)) return;
  settings.patch({ hosts: [...new Set([...settings.value.hosts, origin])] });
}

/** Revokes a permission, from the next load of the page. */
export function forbid(origin: string): void {
  settings.patch({ hosts: settings.value.hosts.filter((host) => host !== origin) });
}

/** The origin of an address; `null` if it is not a web address. */
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
