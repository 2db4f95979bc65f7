// Compares the engines with one model in one place. Each engine is loaded into a separate browser.
// They take turns, so that other load on the machine affects them equally.

import { readFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { Browser } from "./chromium.mjs";
import { Contender } from "./contender.mjs";
import { casesOf, ENGINES, supports } from "./places.mjs";

/**
 * Pause before every turn, in milliseconds: an engine's threads keep spinning for a while after
 * their work, which would slow down the next engine.
 */
export const REST = 50;

export async function compare({ name, model, place, server, executable, engines, precisions, effort }) {
  const check = JSON.parse(readFileSync(join(model, "onnx/check.json"), "utf8"));
  const [first, ...more] = casesOf(check);
  const result = { model: name, rewards: check.rewards !== undefined, place: place.title, faster: place.goals.faster, load: loadavg()[0], empty: await empty({ place, server, executable }), contenders: [] };
  const contenders = [];
  for (const precision of precisions ?? check.precisions ?? place.precisions) {
    for (const engine of engines.filter((engine) => supports(engine, precision))) {
      console.error(`── ${name}, ${place.title}: loading ${ENGINES[engine]} ${precision}`);
      contenders.push(await Contender.start({ engine, precision, place, server, model, check, executable }));
    }
  }
  const running = contenders.filter(({ failed }) => !failed);
  for (const each of [first, ...more.filter(({ images = 0 }) => images <= effort.images)]) {
    const { images = 0 } = each;
    const single = Math.max(...running.map(({ result }) => result.cases[first.name]?.median ?? 0));
    if (single * images > effort.longest * 1000) {
      console.error(`── ${name}, ${place.title}, ${each.name}: left out, a call would take ${((single * images) / 60000).toFixed(0)} minutes`);
      continue;
    }
    await turns(each, running, effort);
    const medians = running.map(({ name, result }) => `${name} ${result.cases[each.name].median.toFixed(0)}`);
    console.error(`── ${name}, ${place.title}, ${each.name}: ${medians.join(", ")} ms`);
    for (const { browser, result } of running) {
      const memory = browser.peaks();
      if (each.single) result.memory.single = memory;
    }
  }
  for (const contender of contenders) result.contenders.push(await contender.finish());
  return result;
}

/** Peak memory of a page without an engine. */
export async function empty({ place, server, executable }) {
  const browser = await Browser.start({ adapter: place.adapter, executable });
  try {
    await browser.open(`${server.guest().url}pages/empty.html${place.device === "webgpu" ? "?webgpu" : ""}`);
    return browser.peaks();
  } finally {
    await browser.close();
  }
}

/**
 * Rounds in which each engine has a turn. The first is reported separately, because it compiles
 * shaders for this number of images.
 */
async function turns(each, contenders, { rounds, seconds }) {
  const times = contenders.map(() => []);
  const start = performance.now();
  for (let round = 0; round <= rounds; round++) {
    const late = performance.now() - start > seconds * 1000;
    // The first and one warm round are the minimum for a result.
    if (round > 1 && late) break;
    for (const [at, contender] of contenders.entries()) {
      await new Promise((resolve) => setTimeout(resolve, REST));
      times[at].push(await contender.time(each));
    }
  }
  for (const [at, { result }] of contenders.entries()) {
    const [first, ...warm] = times[at];
    result.cases[each.name] = { first, median: median(warm), warm };
  }
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
}
