// Formats a run's results as Markdown.

import { CACHES, both, goals, pairs, sum } from "./goals.mjs";
import { described } from "./matmul.mjs";
import { ENGINES } from "./places.mjs";
import { gigaflops } from "./shapes.mjs";

export function report(results) {
  const parts = [head(results)];
  if (results.start.length) parts.push("## Start-up", startUp(results.start));
  if (results.stored.length) parts.push("## From storage", fromStorage(results.stored));
  parts.push(...results.comparisons.map(comparison), ...results.files.map(fromFiles));
  if (results.matmul.length) parts.push("## The plain multiplication", ...results.matmul.map(multiplication));
  if (results.kernels.length) parts.push("## Kernels of one image", ...results.kernels.map((pass) => kernels(pass, results)));
  const list = goals(results);
  if (list.length) parts.push("## Goals", table(["", "found", "goal", ""], list.map(({ what, found, bound, atLeast, met }) => [what, found.toFixed(2), `${atLeast ? "≥" : "≤"} ${bound}`, met ? "met" : "**not met**"])));
  return `${parts.join("\n\n")}\n`;
}

function head({ date, machine, versions, quick, start, comparisons, files }) {
  const chromium = [...comparisons, ...files].flatMap(({ contenders }) => contenders).find(({ chromium }) => chromium)?.chromium;
  const { pickscore, node, ...others } = versions;
  const list = [`PickScore ${pickscore}`, ...Object.entries(others).map((pair) => pair.join(" ")), ...(chromium ? [`Chromium ${chromium}`] : [])];
  const busy = Math.max(0, ...[...start, ...comparisons, ...files].map(({ load }) => load));
  return `# Beside other engines in a browser, ${date}

${machine.processor}, ${machine.cores} cores, ${machine.gigabytes} GB; ${list.join(", ")}.${quick ? " A quick run: few rounds." : ""}${busy > machine.cores / 2 ? ` The machine was doing other work (load ${busy.toFixed(1)}).` : ""}
Milliseconds, medians of warm calls (in brackets the fastest, where it is more than a tenth faster: something held the others up); memory is the peak in MB.`;
}

function comparison({ model, rewards, place, empty, contenders }) {
  const running = contenders.filter(({ failure }) => failure === undefined);
  // The other engine in the same precision is listed beside this one.
  const compared = pairs(contenders, "ort").filter(([, theirs]) => theirs);
  const row = (name, value, digits = 0) => [
    name,
    ...running.map((contender) => number(value(contender), digits)),
    ...compared.map(([ours, theirs]) => number(value(theirs) / value(ours), 2)),
  ];
  const timed = (name) => {
    const [label, ...cells] = row(name, ({ cases }) => cases[name]?.median);
    return [label, ...cells.map((cell, at) => cell + uneven(running[at]?.cases[name]))];
  };
  const rows = [
    row("until loaded (from this machine)", ({ load }) => load),
    row("first image", ({ first }) => first.image),
    row("first prompt", ({ first }) => first.prompt),
    ...Object.keys(running[0]?.cases ?? {}).map(timed),
    row("memory: an empty page", () => sum(empty)),
    row("memory: loaded, renderer and GPU process", (contender) => both(contender, "loaded")),
    row("memory: one image at a time", (contender) => both(contender, "single")),
    row("memory: all", (contender) => both(contender)),
    row("of it the renderer", ({ memory }) => memory.end.renderer),
    row("of it the GPU process", ({ memory }) => memory.end.gpu),
    row("download, MB", ({ download }) => download.bytes / 1e6, 1),
    row("download with brotli, MB", ({ download }) => download.brotli / 1e6, 1),
    rewards
      ? ["difference from PyTorch, share of the spread", ...running.map(({ difference }) => difference.toExponential(1)), ...compared.map(() => "")]
      : ["cosine to PyTorch", ...running.map(({ cosine }) => cosine.toFixed(5)), ...compared.map(() => "")],
  ];
  const columns = ["", ...running.map(title), ...compared.map(([ours]) => `ratio, ${ours.precision}`)];
  return `## ${model}, ${place}\n\n${table(columns, rows)}${failures(contenders)}`;
}

const title = ({ engine, precision }) => `${ENGINES[engine]} ${precision}`;

/** Why engines did not run. */
function failures(contenders) {
  return contenders.filter(({ failure }) => failure !== undefined).map((contender) => `\n\n${title(contender)} did not run: ${contender.failure}`).join("");
}

function fromFiles({ model, place, files, empty, contenders }) {
  const compared = pairs(contenders, "transformers");
  const rows = contenders.filter(({ failure }) => failure === undefined).map((contender) => {
    const { load, first, median, warm, difference, download } = contender;
    const theirs = compared.find(([ours]) => ours === contender)?.[1];
    return [
      title(contender),
      number(load, 0),
      number(first, 0),
      number(median, 0) + uneven({ median, warm }),
      number(median / files, 1),
      number(theirs?.median / median, 2),
      number(both(contender) - sum(empty), 0),
      number(download.brotli / 1e6, 1),
      number(difference?.exact, 4),
      number(difference?.files, 4),
    ];
  });
  const columns = ["", "until loaded", "first", "later", "per file", "transformers.js / PickScore", "memory beyond an empty page's", "download with brotli, MB", "score, images not resized", "score, files"];
  return `## ${model}, ${place}: ${files} files to scores\n\nThe last columns are the largest differences from PickScore's scores in f32.\n\n${table(columns, rows)}${failures(contenders)}`;
}

function fromStorage(models) {
  const rows = models.flatMap(({ model, place, first, visits }) =>
    visits.map(({ cache, bytes, load, synchronously, asynchronously }) => {
      const times = [first, load, synchronously, asynchronously].map((time) => number(time, 0));
      return [model, place, CACHES[cache], number(bytes / 1e6, 0), ...times, number(load / asynchronously, 2)];
    }),
  );
  const columns = ["model", "place", "the file is", "stored, MB", "first visit", "later visits", "reading synchronously", "reading as a blob", "later visits / as a blob"];
  return `Loading in f16, from \`Scorer.load\` until the model is loaded, and reading the stored file without an engine.\n\n${table(columns, rows)}`;
}

function startUp(places) {
  const rows = places.map(({ place, first, warm, ready }) => {
    const { bytes, brotli } = first.download;
    return [place, number(first.stages.score, 0), number(warm.score, 0), number(warm.engine, 0), number(ready, 0), number(bytes / 1e6, 1), number(brotli / 1e6, 1)];
  });
  const columns = ["", "first visit: first score", "later: first score", "of it starting the engine", "of it loading and scoring", "first visit, MB", "with brotli, MB"];
  return `The small model, from \`Scorer.load\` to the score of one image.\n\n${table(columns, rows)}`;
}

/** The fastest call, if the others were probably delayed by something else. */
function uneven(times) {
  if (!times?.warm.length) return "";
  const fastest = Math.min(...times.warm);
  return fastest < 0.9 * times.median ? ` (${fastest.toFixed(0)})` : "";
}

function multiplication({ place, best, tiles, shapes }) {
  const cube = tiles.map((tile) => `${described(tile)}: ${tile.speed.toFixed(1)}`).join(", ");
  const rows = shapes.map(({ model, images, name, m, k, n, milliseconds, speed }) => [model, images, name, `${m} × ${k} × ${n}`, milliseconds.toFixed(1), speed.toFixed(1)]);
  const list = table(["model", "images", "product", "size", "ms", "GFLOP/s"], rows);
  return `${place}, 1024³ in f32, GFLOP/s by the tile that an invocation keeps: ${cube}. Below with ${described(best)}.\n\n${list}`;
}

function kernels({ model, place, engine, dispatches, milliseconds, products, kernels }, { matmul }) {
  const plain = matmul.find((found) => found.place === place)?.shapes.filter((shape) => shape.model === model && shape.images === 1) ?? [];
  const work = plain.reduce((sum, shape) => sum + (engine === "pickscore" ? shape.needed : shape.count) * gigaflops(shape), 0);
  const speed = work > 0 && products > 0 ? `, ${((work / products) * 1000).toFixed(1)} GFLOP/s` : "";
  const rows = kernels.map(({ name, groups, count, milliseconds }) => [`\`${name}\``, groups, count, milliseconds.toFixed(1)]);
  const sums = `${dispatches} dispatches, ${milliseconds.toFixed(0)} ms, of it products ${products.toFixed(0)} ms${speed}`;
  return `${model}, ${place}, ${ENGINES[engine]}: ${sums}.\n\n${table(["kernel", "workgroups", "dispatches", "ms"], rows)}`;
}

function table(columns, rows) {
  return [columns, columns.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function number(value, digits) {
  return Number.isFinite(value) ? value.toFixed(digits) : "–";
}
