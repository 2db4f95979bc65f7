// One model in one place: both engines are loaded, each into a browser of its own, and take turns, so that whatever else the machine does strikes
// them alike.

import { readFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { Browser } from "./chromium.mjs";
import { Contender } from "./contender.mjs";
import { CASES, ENGINES, SINGLE } from "./places.mjs";

/** Before every turn: an engine's threads go on spinning for a while after their work, in another's time. */
const REST = 50;

export async function compare({ name, model, place, server, executable, engines, precisions = place.precisions, effort }) {
  const check = JSON.parse(readFileSync(join(model, "onnx/check.json"), "utf8"));
  const result = { model: name, place: place.title, load: loadavg()[0], empty: await empty({ place, server, executable }), contenders: [] };
  const contenders = [];
  for (const precision of precisions) {
    for (const engine of engines) {
      console.error(`── ${name}, ${place.title}: loading ${ENGINES[engine]} ${precision}`);
      contenders.push(await Contender.start({ engine, precision, place, server, model, check, executable }));
    }
  }
  const running = contenders.filter(({ failed }) => !failed);
  for (const each of CASES.filter(({ count }) => count <= effort.images)) {
    const single = Math.max(...running.map(({ result }) => result.cases[CASES[0].name]?.median ?? 0));
    if (each.of === "images" && single * each.count > effort.longest * 1000) {
      console.error(`── ${name}, ${place.title}, ${each.name}: left out, a call would take ${((single * each.count) / 60000).toFixed(0)} minutes`);
      continue;
    }
    await turns(each, running, effort);
    const medians = running.map(({ name, result }) => `${name} ${result.cases[each.name].median.toFixed(0)}`);
    console.error(`── ${name}, ${place.title}, ${each.name}: ${medians.join(", ")} ms`);
    for (const { browser, result } of running) {
      const memory = browser.peaks();
      if (each.name === SINGLE) result.memory.single = memory;
    }
  }
  for (const contender of contenders) result.contenders.push(await contender.finish());
  return result;
}

/** Peak memory of a page that no engine is in. */
async function empty({ place, server, executable }) {
  const browser = await Browser.start({ adapter: place.adapter, executable });
  try {
    await browser.open(`${server.guest().url}pages/empty.html${place.device === "webgpu" ? "?webgpu" : ""}`);
    return browser.peaks();
  } finally {
    await browser.close();
  }
}

/** Rounds in which each engine has a turn. The first is kept apart: it compiles shaders for this number of images. */
async function turns(each, contenders, { rounds, seconds }) {
  const times = contenders.map(() => []);
  const start = performance.now();
  for (let round = 0; round <= rounds; round++) {
    const late = performance.now() - start > seconds * 1000;
    // Two are the first and one warm, without which there is nothing to say.
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

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
}
