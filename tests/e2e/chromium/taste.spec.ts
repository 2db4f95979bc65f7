/**
 * Tastes in the records library: fitted in a browser as scikit-learn and scipy fit them, read,
 * checked and applied, and used by the engine's library.
 */

import { readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";
import type { Page } from "@playwright/test";
import type * as Engine from "../../../web/engine/js/pickscore";
import type * as Library from "../../../web/records/js/records";

import { expect, openBlank, test } from "./setup.ts";

/** A case of `tests/taste/reference.py`. */
interface Case {
  name: string;
  dimensions: number;
  embeddings: number[];
  pairs: [number, number][];
  leads: number[];
  labels: Library.Label[];
  deviations: { weights: number; alpha: number };
  weights: number[];
  alpha: number;
  asked: [number, number][];
  variances: number[];
}

const FIXTURES = new URL("../../taste/fixtures/", import.meta.url);
const CASES = JSON.parse(inflateSync(readFileSync(new URL("reference.json.zlib", FIXTURES))).toString()) as Case[];
const TWO = readFileSync(new URL("tastes/two-dimensions.json", FIXTURES), "utf8");

interface Opened {
  library: typeof Library;
  uid: (image: number) => string;
  record: (prompt: string, left: string, right: string, label: Library.Label | null, more?: object) => Library.PreferenceRecord;
  /** Unit-length vectors with something in common, from a seed. */
  vectors: (count: number, dimensions: number) => Float32Array[];
}

/** Puts the library on the page's `window`, with makers of records and embeddings. */
async function open(page: Page): Promise<void> {
  await openBlank(page);
  await page.evaluate(async () => {
    const library = (await import(new URL("lib/records.js", document.baseURI).href)) as typeof Library;
    await library.ready();
    const uid = (image: number) => image.toString(16).padStart(64, "0");
    let records = 0;
    const began = Date.now() - 1_000_000;
    const record: Opened["record"] = (prompt, left, right, label, more = {}) =>
      library.checkRecord({
        record_version: 1, uid: `r${records++}`, prompt, left: { image_uid: left, model: null, score: null }, right: { image_uid: right, model: null, score: null },
        has_label: label !== null, label, created_at: began + records, session_uid: "s", rater_uid: "r", mode: "active", control: null, retest_of: null, group_uid: null,
        seconds: 1, scores_visible: false, scorer: null, app_version: "0.1.0", ...more,
      });
    let state = 7;
    const next = () => (state = (state * 48271) % 2147483647) / 2147483647;
    const vectors = (count: number, dimensions: number) =>
      Array.from({ length: count }, () => {
        const vector = Float32Array.from({ length: dimensions }, () => next() - 0.1);
        const length = Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
        return vector.map((x) => x / length);
      });
    Object.assign(window, { library, uid, record, vectors });
  });
}

test("choice by choice, a taste is what scikit-learn and scipy find", async ({ page }) => {
  await open(page);
  // The width of α's prior is not an option of the learner.
  const cases = CASES.filter(({ deviations }) => deviations.alpha === 1);
  expect(cases).toHaveLength(6);
  for (const { name, dimensions, embeddings, pairs, leads, labels, deviations, weights, alpha, asked, variances } of cases) {
    const images = embeddings.length / dimensions;
    const base = (image: number) => -1 + (2 * image) / (images - 1);
    const found = await page.evaluate(
      ({ dimensions, embeddings, pairs, leads, labels, deviation, bases, asked }) => {
        const { library, uid, record } = window as unknown as Opened;
        const learner = library.TasteLearner.start({ dimensions, deviation });
        const all = bases.map((score, image) => ({ uid: uid(image), score }));
        for (const [image, { uid }] of all.entries()) learner.addImage(uid, new Float32Array(embeddings.slice(image * dimensions, (image + 1) * dimensions)));
        learner.setPool(all);
        for (const [at, [left, right]] of pairs.entries()) {
          const made = record("p", uid(left), uid(right), labels[at] as Library.Label);
          const scores = { left: leads[at] as number, right: 0 };
          learner.add(made, scores);
          // Taking an answer back leaves nothing behind.
          if (at % 10 !== 0) continue;
          learner.next();
          learner.undo();
          learner.add(made, scores);
        }
        const scores = learner.scores().map(({ score }) => score);
        // Half of the deviation of a difference is that of each of two scores from their mean.
        const found = asked.map(([one, other]) => {
          learner.setPool([all[one], all[other]] as typeof all);
          return (2 * (learner.scores()[0]?.deviation ?? 0)) ** 2;
        });
        learner.free();
        return { scores, variances: found };
      },
      { dimensions, embeddings, pairs, leads, labels, deviation: deviations.weights, bases: Array.from({ length: images }, (_, image) => base(image)), asked },
    );
    for (const [image, score] of found.scores.entries()) {
      const expected = weights.reduce((sum, weight, at) => sum + weight * (embeddings[image * dimensions + at] as number), alpha * base(image));
      expect(Math.abs(score - expected), name).toBeLessThan(1e-5);
    }
    for (const [at, variance] of found.variances.entries()) expect(Math.abs(variance - (variances[at] as number)), name).toBeLessThan(1e-5);
  }
});

test("a known taste is learned, measured and applied", async ({ page }) => {
  await open(page);
  const outcome = await page.evaluate(async () => {
    const { library, uid, record, vectors } = window as unknown as Opened;
    const [images, dimensions] = [120, 16];
    const all = vectors(images, dimensions);
    const embeddings = new Map(all.map((vector, image) => [uid(image), vector]));
    // Someone who only looks at the first number; the base scorer only sees the second.
    const taste = (image: number) => (all[image] as Float32Array)[0] as number;
    const base = (image: number) => 4 * (all[image]?.[1] ?? 0);
    const records: Library.PreferenceRecord[] = [];
    for (let at = 0; at < 600; at++) {
      const prompt = at % 12;
      const one = prompt * 10 + (at % 10);
      const other = prompt * 10 + ((at + 1 + (at % 7)) % 10);
      if (one !== other) records.push(record(`p${prompt}`, uid(one), uid(other), taste(one) > taste(other) ? "left" : "right"));
    }
    const learned = records.length;
    records.push(record("p0", uid(0), uid(1), null), record("p0", uid(0), uid(1), "left", { control: "left" }), record("p0", uid(0), uid(999), "left"));
    records.push(record("p0", uid(0), uid(1), "tie", { scores_visible: true }));
    // The same records again, one of them under another uid.
    const again = [records[0] as Library.PreferenceRecord, { ...(records[1] as Library.PreferenceRecord), uid: "copy" }];
    const scorer = { name: "pickscore", fingerprint: "ab".repeat(32) };
    const scores = (_: string, image: string) => base(Number.parseInt(image, 16));
    const progress: { loaded: number; total: number }[] = [];
    const options = { name: " Mine ", scorer, records, embeddings, scores };
    const made = await library.fitTaste({ ...options, withoutVisibleScores: true, onProgress: (step) => void progress.push(step) });
    const twice = await library.fitTaste({ ...options, records: [...records, ...again], withoutVisibleScores: true });
    const [a, b] = [0, 1];
    const applied = made.taste.apply([base(a), base(b)], [all[a] as Float32Array, all[b] as Float32Array]);
    const ten = Array.from({ length: 10 }, (_, image) => image);
    const judged = made.taste.apply(ten.map(base), ten.map((image) => all[image] as Float32Array)).map((image, at) => ({ ...image, base: base(at) }));
    const read = library.Taste.read(new TextEncoder().encode(made.taste.text));
    const stored = JSON.parse(made.taste.text) as { alpha: number; weights: string };
    const bytes = Uint8Array.from(atob(stored.weights), (letter) => letter.charCodeAt(0));
    const weights = new Float32Array(bytes.buffer);
    const byHand = [a, b].map((image) => weights.reduce((sum, weight, at) => sum + weight * ((all[image] as Float32Array)[at] as number), stored.alpha * base(image)));
    const withVisible = await library.fitTaste(options);
    const controller = new AbortController();
    const stopped = await library
      .fitTaste({ ...options, signal: controller.signal, onProgress: () => controller.abort() })
      .catch((error: Library.RecordsError) => error.code);
    const { taste: _, ...report } = made;
    const duplicates = { ...twice.left_out, isSame: twice.taste.text === made.taste.text };
    return { learned, report, progress, applied, judged, duplicates, byHand, info: read.info, renamed: read.renamed("Other").info.name, visible: [withVisible.choices, withVisible.ties], stopped };
  });
  const { report, learned } = outcome;
  expect(report).toMatchObject({ choices: learned, ties: 0, left_out: { skipped: 1, controls: 1, scores_visible: 1, duplicates: 0, gone: 1 }, folds_of: "prompts", folds: 5, needed: { state: "offered" } });
  expect(report.accuracy?.taste.value).toBeGreaterThan(0.8);
  expect(report.accuracy?.gain.low).toBeGreaterThan(0);
  expect(report.accuracy?.tested).toBe(learned);
  expect(outcome.visible).toEqual([learned + 1, 1]);
  expect(outcome.info).toMatchObject({ name: "Mine", choices: learned, dimensions: 16, scorer: { name: "pickscore", scale: 1 }, accuracy: report.accuracy });
  expect(outcome.renamed).toBe("Other");
  for (const [at, { score }] of outcome.applied.entries()) expect(score).toBeCloseTo(outcome.byHand[at] as number, 6);
  // A record counts once.
  expect(outcome.duplicates).toEqual({ skipped: 1, controls: 1, scores_visible: 1, duplicates: 2, gone: 1, isSame: true });
  // The difference is that of standard scores, in logits.
  const spread = (values: number[]) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return { mean, deviation: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) };
  };
  const [own, people] = [spread(outcome.judged.map(({ score }) => score)), spread(outcome.judged.map(({ base }) => base))];
  for (const { score, base, difference, difference_deviation } of outcome.judged) {
    expect(difference).toBeCloseTo(own.deviation * ((score - own.mean) / own.deviation - (base - people.mean) / people.deviation), 6);
    expect(difference_deviation).toBeGreaterThan(0);
  }
  expect((outcome.applied[0]?.difference ?? 0) + (outcome.applied[1]?.difference ?? 1)).toBeCloseTo(0, 9);
  const loaded = outcome.progress.map((step) => step.loaded);
  expect(loaded).toEqual([...loaded].sort((one, other) => one - other));
  expect(outcome.stopped).toBe("aborted");
});

test("what cannot be learned from or used is refused with a code and a sentence", async ({ page }) => {
  await open(page);
  const said = await page.evaluate(async (text) => {
    const { library, uid, record } = window as unknown as Opened;
    const unit = (...values: number[]) => new Float32Array(values);
    const embeddings = new Map([[uid(0), unit(1, 0)], [uid(1), unit(0, 1)], [uid(2), unit(1, 0, 0)], [uid(3), unit(Number.NaN, 0)]]);
    const fit = (records: Library.PreferenceRecord[], more: Partial<Library.FitTasteOptions> = {}) =>
      library.fitTaste({ name: "x", scorer: { name: "pickscore", fingerprint: "0".repeat(64) }, records, embeddings, scores: () => 1, ...more });
    const plain = [record("p", uid(0), uid(1), "left")];
    const read = library.Taste.read(text);
    const attempts: [string, () => unknown][] = [
      ["another model", () => fit([record("p", uid(0), uid(2), "left")])],
      ["NaN", () => fit([record("p", uid(3), uid(1), "left")])],
      ["no score", () => fit(plain, { scores: () => Number.NaN })],
      ["too far apart", () => fit(plain, { scores: (_, image) => (image === uid(0) ? 1e6 : 0) })],
      ["gone", () => fit([record("p", uid(8), uid(9), "left")])],
      ["skipped", () => fit([record("p", uid(0), uid(1), null)])],
      ["nothing", () => fit([])],
      ["no embeddings", () => fit(plain, { scorer: { name: "image-reward", fingerprint: "0".repeat(64) } })],
      ["no name", () => fit(plain, { name: " " })],
      ["fingerprint", () => fit(plain, { scorer: { name: "pickscore", fingerprint: "1" } })],
      ["version", () => library.Taste.read(text.replace('"version": 1', '"version": 2'))],
      ["not a taste", () => library.Taste.read("{}")],
      ["not JSON", () => library.Taste.read("x")],
      ["other scorer", () => read.check({ name: "pickscore", fingerprint: "0".repeat(64) })],
      ["own scorer", () => read.check(read.info.scorer)],
      ["other dimensions", () => read.apply([1], [unit(1, 0, 0)])],
      ["infinite", () => read.apply([Infinity], [unit(1, 0)])],
      ["no image", () => library.TasteLearner.start({ dimensions: 2 }).setPool([{ uid: uid(0), score: 1 }])],
      ["dimensions", () => library.TasteLearner.start({ dimensions: 0 })],
      ["scale", () => library.tasteScale("image-reward", [])],
      // Arguments of another type.
      ...Object.entries({ name: 5, scorer: { name: "pickscore", fingerprint: {} }, records: {}, embeddings: {}, scores: {} }).map(
        ([field, value]): [string, () => unknown] => [`type of ${field}`, () => fit(plain, { [field]: value })],
      ),
      ["type of a choice", () => fit([null] as never)],
      ["type of a new name", () => read.renamed(5 as never)],
      ["type of a checked scorer", () => read.check({ name: "pickscore", fingerprint: {} } as never)],
      ["type of applied scores", () => read.apply({ length: 1 } as never, [unit(1, 0)])],
      ["type of a scale's scores", () => library.tasteScale("pickscore", {} as never)],
    ];
    const found: Record<string, string> = {};
    for (const [name, attempt] of attempts) {
      try {
        await attempt();
        found[name] = "";
      } catch (error) {
        found[name] = `${(error as Library.RecordsError).code}: ${(error as Error).message}`;
      }
    }
    return found;
  }, TWO);
  const wrong = Object.entries(said).filter(([name]) => name.startsWith("type of "));
  expect(wrong).toHaveLength(10);
  for (const [name, words] of wrong) expect(words, name).toMatch(/^bad-argument: /);
  expect(said).toMatchObject({
    "another model": "taste: embeddings of 3 dimensions are of another model: this one's have 2",
    NaN: "taste: the embedding of image 0 is not finite",
    "no score": expect.stringMatching(/^taste: the score of image 0+ is not a number$/),
    "too far apart": expect.stringMatching(/^taste: the scores of choice 0 are not finite, or further apart/),
    gone: "nothing-to-learn: no choice can be learned from: an image of the only one is gone",
    skipped: expect.stringMatching(/^nothing-to-learn: no choice can be learned from: all were skipped/),
    nothing: "nothing-to-learn: there are no choices to learn from",
    "no embeddings": "taste: a taste needs a scorer with image embeddings, which `image-reward` is not",
    "no name": "bad-argument: the name of a taste has 1 to 80 characters",
    fingerprint: "taste-file: `scorer.fingerprint` of the taste is not 64 hexadecimal digits",
    version: "taste-file: the taste is of version 2; this program reads version 1",
    "not a taste": "taste-file: the file is not a taste: its `format` is not `pickscore-taste`",
    "not JSON": expect.stringMatching(/^taste-file: the file is not JSON/),
    "other scorer": expect.stringMatching(/^taste-scorer: the taste needs the scorer/),
    "own scorer": "",
    "other dimensions": "taste: embeddings of 3 dimensions are of another model: this one's have 2",
    infinite: "taste: the score of image 0 is not finite",
    "no image": expect.stringMatching(/^taste: image 0+ has no embedding$/),
    dimensions: expect.stringMatching(/^taste: an embedding has 0 numbers/),
    scale: "taste: a taste needs a scorer with image embeddings, which `image-reward` is not",
  });
});

test("the most informative pair is one that was not asked", async ({ page }) => {
  await open(page);
  const found = await page.evaluate(() => {
    const { library, uid, record, vectors } = window as unknown as Opened;
    const learner = library.TasteLearner.start({ dimensions: 8 });
    const all = vectors(6, 8);
    for (const [image, vector] of all.entries()) learner.addImage(uid(image), vector);
    learner.setPool(all.map((_, image) => ({ uid: uid(image), score: image / 10 })));
    const asked: [string, string][] = [];
    const information: number[] = [];
    for (let pair = learner.next(asked); pair; pair = learner.next(asked)) {
      asked.push([pair.images[1], pair.images[0]]);
      information.push(pair.information);
      learner.add(record("p", ...pair.images, "left"), { left: 0, right: 0 });
    }
    const isLearned = learner.add(record("p", uid(0), uid(1), null), { left: 0, right: 0 });
    const undone = Array.from({ length: 17 }, () => learner.undo());
    return { asked, information, isLearned, undone };
  });
  expect(new Set(found.asked.map((pair) => [...pair].sort().join())).size).toBe(15);
  expect(found.information[0]).toBeGreaterThan(found.information[14] as number);
  expect(found.isLearned).toBe(false);
  expect(found.undone).toEqual([...Array.from({ length: 16 }, () => true), false]);
});

test("a round asks the pair that is suggested, and continues with it after a reload", async ({ page }) => {
  await open(page);
  const found = await page.evaluate(() => {
    const { library, uid } = window as unknown as Opened;
    const images = [0, 1, 2, 3, 4].map(uid);
    const round = library.Round.start({ mode: "active", seed: 1, images });
    const first = round.suggest(uid(3), uid(1));
    const pair = round.pair;
    round.choose("left", "r0");
    const repeated = round.suggest(uid(1), uid(3));
    const unknown = round.suggest(uid(1), uid(9));
    const second = round.suggest(uid(4), uid(0));
    const restored = library.Round.restore(round.state()).pair;
    round.undo();
    const other = library.Round.start({ mode: "all-pairs", seed: 1, images });
    return { first, pair, repeated, unknown, second, restored, back: round.pair, otherMode: other.suggest(uid(3), uid(1)) };
  });
  const uids = (pair: Library.Pair | null) => [pair?.left, pair?.right].map((uid) => Number.parseInt(uid ?? "", 16)).sort();
  expect(found).toMatchObject({ first: true, repeated: false, unknown: false, second: true, otherMode: false });
  expect([uids(found.pair), uids(found.restored), uids(found.back)]).toEqual([[1, 3], [0, 4], [1, 3]]);
});

test("the engine scores by a taste of its model, and refuses others", async ({ page }) => {
  await open(page);
  const found = await page.evaluate(async () => {
    const { library, record } = window as unknown as Opened;
    const engine = (await import(new URL("lib/pickscore.js", document.baseURI).href)) as typeof Engine;
    const scorer = await engine.Scorer.load({ model: "models/pickscore-tiny/", device: "cpu" });
    const colours = ["red", "blue", "green", "yellow"];
    const images = await Promise.all(
      colours.map(async (colour) => {
        const canvas = new OffscreenCanvas(64, 64);
        const context = canvas.getContext("2d") as OffscreenCanvasRenderingContext2D;
        context.fillStyle = colour;
        context.fillRect(8, 8, 40, 40);
        return canvas.convertToBlob();
      }),
    );
    const uids = await Promise.all(images.map(async (image) => library.imageUid(new Uint8Array(await image.arrayBuffer()))));
    const [embeddings, base] = [await scorer.embedImages(images), await scorer.score("a square", images)];
    const { scorer: name, identity: fingerprint } = scorer.info;
    const records = [1, 2, 3].map((other) => record("a square", uids[0] as string, uids[other] as string, "left"));
    const scores = (_: string, uid: string) => base.scores[uids.indexOf(uid)];
    const made = await library.fitTaste({ name: "Red", scorer: { name, fingerprint }, records, embeddings: new Map(embeddings.map((vector, at) => [uids[at] as string, vector])), scores });
    const expected = made.taste.apply(base.scores, embeddings).map(({ score }) => score);
    const results = [];
    for (const taste of [made.taste, made.taste.text, JSON.parse(made.taste.text) as object]) results.push(await scorer.score("a square", images, { taste }));
    const refused = async (taste: string | object) => scorer.score("a square", images, { taste }).then(() => "", (error: Engine.PickScoreError) => `${error.code}: ${error.message}`);
    const text = made.taste.text;
    const other = text.replace(fingerprint, "0".repeat(64));
    const errors = [await refused(other), await refused("{"), await refused({}), await refused(text.replace('"version": 1', '"version": 2')), await refused(text.replace(/"weights": "[^"]{4}/, '"weights": "'))];
    const cycle: Record<string, unknown> = JSON.parse(text) as Record<string, unknown>;
    cycle["self"] = cycle;
    let deep: object = {};
    for (let level = 0; level < 20_000; level++) deep = [deep];
    const [parsed, scaled] = [JSON.parse(text) as { scorer: object }, [0, 1e-7, 1e7, -1]];
    const hostile = [" ".repeat(70_000) + text, cycle, { ...parsed, size: 1n }, deep, "[".repeat(30_000) + "]".repeat(30_000), { ...parsed, version: "x".repeat(1000) }];
    for (const scale of scaled) hostile.push({ ...parsed, scorer: { ...parsed.scorer, scale } });
    const refusals: string[] = [];
    for (const taste of hostile) refusals.push(await refused(taste));
    await scorer.dispose();
    return { expected, results, errors, refusals, plain: base.scores };
  });
  for (const { scores, probabilities } of found.results) {
    for (const [at, score] of scores.entries()) expect(score).toBeCloseTo(found.expected[at] as number, 4);
    expect(probabilities?.reduce((sum, one) => sum + one, 0)).toBeCloseTo(1, 9);
  }
  expect(found.results[0]?.scores).not.toEqual(found.plain);
  expect(found.errors[0]).toMatch(/^taste-scorer: the taste needs the scorer .* \(00000000\), not /);
  expect(found.errors.slice(1)).toEqual([
    "bad-taste: the taste is not JSON",
    "bad-taste: the file is not a taste: its `format` is not `pickscore-taste`",
    "bad-taste: the taste is of version 2; this program reads version 1",
    expect.stringMatching(/^bad-taste: /),
  ]);
  expect(found.refusals).toHaveLength(10);
  for (const words of found.refusals) {
    expect(words).toMatch(/^bad-taste: /);
    expect(words.length).toBeLessThan(160);
  }
});

test("the time of a refit and of a first fit", async ({ page }) => {
  await open(page);
  const times = await page.evaluate(async () => {
    const { library, uid, record, vectors } = window as unknown as Opened;
    const [images, dimensions] = [500, 1024];
    const all = vectors(images, dimensions);
    const learner = library.TasteLearner.start({ dimensions, deviation: 4 });
    for (const [image, vector] of all.entries()) learner.addImage(uid(image), vector);
    const choice = (at: number) => {
      const one = (at * 37) % images;
      const other = (one + 1 + ((at * 61) % (images - 1))) % images;
      const lead = ((at * 29) % 100) / 25 - 2;
      return { made: record(`p${at % 20}`, uid(one), uid(other), lead + Math.sin(at) > 0 ? "left" : at % 11 === 0 ? "tie" : "right"), lead };
    };
    const add = (at: number) => {
      const { made, lead } = choice(at);
      learner.add(made, { left: lead, right: 0 });
    };
    learner.setPool([{ uid: uid(0), score: 0 }]);
    for (let at = 0; at < 490; at++) add(at);
    const timed = (work: () => unknown) => {
      const start = performance.now();
      work();
      return performance.now() - start;
    };
    const first = timed(() => learner.scores());
    const refits = Array.from({ length: 10 }, (_, at) => timed(() => (add(490 + at), learner.scores())));
    learner.setPool(all.map((_, image) => ({ uid: uid(image), score: 0 })));
    learner.next();
    const pairs = [500, 501, 502].map((at) => timed(() => (add(at), learner.next())));
    const many = library.TasteLearner.start({ dimensions, deviation: 4 });
    for (const [image, vector] of all.entries()) many.addImage(uid(image), vector);
    many.setPool([{ uid: uid(0), score: 0 }]);
    for (let at = 0; at < 5000; at++) {
      const { made, lead } = choice(at);
      many.add(made, { left: lead, right: 0 });
    }
    const large = timed(() => many.scores());
    const records = Array.from({ length: 500 }, (_, at) => choice(at).made);
    const embeddings = new Map(all.map((vector, image) => [uid(image), vector]));
    const start = performance.now();
    await library.fitTaste({ name: "x", scorer: { name: "pickscore", fingerprint: "0".repeat(64) }, records, embeddings, scores: () => 0 });
    return { first, refits, pairs, large, validated: performance.now() - start };
  });
  const words = (all: number[]) => all.map((time) => time.toFixed(0)).join(", ");
  // Printed, not checked: other work on the machine counts too.
  console.log(`first fit of 490 choices × 1024: ${words([times.first])} ms; refit: ${words(times.refits)} ms; refit and pair of 500 images: ${words(times.pairs)} ms`);
  console.log(`first fit of 5,000 choices between 500 images: ${words([times.large])} ms; cross-validation and file of 500 choices: ${words([times.validated])} ms`);
});
