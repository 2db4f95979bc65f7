/**
 * The visitor's random id within the collection. It says nothing about who they are and leaves the
 * browser only in exports.
 */

const KEY = "pickscore.rater";
let fallback: string | undefined;

export function raterUid(): string {
  try {
    const stored = localStorage.getItem(KEY);
    if (stored && /^[0-9a-f-]{36}$/.test(stored)) return stored;
    const made = randomUid();
    localStorage.setItem(KEY, made);
    return made;
  } catch {
    fallback ??= randomUid();
    return fallback;
  }
}

/**
 * A random UUID. `crypto.randomUUID` exists only on secure addresses, but the page also runs over
 * plain http in a local network.
 */
export function randomUid(): string {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const digits = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join("-");
}

/** A seed for a round: 0 to 2⁵³ − 1. */
export function randomSeed(): number {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return (high & 0x1fffff) * 2 ** 32 + low;
}
