/** Images are decoded by other workers while the device computes. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Page } from "@playwright/test";
import type * as Library from "../../../web/engine/js/pickscore";
import { expect, expectScores, hookWorkers, IMAGES, PROMPT, test } from "./setup.ts";

const AVIF = readFileSync(join(import.meta.dirname, "../files/orientation-6.avif")).toString("base64");

interface Opened {
  scorer: Library.PickScore;
  /** A photograph and a drawing. */
  files: File[];
  avif: File;
  /** The worker and size of each file that was hashed, in order. */
  hashed: { worker: number; bytes: number }[];
  /** Files with the same image and other bytes, new in every call. */
  copies(count: number): File[];
}

/** Loads a model into the page's `window`. Every worker first runs `script`. */
async function open(page: Page, model: string, { device = "cpu", script = "" }: { device?: "cpu" | "webgpu"; script?: string } = {}): Promise<void> {
  const hook = `const worker = Math.random();
    const channel = new BroadcastChannel("hashed");
    const digest = SubtleCrypto.prototype.digest;
    SubtleCrypto.prototype.digest = function (name, data) {
      channel.postMessage({ worker, bytes: data.byteLength });
      return digest.call(this, name, data);
    };
    ${script}`;
  await hookWorkers(page, hook);
  await page.evaluate(
    async ({ model, device, images, avif }) => {
      const library = (await import(new URL("lib/pickscore.js", document.baseURI).href)) as typeof Library;
      const bytes = (base64: string) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
      const files = images.map(({ name, base64 }) => new File([bytes(base64)], name));
      const scorer = await library.PickScore.load({ model, device, precision: "f32" });
      const hashed: Opened["hashed"] = [];
      // Bytes after a file's end change its hash but not its image.
      const copies = (count: number) => Array.from({ length: count }, (_, at) => new File([files[0] as File, crypto.getRandomValues(new Uint8Array(8))], `${at}.png`));
      Object.assign(window, { scorer, files, hashed, copies, avif: new File([bytes(avif)], "rotated.avif", { type: "image/avif" }) });
      new BroadcastChannel("hashed").onmessage = ({ data }) => hashed.push(data);
    },
    { model, device, images: IMAGES, avif: AVIF },
  );
}

/** Serves the site without the headers that let pages share memory. */
let plain: ChildProcess;
let plainSite: string;

test.beforeAll(async () => {
  const root = resolve(import.meta.dirname, "../../..");
  plain = spawn("node", [join(root, "www/serve.mjs"), join(root, "dist"), "--port", "0", "--plain"], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(plain.stdout as NonNullable<typeof plain.stdout>, "data")) as [Buffer];
  plainSite = String(line).trim();
});

test.afterAll(() => {
  plain.kill();
});

for (const { title, isolated, device } of [
  { title: "on the CPU with threads", isolated: true, device: "cpu" },
  { title: "on the CPU without threads", isolated: false, device: "cpu" },
  { title: "on the GPU", isolated: true, device: "webgpu" },
  { title: "on the GPU without cross-origin isolation", isolated: false, device: "webgpu" },
] as const) {
  test(`${title}, several workers decode, and results are those of one image at a time`, async ({ blank, server }) => {
    if (!isolated) await blank.goto(`${plainSite}config.json`);
    await open(blank, `${server.url}narrow`, { device });
    const outcome = await blank.evaluate(async (prompt) => {
      const { scorer, files, avif, hashed, copies } = window as unknown as Opened;
      const [photograph, drawing] = files as [File, File];
      const cut = new File([await photograph.slice(0, 200).arrayBuffer()], "cut.png");
      const text = new File(["not an image"], "notes.txt");
      const empty = new File([], "empty.png");
      const distinct = [photograph, drawing, cut, avif, text, empty];
      // Calls with one image start no workers.
      const alone = [];
      for (const image of distinct) alone.push(await scorer.score(prompt, [image], { unreadable: "skip" }));
      const before = new Set(hashed.map(({ worker }) => worker)).size;
      let workers = before;
      // The first images are done before the workers have started.
      for (let round = 0; round < 100 && workers === before; round++) {
        await scorer.embedImages(copies(24));
        workers = new Set(hashed.map(({ worker }) => worker)).size;
      }
      // In another order, with duplicates, and new to the caches.
      const order = [1, 0, 2, 3, 1, 4, 5, 0, 3, 2, 0];
      const fresh = distinct.map((image) => (image === empty ? image : new File([image, "more"], image.name, { type: image.type })));
      const progress: number[] = [];
      const onProgress = ({ loaded }: { loaded: number }) => progress.push(loaded);
      const together = await scorer.score(prompt, order.map((at) => fresh[at] as File), { unreadable: "skip", onProgress });
      const thrown = await scorer.score(prompt, order.map((at) => fresh[at] as File)).catch(({ code, message, index }: Library.PickScoreError) => ({ code, message, index }));
      return { alone, before, workers, order, together, thrown, progress, isolated: crossOriginIsolated, threads: scorer.info.threads };
    }, PROMPT);
    expect(outcome.isolated).toBe(isolated);
    expect(outcome.threads > 1).toBe(isolated && device === "cpu");
    expect(outcome.before).toBe(1);
    expect(outcome.workers).toBeGreaterThan(1);
    const { order, together, alone } = outcome;
    for (const [place, at] of order.entries()) {
      const { scores, skipped, decodedByBrowser } = alone[at] as Library.ScoreResult;
      const [score] = scores as [number];
      if (Number.isNaN(score)) expect(together.scores[place]).toBeNaN();
      else expect(together.scores[place]).toBeCloseTo(score, 4);
      expect(together.decodedByBrowser.includes(place)).toBe(decodedByBrowser.length > 0);
      expect(together.skipped.filter(({ index }) => index === place)).toEqual(skipped.map((problem) => ({ ...problem, index: place })));
    }
    expect(together.skipped.map(({ index, code }) => [index, code])).toEqual([
      [2, "image-damaged"],
      [5, "image-format"],
      [6, "image-damaged"],
      [9, "image-damaged"],
    ]);
    expect(together.decodedByBrowser).toEqual([3, 8]);
    expect(outcome.thrown).toMatchObject({ code: "image-damaged", index: 2 });
    expect((outcome.thrown as { message: string }).message).toMatch(/^image 3 of 11 \(cut\.png\): the image cannot be decoded as PNG/);
    expect(outcome.progress.at(-1)).toBe(order.length);
    expect(outcome.progress).toEqual([...outcome.progress].sort((a, b) => a - b));
  });
}

test("identical files are decoded once, and known ones not again", async ({ blank, server }) => {
  await open(blank, `${server.url}narrow`);
  const outcome = await blank.evaluate(async () => {
    const { scorer, copies } = window as unknown as Opened;
    const images = copies(60);
    const time = async (images: File[]) => {
      const start = performance.now();
      const embeddings = await scorer.embedImages(images);
      return { milliseconds: performance.now() - start, same: embeddings.every((embedding) => embedding.length === embeddings[0]?.length) };
    };
    const first = await time(images);
    // Ten times the images in the same time, though each is read and hashed.
    const again = await time(Array.from({ length: 600 }, (_, at) => images[(at * 7) % 60] as File));
    return { first, again };
  });
  expect(outcome.again.same).toBe(true);
  expect(outcome.again.milliseconds).toBeLessThan(2 * outcome.first.milliseconds);
});

for (const device of ["cpu", "webgpu"] as const) {
  test(`on the ${device}, a cancelled call stops all workers, which read only a few batches ahead`, async ({ blank, server }) => {
    await open(blank, `${server.url}narrow`, { device });
    const outcome = await blank.evaluate(async (prompt) => {
      const { scorer, files, hashed, copies } = window as unknown as Opened;
      await scorer.embedImages(copies(8));
      const abort = new AbortController();
      let done = 0;
      const many = Array.from({ length: 600 }, (_, at) => new File([files[1] as File, new Uint8Array(at)], `${at}.png`));
      hashed.length = 0;
      const code = await scorer
        .score(prompt, many, {
          signal: abort.signal,
          onProgress: ({ loaded }) => {
            done = loaded;
            if (loaded === 20) abort.abort();
          },
        })
        .then(() => "none", ({ code }: Library.PickScoreError) => code);
      const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
      // An image that was being decoded may still end.
      await wait(500);
      const read = hashed.length;
      await wait(1000);
      return { code, done, read, later: hashed.length, scores: (await scorer.score(prompt, files)).scores };
    }, PROMPT);
    expect(outcome.code).toBe("aborted");
    expect(outcome.done).toBeGreaterThanOrEqual(20);
    expect(outcome.later).toBe(outcome.read);
    // Two batches, and what waits in the queues of at most nine workers.
    expect(outcome.read).toBeLessThan(outcome.done + 200);
    expectScores({ scores: outcome.scores, stages: [], cached: [] });
  });
}

test("no worker is left after the scorer is disposed of", async ({ blank, server }) => {
  await open(blank, `${server.url}narrow`);
  const before = blank.workers().length;
  await blank.evaluate(async () => {
    const { scorer, copies } = window as unknown as Opened;
    await scorer.embedImages(copies(30));
  });
  // They start while this worker already decodes.
  await expect.poll(() => blank.workers().length).toBeGreaterThan(before);
  await blank.evaluate(async () => {
    const { scorer, copies } = window as unknown as Opened;
    const waiting = scorer.embedImages(copies(100)).catch(() => undefined);
    await scorer.dispose();
    await waiting;
  });
  await expect.poll(() => blank.workers().length).toBe(0);
});

/** Ways in which workers that decode fail. Each is run in every worker. */
const BROKEN = {
  "cannot start": `addEventListener("message", ({ data }) => { if (data.type === "decoder") throw new Error("broken"); });`,
  "stop at their third image": `let done = 0;
    const post = MessagePort.prototype.postMessage;
    MessagePort.prototype.postMessage = function (message, ...more) {
      if (message?.type === "done" && ++done === 3) throw new Error("broken");
      return post.call(this, message, ...more);
    };`,
};

for (const [how, script] of Object.entries(BROKEN)) {
  test(`workers that ${how} change nothing but the time`, async ({ blank, server }) => {
    await open(blank, `${server.url}narrow`, { script });
    const scores = await blank.evaluate(async (prompt) => {
      const { scorer, files, copies } = window as unknown as Opened;
      const { scores } = await scorer.score(prompt, [...files, ...copies(30)]);
      return scores;
    }, PROMPT);
    expectScores({ scores: scores.slice(0, 2), stages: [], cached: [] });
    for (const score of scores.slice(2)) expect(score).toBeCloseTo(scores[0] as number, 4);
  });
}

test("without the decoders' module, the engine's worker decodes", async ({ blank, server }) => {
  const refused: string[] = [];
  await blank.route("**/engine-decoder.*", (route) => {
    refused.push(route.request().url());
    return route.abort();
  });
  await open(blank, `${server.url}narrow`);
  const outcome = await blank.evaluate(async (prompt) => {
    const { scorer, files, copies, hashed } = window as unknown as Opened;
    const { scores } = await scorer.score(prompt, [...files, ...copies(30)]);
    return { scores, workers: new Set(hashed.map(({ worker }) => worker)).size };
  }, PROMPT);
  expect(refused).toHaveLength(1);
  expect(outcome.workers).toBe(1);
  expectScores({ scores: outcome.scores.slice(0, 2), stages: [], cached: [] });
});
