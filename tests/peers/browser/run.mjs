// Compares this engine with onnxruntime-web in the same Chromium. `cargo xtask bench browser`
// prepares the files and runs it:
//
//   node run.mjs --dist DIST --model NAME=FOLDER… --place NAME… [--files FOLDER] [--lavapipe
//       CHROMIUM] [--out FOLDER] [--quick] [--only start,compare,files,matmul,kernels,stored]
//
// A model's FOLDER is a model directory with its `onnx/` and, for `files`, its `transformers.js/`
// (../export.py). The FOLDER of `--files` has the image files (files.py). `--precision`
// replaces a place's precisions, `--engine` (pickscore, ort, transformers) selects engines,
// `--images` is the maximum number of images per call, and `--longest` the maximum seconds of a
// call. `stored` is only measured on request; it needs no `onnx/`.

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { compare } from "./compare.mjs";
import { files } from "./files.mjs";
import { kernels } from "./kernels.mjs";
import { machine } from "./machine.mjs";
import { matmul } from "./matmul.mjs";
import { ENGINES, PLACES } from "./places.mjs";
import { report } from "./report.mjs";
import { Server } from "./server.mjs";
import { startUp } from "./start.mjs";
import { stored } from "./stored.mjs";

/**
 * The number of times each engine makes each call (besides the first), the maximum seconds for
 * that, the maximum seconds of a single call, and the maximum number of images per call.
 */
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
    longest: { type: "string" },
    only: { type: "string", default: "start,compare,files,matmul,kernels" },
    files: { type: "string" },
    quick: { type: "boolean", default: false },
    out: { type: "string" },
  },
});
const effort = values.quick ? EFFORT.quick : EFFORT.thorough;
if (values.images) effort.images = Number(values.images);
if (values.longest) effort.longest = Number(values.longest);
const models = Object.fromEntries(values.model.map((pair) => pair.split("=")).map(([name, folder]) => [name, resolve(folder)]));
/** The models whose matrix products are known from a configuration. */
const clip = Object.fromEntries(Object.entries(models).filter(([, folder]) => existsSync(join(folder, "config.json"))));
const parts = values.only.split(",");
/** The engines that run single towers. */
const towers = values.engine.filter((engine) => engine !== "transformers");
const results = { ...machine(resolve(import.meta.dirname, "../../..")), quick: values.quick, start: [], stored: [], comparisons: [], files: [], matmul: [], kernels: [] };

const PACKAGES = join(import.meta.dirname, "node_modules");

/** Runs `work` with a server for one model, or for none. */
async function serving(model, work) {
  const dist = resolve(values.dist);
  const transformers = join(PACKAGES, "@huggingface/transformers");
  const folders = {
    lib: join(dist, "lib"),
    small: join(dist, "models/pickscore-tiny"),
    samples: join(dist, "samples"),
    ort: join(PACKAGES, "onnxruntime-web/dist"),
    transformers: join(transformers, "dist"),
    // It needs the version of its own.
    "transformers-ort": join(transformers, "node_modules/onnxruntime-web/dist"),
    pages: join(import.meta.dirname, "pages"),
    files: values.files && resolve(values.files),
    model,
  };
  const server = await Server.start(folders);
  try {
    await work(server);
  } finally {
    server.stop();
  }
}

/** Writes the results after each part, so that an interrupted run keeps what it has measured. */
function keep() {
  if (!values.out) return;
  const file = join(resolve(values.out), `browser-${results.date}${values.quick ? "-quick" : ""}`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.json`, `${JSON.stringify(results, null, 1)}\n`);
  writeFileSync(`${file}.md`, report(results));
}

// Each browser adds a listener that removes its profile.
process.setMaxListeners(0);
// An interrupted run ends at once together with its browsers. If only a browser ended, it would
// look like an engine that failed.
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

for (const key of values.place) {
  const place = PLACES[key];
  if (!place) throw new Error(`no place is called ${key}; there are ${Object.keys(PLACES).join(", ")}`);
  const executable = place.adapter === "lavapipe" ? values.lavapipe : values.chromium;
  if (!executable) throw new Error("--lavapipe names the Chromium that uses it");
  const common = { place, executable, engines: values.engine };
  const some = { effort, ...(values.precision ? { precisions: values.precision } : {}) };
  if (place.goals.start && parts.includes("start")) {
    await serving(undefined, async (server) => results.start.push(await startUp({ ...common, server, rounds: effort.rounds })));
    keep();
  }
  if (place.device === "webgpu" && parts.includes("matmul")) {
    const images = values.quick ? [1] : [1, 4];
    await serving(undefined, async (server) => results.matmul.push(await matmul({ ...common, server, models: clip, images })));
    keep();
  }
  for (const [name, model] of Object.entries(models)) {
    await serving(model, async (server) => {
      if (parts.includes("compare")) {
        results.comparisons.push(await compare({ ...common, ...some, engines: towers, server, name, model }));
        keep();
      }
      if (values.files && existsSync(join(model, "transformers.js")) && parts.includes("files")) {
        results.files.push(await files({ ...common, ...some, server, name }));
        keep();
      }
      if (place.device === "cpu" && parts.includes("stored")) {
        results.stored.push(await stored({ ...common, server, name, rounds: effort.rounds }));
        keep();
      }
      if (place.device === "webgpu" && parts.includes("kernels")) {
        results.kernels.push(...(await kernels({ ...common, engines: towers, server, name, model })));
        keep();
      }
    });
  }
}
keep();
process.stdout.write(report(results));
// If an engine did not run or computed something else, the comparison has no result.
if ([...results.comparisons, ...results.files].some(({ contenders }) => contenders.some(({ failure }) => failure !== undefined))) process.exitCode = 1;
