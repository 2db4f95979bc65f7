// The second visit with a large model, from this browser's storage, beside reading the same file
// without an engine. They take turns.

import { loadavg } from "node:os";
import { Browser } from "./chromium.mjs";
import { median } from "./compare.mjs";

export async function stored({ name, place, server, executable, rounds }) {
  const guest = server.guest({ isolated: place.threads !== 1, cached: true });
  const browser = await Browser.start({ adapter: place.adapter, executable });
  const url = `${guest.url}pages/stored.html`;
  try {
    await browser.open(url);
    const first = await browser.call("load");
    const [loads, reads] = [[], []];
    let bytes;
    for (let round = 0; round < rounds; round++) {
      await browser.open(url);
      const load = await browser.call("load");
      if (load.source !== "cache") throw new Error(`${name} was not stored`);
      loads.push(load.milliseconds);
      const read = await browser.call("read");
      reads.push(read.milliseconds);
      bytes = read.bytes;
    }
    const [load, read] = [median(loads), median(reads)];
    console.error(`── ${name}, ${place.title}, from storage: loading ${load.toFixed(0)} ms, reading ${read.toFixed(0)} ms`);
    return { model: name, place: place.title, load: loadavg()[0], first: first.milliseconds, milliseconds: load, reading: read, bytes };
  } finally {
    await browser.close();
  }
}
