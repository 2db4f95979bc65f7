// This engine beside onnxruntime-web in one Chromium. `cargo xtask bench browser` prepares what this needs and calls it:
//
//   node run.mjs --dist DIST --model NAME=FOLDER… --place NAME… [--lavapipe CHROMIUM] [--out FOLDER] [--quick] [--only compare,matmul,kernels]
//
// FOLDER is a model directory with its `onnx/` (../export.py). `--precision` takes the place of a place's own, `--engine` (pickscore, ort) of both;
// `--images` is the most images at once.

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { compare } from "./compare.mjs";
import { kernels } from "./kernels.mjs";
import { machine } from "./machine.mjs";
import { matmul } from "./matmul.mjs";
import { ENGINES, PLACES } from "./places.mjs";
import { report } from "./report.mjs";
import { Server } from "./server.mjs";

/** How often each call is made by each engine (besides the first time), for how many seconds at most; the longest single call; the most images at once. */
const EFFORT = {
  thorough: { rounds: 10, seconds: 300, longest: 900, images: 16 },
  quick: { rounds: 3, seconds: 30, longest: 60, images: 16 },
};

const { values } = parseArgs({
  options: {
    dist: { type: "string", default: resolve(import.meta.dirname, "../../../dist") },
    model: { type: "string", multiple: true, default: [] },
    place: { type: "string", multiple: true, default: ["cpu-1"] },
    precision: { type: "string", multiple: true },
    engine: { type: "string", multiple: true, default: Object.keys(ENGINES) },
    lavapipe: { type: "string" },
    chromium: { type: "string", default: process.env.PICKSCORE_CHROMIUM ?? "/usr/bin/chromium" },
    images: { type: "string" },
    only: { type: "string", default: "compare,matmul,kernels" },
    quick: { type: "boolean", default: false },
    out: { type: "string" },
  },
});
const effort = values.quick ? EFFORT.quick : EFFORT.thorough;
if (values.images) effort.images = Number(values.images);
const models = Object.fromEntries(values.model.map((pair) => pair.split("=")).map(([name, folder]) => [name, resolve(folder)]));
const parts = values.only.split(",");
const results = { ...machine(resolve(import.meta.dirname, "../../..")), quick: values.quick, comparisons: [], matmul: [], kernels: [] };

/** A server of one model, or of none. */
async function serving(model, work) {
  const dist = resolve(values.dist);
  const folders = { lib: join(dist, "lib"), ort: join(import.meta.dirname, "node_modules/onnxruntime-web/dist"), pages: join(import.meta.dirname, "pages"), model };
  const server = await Server.start(folders);
  try {
    await work(server);
  } finally {
    server.stop();
  }
}

/** After each part: a long run that is interrupted has left what it knows. */
function keep() {
  if (!values.out) return;
  const file = join(resolve(values.out), `browser-${results.date}${values.quick ? "-quick" : ""}`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.json`, `${JSON.stringify(results, null, 1)}\n`);
  writeFileSync(`${file}.md`, report(results));
}

// A listener for each browser, which removes its profile.
process.setMaxListeners(0);
// An interrupted run ends at once, and its browsers with it: the loss of a browser alone would only look like an engine that failed.
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

for (const key of values.place) {
  const place = PLACES[key];
  if (!place) throw new Error(`no place is called ${key}; there are ${Object.keys(PLACES).join(", ")}`);
  const executable = place.adapter === "lavapipe" ? values.lavapipe : values.chromium;
  if (!executable) throw new Error("--lavapipe names the Chromium that uses it");
  const common = { place, executable, engines: values.engine };
  if (place.device === "webgpu" && parts.includes("matmul")) {
    const images = values.quick ? [1] : [1, 4];
    await serving(undefined, async (server) => results.matmul.push(await matmul({ ...common, server, models, images })));
    keep();
  }
  for (const [name, model] of Object.entries(models)) {
    await serving(model, async (server) => {
      if (parts.includes("compare")) {
        results.comparisons.push(await compare({ ...common, server, name, model, effort, ...(values.precision ? { precisions: values.precision } : {}) }));
        keep();
      }
      if (place.device === "webgpu" && parts.includes("kernels")) {
        results.kernels.push(...(await kernels({ ...common, server, name, model })));
        keep();
      }
    });
  }
}
keep();
process.stdout.write(report(results));
// An engine that did not run, or computed something else, leaves the comparison without a result.
if (results.comparisons.some(({ contenders }) => contenders.some(({ failure }) => failure !== undefined))) process.exitCode = 1;
