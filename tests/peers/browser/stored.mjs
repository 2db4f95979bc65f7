// Later visits with a large model, from this browser's storage, beside reading the same file
// without an engine. They take turns.

import { accessSync, constants, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { Browser } from "./chromium.mjs";
import { median } from "./compare.mjs";

/** Ways to read the file; the library reads it synchronously where it can. */
const READINGS = ["synchronously", "asynchronously"];

/**
 * Times with the file in memory (`warm`), where an earlier visit left it, and on disk (`cold`), if
 * this process may empty the system's cache of files.
 */
export async function stored({ name, place, server, executable, rounds }) {
  const guest = server.guest({ isolated: place.threads !== 1, cached: true });
  const browser = await Browser.start({ adapter: place.adapter, executable });
  const url = `${guest.url}pages/stored.html`;
  try {
    await browser.open(url);
    const first = await browser.call("load");
    const visits = [];
    for (const cache of canEmptyCache() ? ["warm", "cold"] : ["warm"]) {
      const times = { load: [], synchronously: [], asynchronously: [] };
      const timed = async (what, ...call) => {
        if (cache === "cold") emptyCache();
        const outcome = await browser.call(...call);
        times[what].push(outcome.milliseconds);
        return outcome;
      };
      let bytes;
      for (let round = 0; round < rounds; round++) {
        await browser.open(url);
        const { source } = await timed("load", "load");
        if (source !== "cache") throw new Error(`${name} was not stored`);
        for (const how of READINGS) ({ bytes } = await timed(how, "read", how));
      }
      const medians = Object.fromEntries(Object.entries(times).map(([what, times]) => [what, median(times)]));
      visits.push({ cache, bytes, ...medians });
      const shown = Object.entries(medians).map(([what, milliseconds]) => `${what} ${milliseconds.toFixed(0)} ms`);
      console.error(`── ${name}, ${place.title}, from storage, ${cache}: ${shown.join(", ")}`);
    }
    return { model: name, place: place.title, load: loadavg()[0], first: first.milliseconds, visits };
  } finally {
    await browser.close();
  }
}

const CACHE = "/proc/sys/vm/drop_caches";

function emptyCache() {
  // 1: pages of files.
  writeFileSync(CACHE, "1");
}

function canEmptyCache() {
  try {
    accessSync(CACHE, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
