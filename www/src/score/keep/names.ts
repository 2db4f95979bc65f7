/** Names of saved files: valid everywhere, different from each other, in the order of ranks. */

/**
 * Characters that Windows, macOS or Linux refuse in a name, and those that change the direction of
 * text, with which a name can hide its ending.
 */
const REFUSED = /[\\/:*?"<>|\u0000-\u001f\u007f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
/** Names that Windows reserves for devices, with any ending. */
const RESERVED = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?=\.|$)/i;

/** A path's last part as a name that every system accepts. */
export function plainName(path: string): string {
  const name = (path.split("/").pop() ?? "").replace(REFUSED, "_").replace(/[. ]+$/, "").replace(RESERVED, "$1_");
  return name === "" ? "image" : name;
}

/** `"07 fox.png"`: with as many digits as the largest rank, so that folders sort by rank. */
export function withRank(name: string, rank: number | undefined, largest: number): string {
  if (rank === undefined) return name;
  return `${String(rank).padStart(Math.max(2, String(largest).length), "0")} ${name}`;
}

/** `"fox.png"`, `"fox (2).png"`, `"fox (3).png"`, … */
export function numbered(name: string, number: number): string {
  if (number < 2) return name;
  const at = name.lastIndexOf(".");
  return at > 0 ? `${name.slice(0, at)} (${number})${name.slice(at)}` : `${name} (${number})`;
}

/** What two names share if some system takes them for the same file. */
function sameName(name: string): string {
  return name.normalize("NFC").toLowerCase();
}

/** The first of a name's numbered forms that is not in `taken`, which it is added to. */
export function untaken(name: string, taken: Set<string>): string {
  for (let number = 1; ; number++) {
    const candidate = numbered(name, number);
    const key = sameName(candidate);
    if (taken.has(key)) continue;
    taken.add(key);
    return candidate;
  }
}
