// From files to scores: a folder of JPEGs and PNGs and one prompt, in this engine and in
// transformers.js. Each engine is loaded into a separate browser; they take turns.

import { loadavg } from "node:os";
import { Browser } from "./chromium.mjs";
import { empty, median, REST } from "./compare.mjs";
import { downloaded } from "./download.mjs";
import { ENGINES, SAME_SCORE, supports } from "./places.mjs";

const PROMPT = "a fox in the snow";
/** The scale of CLIP's scores, if this engine does not report the model's. */
const SCALE = 100;

export async function files({ name, place, server, executable, engines, precisions, effort }) {
  const count = Math.min(place.files, effort.images);
  const result = { model: name, place: place.title, faster: place.goals.faster, files: count, load: loadavg()[0], empty: await empty({ place, server, executable }), contenders: [] };
  const running = [];
  let scale = SCALE;
  try {
    for (const precision of precisions ?? place.filePrecisions) {
      for (const engine of engines.filter((engine) => engine !== "ort" && supports(engine, precision))) {
        console.error(`── ${name}, ${place.title}, files: loading ${ENGINES[engine]} ${precision}`);
        const contender = await start({ engine, precision, place, server, executable, count, scale });
        result.contenders.push(contender.result);
        if (contender.result.failure) continue;
        scale = contender.result.info.logitScale ?? scale;
        running.push(contender);
      }
    }
    compareScores(result.contenders);
    const same = running.filter(({ result }) => !result.failure);
    const times = same.map(() => []);
    const began = performance.now();
    for (let round = 0; round <= effort.rounds && (round < 2 || performance.now() - began < effort.seconds * 1000); round++) {
      for (const [at, { browser }] of same.entries()) {
        await new Promise((resolve) => setTimeout(resolve, REST));
        times[at].push(await browser.call("time", round + 1));
      }
    }
    for (const [at, { result, browser, guest }] of same.entries()) {
      const [first, ...warm] = times[at];
      Object.assign(result, { first, median: median(warm), warm, memory: { end: browser.peaks() }, download: downloaded(guest.files, DOWNLOADS) });
    }
    const medians = same.map(({ result: { engine, precision, median } }) => `${ENGINES[engine]} ${precision} ${median.toFixed(0)}`);
    console.error(`── ${name}, ${place.title}, ${count} files: ${medians.join(", ")} ms`);
  } finally {
    for (const { browser } of running) await browser.close();
  }
  return result;
}

/** The folders that engines are served from. */
const DOWNLOADS = ["lib", "transformers", "transformers-ort"];

/** Loads an engine into a browser of its own and scores the images once. */
async function start({ engine, precision, place, server, executable, count, scale }) {
  const guest = server.guest({ isolated: place.threads !== 1 });
  const browser = await Browser.start({ adapter: place.adapter, executable });
  const result = { engine, precision };
  try {
    await browser.open(`${guest.url}pages/files.html?engine=${engine}`);
    const settings = { device: place.device, precision, threads: place.threads, scale };
    const { milliseconds, ...info } = await browser.call("load", settings, count);
    Object.assign(result, { load: milliseconds, info, chromium: browser.version, scores: await browser.call("scores", PROMPT) });
  } catch (error) {
    result.failure = String(error.message ?? error).split("\n")[0];
    console.error(`  ${ENGINES[engine]} ${precision}: ${result.failure}`);
    await browser.close();
  }
  return { browser, guest, result };
}

/**
 * Compares scores with this engine's in f32. In f32, another engine fails if it gives other scores
 * to images that are not resized.
 */
function compareScores(contenders) {
  const exactest = contenders.find(({ engine, precision, failure }) => engine === "pickscore" && precision === "f32" && !failure);
  if (!exactest) return;
  const apart = (a, b) => Math.max(...a.map((score, at) => Math.abs(score - b[at])));
  for (const contender of contenders.filter(({ failure }) => !failure)) {
    const { precision, scores } = contender;
    contender.difference = { exact: apart(scores.exact, exactest.scores.exact), files: apart(scores.files, exactest.scores.files) };
    // NaN is not the same either.
    if (precision === "f32" && !(contender.difference.exact <= SAME_SCORE)) {
      contender.failure = `it computes something else: scores of images that are not resized differ by ${contender.difference.exact}`;
    }
  }
}
