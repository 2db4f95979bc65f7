// Start-up: from loading the small model, which comes with the page, to its first score. The first
// visit downloads everything; later ones find the engine in the browser's cache and the model in
// its storage.

import { loadavg } from "node:os";
import { Browser } from "./chromium.mjs";
import { median } from "./compare.mjs";
import { downloaded } from "./download.mjs";

/** The folders of the engine and of the small model. */
const FOLDERS = ["lib", "small"];

export async function startUp({ place, server, executable, rounds }) {
  const guest = server.guest({ isolated: place.threads !== 1, cached: true });
  const browser = await Browser.start({ adapter: place.adapter, executable });
  try {
    const visits = [];
    let first;
    for (let visit = 0; visit <= rounds; visit++) {
      await browser.open(`${guest.url}pages/start.html?device=${place.device}`);
      visits.push(await browser.call("visit"));
      first ??= downloaded(guest.files, FOLDERS);
    }
    const [{ stages, source }, ...later] = visits;
    const stored = later.filter(({ source }) => source === "cache");
    const names = Object.keys(stored[0]?.stages ?? {});
    const warm = Object.fromEntries(names.map((name) => [name, median(stored.map(({ stages }) => stages[name]))]));
    // The engine is ready when its stage ends.
    const ready = median(stored.map(({ stages }) => stages.score - stages.engine));
    console.error(`── ${place.title}, start-up: first score ${stages.score.toFixed(0)} ms, later ${warm.score?.toFixed(0)} ms, ${ready.toFixed(0)} ms after the engine is ready`);
    return { place: place.title, goal: place.goals.start, load: loadavg()[0], first: { source, stages, download: first }, warm, ready, visits: later };
  } finally {
    await browser.close();
  }
}
