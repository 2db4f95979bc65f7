// Measures whether decoding and computing overlap, from files to embeddings. `cargo xtask bench
// pipeline` runs it:
//
//   node pipeline.mjs --model FOLDER [--dist DIST] [--pngs 200] [--jpegs 100] [--rounds 3]
//       [--real] [--device webgpu|cpu] [--plain]
//
// The device is simulated: it sleeps for 20 ms an image and uses no core. The library is the built
// one, except that its worker is bundled with another WebGPU engine: the one for the CPU, with two
// functions replaced. `--real` measures the library as it is, on the device given.
//
// The time is compared with the larger of computing (20 ms an image) and of decoding alone, on all
// cores: one worker per core, each of which reads, hashes, decodes and resizes one image after the
// other.

import { copyFileSync, cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { bundleWorker } from "../../../web/engine/worker.mjs";
import { Browser } from "./chromium.mjs";
import { Server } from "./server.mjs";

/** Milliseconds for which the simulated device computes an image. */
const COMPUTING = 20;
/** Largest time allowed, compared with the larger of decoding and computing. */
const GOAL = 1.15;

const { values } = parseArgs({
  options: {
    dist: { type: "string", default: resolve(import.meta.dirname, "../../../dist") },
    model: { type: "string" },
    pngs: { type: "string", default: "200" },
    jpegs: { type: "string", default: "100" },
    rounds: { type: "string", default: "3" },
    device: { type: "string", default: "webgpu" },
    real: { type: "boolean", default: false },
    plain: { type: "boolean", default: false },
    chromium: { type: "string", default: process.env.PICKSCORE_CHROMIUM ?? "/usr/bin/chromium" },
  },
});

/** What makes the engine for the CPU a device that sleeps. All embeddings are equal. */
const SLEEPS = `
EngineDevice.gpu = async () => EngineDevice.cpu();
Scorer.prototype.features = async function (images) {
  const { dimensions } = this.info();
  for (const image of images) image.free();
  await new Promise((resolve) => setTimeout(resolve, ${COMPUTING} * images.length));
  const made = new Float32Array(images.length * (dimensions + 1)).fill(1 / Math.sqrt(dimensions));
  return made.fill(1, images.length * dimensions);
};`;

const folder = mkdtempSync(join(tmpdir(), "pickscore-pipeline-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
cpSync(join(resolve(values.dist), "lib"), join(folder, "lib"), { recursive: true });
const lib = readdirSync(join(folder, "lib"));
if (!values.real) {
  const named = (pattern) => join(folder, "lib", lib.find((name) => pattern.test(name)));
  const cpu = readFileSync(join(import.meta.dirname, "../../../web/engine/pkg/cpu/engine.js"), "utf8");
  const change = (path, code) => (/gpu[\\/]engine\.js$/.test(path) ? cpu.replace("new URL('engine_bg.wasm', import.meta.url)", "undefined") + SLEEPS : code);
  writeFileSync(named(/^worker\.\w+\.js$/), await bundleWorker({ change }));
  copyFileSync(named(/^engine-cpu\.\w+\.wasm$/), named(/^engine-gpu\.\w+\.wasm$/));
}
const pages = join(import.meta.dirname, "pages");
writeFileSync(join(folder, "decode-worker.js"), await bundleWorker({ entry: join(pages, "decode-worker.mjs") }));
const decoder = lib.find((name) => /^engine-decoder\.\w+\.wasm$/.test(name));

const server = await Server.start({ lib: join(folder, "lib"), own: folder, pages, model: resolve(values.model) });
const { url } = server.guest({ isolated: !values.plain });
const browser = await Browser.start({ adapter: "swiftshader", executable: values.chromium });
const median = (numbers) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const seconds = (milliseconds) => (milliseconds / 1000).toFixed(2);
let missed = 0;
try {
  await browser.open(`${url}pages/pipeline.html`);
  await browser.call("load", { model: `${url}model/`, device: values.device, decoder: decoder && `${url}lib/${decoder}`, worker: `${url}own/decode-worker.js` });
  console.log(`${cpus()[0]?.model ?? ""}, ${availableParallelism()} cores, Chromium ${browser.version}${values.plain ? ", not isolated" : ""}\n`);
  console.log("| images | decoding on all cores, s | computing, s | both, s | ratio |\n|---|---|---|---|---|");
  const [pngs, jpegs] = [Number(values.pngs), Number(values.jpegs)];
  for (const [title, counts] of [
    [`${pngs} PNGs of 1 megapixel`, { pngs, jpegs: 0 }],
    [`${jpegs} JPEGs of 12 megapixels`, { pngs: 0, jpegs }],
    [`${pngs} PNGs and ${jpegs} JPEGs`, { pngs, jpegs }],
  ]) {
    const count = counts.pngs + counts.jpegs;
    if (count === 0) continue;
    const [decoding, both] = [[], []];
    for (let round = 0; round < Number(values.rounds); round++) {
      if (decoder) decoding.push(await browser.call("decode", counts));
      both.push(await browser.call("embed", counts));
    }
    const alone = decoder ? median(decoding) : Number.NaN;
    const together = median(both);
    const computing = values.real ? Number.NaN : COMPUTING * count;
    const ratio = together / (values.real ? alone : Math.max(alone, computing));
    if (!values.real && ratio > GOAL) missed++;
    console.log(`| ${title} | ${seconds(alone)} | ${values.real ? "" : seconds(computing)} | ${seconds(together)} | ${ratio.toFixed(2)} |`);
  }
  console.log(`\nLoad of the machine: ${loadavg()[0]?.toFixed(1)}.`);
  if (!values.real) console.log(`\nGoal: a ratio of at most ${GOAL}; ${missed === 0 ? "met" : `missed by ${missed} of these`}.`);
} finally {
  await browser.close();
  server.stop();
}
