/** Calls to the engine: order, cancelling, and what happens when the device is lost. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type * as Library from "../../../web/engine/js/pickscore";

import { expect, expectScores, hookWorkers, IMAGES, load, PROMPT, test } from "./setup.ts";
import type { Page } from "@playwright/test";

/** Puts a scorer on the page's `window`, with the test images as files. */
async function open(page: Page, model: string, options: Partial<Library.LoadOptions> = {}): Promise<void> {
  await page.evaluate(
    async ({ model, options, images }) => {
      const library = (await import(new URL("lib/pickscore.js", document.baseURI).href)) as typeof Library;
      const files = images.map(({ name, base64 }) => {
        return new File([Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))], name);
      });
      const scorer = await library.PickScore.load({ model, device: "cpu", precision: "f32", ...(options as object) });
      Object.assign(window, { library, scorer, files, told: [] });
    },
    { model, options: options as { device?: "webgpu" | "cpu" }, images: IMAGES },
  );
}

interface Opened {
  library: typeof Library;
  scorer: Library.PickScore;
  files: File[];
}

/** The code and message with which a promise in the page rejects. */
const outcomeOf = `async (promise) => { try { return { value: await promise } } catch ({ code, message, index }) { return { code, message, index } } }`;

test("several calls in flight are answered in order, each with its own progress", async ({ blank, server }) => {
  await open(blank, `${server.url}narrow`);
  const outcome = await blank.evaluate(async (prompt) => {
    const { scorer, files } = window as unknown as Opened;
    const order: string[] = [];
    const progress: number[] = [];
    const call = (name: string, promise: Promise<unknown>) => promise.then(() => order.push(name));
    await Promise.all([
      call("score", scorer.score(prompt, files, { onProgress: ({ loaded }) => progress.push(loaded) })),
      call("texts", scorer.embedText([prompt, "another", prompt])),
      call("images", scorer.embedImages(files)),
    ]);
    return { order, progress };
  }, PROMPT);
  expect(outcome.order).toEqual(["score", "texts", "images"]);
  expect(outcome.progress).toEqual([1, 2]);
});

test("embeddings have unit length, and their cosine is the score", async ({ blank, server }) => {
  await open(blank, `${server.url}narrow`);
  const outcome = await blank.evaluate(async (prompt) => {
    const { scorer, files } = window as unknown as Opened;
    const [text] = await scorer.embedText([prompt]);
    const images = await scorer.embedImages(files);
    const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, index) => sum + x * (b[index] ?? Number.NaN), 0);
    const lengths = [text as Float32Array, ...images].map((x) => Math.sqrt(dot(x, x)));
    const { scores, truncated } = await scorer.score(prompt, files);
    const cosines = images.map((image) => scorer.info.logitScale * dot(text as Float32Array, image));
    return { lengths, scores, cosines, truncated, dimensions: text?.length };
  }, PROMPT);
  for (const length of outcome.lengths) expect(length).toBeCloseTo(1, 5);
  for (const [index, score] of outcome.scores.entries()) expect(outcome.cosines[index]).toBeCloseTo(score, 3);
  expect(outcome).toMatchObject({ truncated: false, dimensions: 64 });
});

test("images and prompts are not computed twice", async ({ blank, server }) => {
  await open(blank, `${server.url}narrow`);
  const milliseconds = await blank.evaluate(async (prompt) => {
    const { scorer, files } = window as unknown as Opened;
    const time = async (images: File[]) => {
      const start = performance.now();
      await scorer.score(prompt, images);
      return performance.now() - start;
    };
    const copies = Array.from({ length: 400 }, (_, index) => files[index % 2] as File);
    return { first: await time(files), again: await time(copies) };
  }, PROMPT);
  // 200 times the images in less than 20 times the time: repeated images are recognised by hash,
  // not computed again.
  expect(milliseconds.again).toBeLessThan(20 * Math.max(milliseconds.first, 50));
});

test("a prompt that is longer than the context is reported", async ({ blank, server }) => {
  await open(blank, `${server.url}narrow`);
  const truncated = await blank.evaluate(async () => {
    const { scorer, files } = window as unknown as Opened;
    return (await scorer.score("highly detailed ".repeat(60), files)).truncated;
  });
  expect(truncated).toBe(true);
});

test("images that cannot be read", async ({ blank, server }) => {
  await open(blank, `${server.url}narrow`);
  const outcome = await blank.evaluate(
    async ({ prompt, outcomeOf }) => {
      const { scorer, files } = window as unknown as Opened;
      const outcome = eval(outcomeOf) as (promise: Promise<unknown>) => Promise<unknown>;
      const [good] = files as [File];
      const cut = new File([await good.slice(0, 200).arrayBuffer()], "cut.png");
      const text = new File(["not an image"], "notes.txt");
      const empty = new File([], "empty.png");
      const skipped = await scorer.score(prompt, [cut, good, text, empty], { unreadable: "skip" });
      return {
        thrown: await outcome(scorer.score(prompt, [good, cut])),
        embed: await outcome(scorer.embedImages([text])),
        skipped,
        after: (await scorer.score(prompt, [good])).scores,
      };
    },
    { prompt: PROMPT, outcomeOf },
  );
  expect(outcome.thrown).toMatchObject({ code: "image-damaged", index: 1 });
  expect((outcome.thrown as { message: string }).message).toMatch(/^image 2 of 2 \(cut\.png\): the image cannot be decoded as PNG/);
  expect(outcome.embed).toMatchObject({ code: "image-format", index: 0 });
  expect(outcome.skipped.skipped.map(({ index, code }) => [index, code])).toEqual([
    [0, "image-damaged"],
    [2, "image-format"],
    [3, "image-damaged"],
  ]);
  expect(outcome.skipped.scores.map((score) => Number.isNaN(score))).toEqual([true, false, true, true]);
  expect(outcome.skipped.probabilities?.[1]).toBe(1);
  expect(outcome.after[0]).toBe(outcome.skipped.scores[1]);
});

test("an image that only the browser can decode is scored and marked", async ({ blank, server }) => {
  await open(blank, `${server.url}narrow`);
  const outcome = await blank.evaluate(async (prompt) => {
    const { scorer } = window as unknown as Opened;
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="200"><rect width="300" height="200" fill="red"/></svg>';
    const canvas = new OffscreenCanvas(64, 64);
    canvas.getContext("2d")?.fillRect(0, 0, 64, 64);
    const avif = await canvas.convertToBlob({ type: "image/avif" });
    const images = [new File([svg], "red.svg", { type: "image/svg+xml" }), new File([avif], "black.avif", { type: avif.type })];
    return { ...(await scorer.score(prompt, images, { unreadable: "skip" })), type: avif.type };
  }, PROMPT);
  // Workers cannot decode SVG. The canvas may write PNG instead of AVIF; both are read.
  expect(outcome.skipped.every(({ code }) => code === "image-format")).toBe(true);
  expect(Number.isFinite(outcome.scores[1])).toBe(true);
});

test("Exif orientation does not change scores, whichever decoder is used", async ({ blank, server }) => {
  await open(blank, `${server.url}narrow`);
  const names = ["as-stored.png", "as-rotated.png", "orientation-6.avif", "as-stored.tiff"];
  const files = names.map((name) => ({ name, base64: readFileSync(join(import.meta.dirname, "../files", name)).toString("base64") }));
  const outcome = await blank.evaluate(async (files) => {
    const { scorer } = window as unknown as Opened;
    const blobs = files.map(({ name, base64 }) => new File([Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))], name));
    const { embeddings, decodedByBrowser } = await scorer.readImages(blobs);
    const [stored, rotated, avif, tiff] = embeddings as [Float32Array, Float32Array, Float32Array, Float32Array];
    const cosine = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, index) => sum + x * (b[index] ?? Number.NaN), 0);
    const corner = async (file: File) => {
      const { width, height, data } = await scorer.decodeImage(file);
      return { width, height, first: [...data.slice(0, 3)], last: [...data.slice(-4, -1)] };
    };
    return {
      decodedByBrowser,
      asStored: cosine(avif, stored),
      asRotated: cosine(avif, rotated),
      tiff: cosine(tiff, stored),
      decoded: [await corner(blobs[2] as File), await corner(blobs[3] as File)],
    };
  }, files);
  // The browser decodes AVIF; its loss is small compared with a rotation.
  expect(outcome.decodedByBrowser).toEqual([2]);
  expect(outcome.asStored).toBeGreaterThan(0.9999);
  expect(outcome.asRotated).toBeLessThan(0.999);
  expect(outcome.tiff).toBeCloseTo(1, 6);
  for (const { width, height, first, last } of outcome.decoded) {
    expect([width, height]).toEqual([96, 64]);
    for (const [index, level] of [200, 30, 30].entries()) expect(Math.abs((first[index] ?? 0) - level)).toBeLessThanOrEqual(2);
    for (const level of last) expect(level).toBeGreaterThanOrEqual(253);
  }
});

test("images can be any iterable of blobs, and the class has two names", async ({ blank, server }) => {
  await open(blank, `${server.url}narrow`);
  const outcome = await blank.evaluate(async (prompt) => {
    const { library, scorer, files } = window as unknown as Opened;
    const transfer = new DataTransfer();
    for (const file of files) transfer.items.add(file);
    function* each() {
      yield* files;
    }
    const lists: Iterable<Blob>[] = [files, transfer.files, new Set(files), each()];
    const scores = await Promise.all(lists.map(async (images) => (await scorer.score(prompt, images)).scores));
    const embeddings = await scorer.embedImages(transfer.files);
    return { scores, embeddings: embeddings.length, same: library.Scorer === library.PickScore && scorer instanceof library.Scorer };
  }, PROMPT);
  expect(outcome.scores).toEqual(Array(4).fill(outcome.scores[0]));
  expect(outcome.scores[0]).toHaveLength(IMAGES.length);
  expect(outcome).toMatchObject({ embeddings: IMAGES.length, same: true });
});

test("bad arguments, empty prompts and disposed scorers are refused by code", async ({ blank, server }) => {
  await open(blank, `${server.url}narrow`);
  const codes = await blank.evaluate(
    async ({ outcomeOf, model }) => {
      const { library, scorer, files } = window as unknown as Opened;
      const outcome = eval(outcomeOf) as (promise: Promise<unknown>) => Promise<{ code: string }>;
      const load = (options: object) => outcome(library.PickScore.load({ model, ...options } as Library.LoadOptions));
      const wrong = [
        await load({ device: "npu" }),
        await load({ precision: "f64" }),
        await load({ model: "" }),
        await load({ model: [] }),
        await load({ model: "http://[" }),
        await outcome(scorer.score("   ", files)),
        await outcome(scorer.embedText(["fine", ""])),
        await outcome(scorer.score(7 as unknown as string, files)),
        await outcome(scorer.score("a fox", ["a.png"] as unknown as Blob[])),
        // A single image is not a list, and a string is not a list of images.
        await outcome(scorer.score("a fox", files[0] as unknown as Blob[])),
        await outcome(scorer.score("a fox", "a.png" as unknown as Blob[])),
      ];
      const none = await scorer.score("a fox", []);
      const waiting = outcome(scorer.score("a fox", files));
      await scorer.dispose();
      await scorer.dispose();
      wrong.push(await waiting, await outcome(scorer.score("a fox", files)));
      return { codes: wrong.map(({ code }) => code), none: none.scores, own: wrong.length };
    },
    { outcomeOf, model: `${server.url}narrow` },
  );
  const bad = "bad-argument";
  expect(codes.codes).toEqual([bad, bad, bad, bad, bad, "empty-prompt", "empty-prompt", bad, bad, bad, bad, "disposed", "disposed"]);
  expect(codes.none).toEqual([]);
});

test("an aborted call stops between images, and the model stays loaded", async ({ blank, server }) => {
  await open(blank, `${server.url}narrow`);
  const outcome = await blank.evaluate(
    async ({ prompt, outcomeOf }) => {
      const { scorer, files } = window as unknown as Opened;
      const outcome = eval(outcomeOf) as (promise: Promise<unknown>) => Promise<{ code: string }>;
      const [first] = files as [File];
      // Bytes after a PNG's end change its hash but not its image.
      const many = Array.from({ length: 300 }, (_, index) => new File([first, new Uint8Array([index & 255, index >> 8])], `${index}.png`));
      const abort = new AbortController();
      let done = 0;
      const aborted = await outcome(
        scorer.score(prompt, many, {
          signal: abort.signal,
          onProgress: ({ loaded }) => {
            done = loaded;
            if (loaded >= 3) abort.abort();
          },
        }),
      );
      const before = new AbortController();
      before.abort();
      const never = await outcome(scorer.score(prompt, files, { signal: before.signal }));
      return { aborted, never, done, scores: (await scorer.score(prompt, files)).scores };
    },
    { prompt: PROMPT, outcomeOf },
  );
  expect(outcome.aborted.code).toBe("aborted");
  expect(outcome.never.code).toBe("aborted");
  expect(outcome.done).toBeLessThan(300);
  expectScores({ scores: outcome.scores, stages: [], cached: [] });
});

/** Gives a test access to the GPU device inside the worker: see {@link HOOKS}. */
async function hookDevice(page: Page, how: keyof typeof HOOKS): Promise<void> {
  await hookWorkers(page, HOOKS[how]);
}

/**
 * `destroy` ends the device on a message, `wrong` makes its matrix products wrong, `full` has no
 * memory for large buffers, `lonely` hides subgroups.
 */
const HOOKS = {
  destroy: `const channel = new BroadcastChannel("device");
         const request = GPUAdapter.prototype.requestDevice;
         GPUAdapter.prototype.requestDevice = async function (...given) {
           const device = await request.apply(this, given);
           channel.onmessage = () => device.destroy();
           return device;
         };`,
  wrong: `const make = GPUDevice.prototype.createShaderModule;
         GPUDevice.prototype.createShaderModule = function (given) {
           return make.call(this, { ...given, code: given.code.replaceAll(" * ", " + ") });
         };`,
  lonely: `const features = Object.getOwnPropertyDescriptor(GPUAdapter.prototype, "features").get;
         Object.defineProperty(GPUAdapter.prototype, "features", {
           get() { return new Set([...features.call(this)].filter((feature) => feature !== "subgroups")); },
         });`,
  full: `const make = GPUDevice.prototype.createBuffer;
         GPUDevice.prototype.createBuffer = function (given) {
           const buffer = make.call(this, given);
           const error = new GPUOutOfMemoryError("there is no more memory");
           if (given.size > 1e5) this.dispatchEvent(new GPUUncapturedErrorEvent("uncapturederror", { error }));
           return buffer;
         };`,
};

test("after losing the GPU, the model is loaded from storage and the call is repeated", async ({ blank, server }) => {
  await hookDevice(blank, "destroy");
  await open(blank, `${server.url}narrow`, { device: "webgpu" });
  server.requests.length = 0;
  const outcome = await blank.evaluate(async (prompt) => {
    const { scorer, files } = window as unknown as Opened;
    const channel = new BroadcastChannel("device");
    let destroyed = false;
    const call = scorer.score(prompt, files, {
      onProgress: ({ loaded }) => {
        // Only once: the repeated call has to succeed.
        if (loaded === 1 && !destroyed) channel.postMessage("destroy");
        destroyed = true;
      },
    });
    return { scores: (await call).scores, again: (await scorer.score(prompt, files)).scores };
  }, PROMPT);
  expectScores({ scores: outcome.scores, stages: [], cached: [] });
  expect(outcome.again).toEqual(outcome.scores);
  expect(server.requests).toEqual([]);
});

test("losing the GPU without a stored model is reported, and the scorer ends", async ({ blank, server }) => {
  await hookDevice(blank, "destroy");
  await open(blank, `${server.url}narrow`, { device: "webgpu", cache: "off" });
  const outcome = await blank.evaluate(
    async ({ prompt, outcomeOf }) => {
      const { scorer, files } = window as unknown as Opened;
      const outcome = eval(outcomeOf) as (promise: Promise<unknown>) => Promise<{ code: string; message: string }>;
      new BroadcastChannel("device").postMessage("destroy");
      const first = await outcome(scorer.score(prompt, files));
      return { first, second: await outcome(scorer.score(prompt, files)) };
    },
    { prompt: PROMPT, outcomeOf },
  );
  expect(outcome.first.code).toBe("device-lost");
  expect(outcome.first.message).toMatch(/the GPU was lost.*load it again/);
  expect(outcome.second.code).toBe("device-lost");
});

test("the self-test refuses a GPU that computes wrong results", async ({ blank, server }) => {
  await hookDevice(blank, "wrong");
  const outcome = await load(blank, { model: `${server.url}narrow`, device: "webgpu" });
  expect(outcome.error?.code).toBe("device-failed");
  expect(outcome.error?.message).toMatch(/device/);
});

test("a GPU with too little memory for the model is reported", async ({ blank, server }) => {
  await hookDevice(blank, "full");
  const outcome = await load(blank, { model: `${server.url}narrow`, device: "webgpu" });
  expect(outcome.error?.code).toBe("out-of-memory");
  expect(outcome.error?.message).toMatch(/too little memory for the model .*; use a lower precision/);
});

test("scores are the same with and without subgroups", async ({ blank, server }) => {
  const together = await load(blank, { model: `${server.url}narrow`, device: "webgpu" });
  expectScores(together);
  expect(together.info?.tile).toBe("subgroup4-8x4");
  await blank.addInitScript(HOOKS.lonely);
  await hookDevice(blank, "lonely");
  const alone = await load(blank, { model: `${server.url}narrow`, device: "webgpu" });
  expectScores(alone);
  expect(alone.info?.tile).toBe("direct-8x8");
});

test("an unknown GPU is measured once, and an invalid stored measurement is repeated", async ({ blank, server }) => {
  await blank.addInitScript('Object.defineProperty(GPUAdapterInfo.prototype, "isFallbackAdapter", { get: () => false })');
  await blank.reload();
  const visit = async () => {
    const outcome = await load(blank, { model: `${server.url}narrow`, device: "webgpu" });
    expectScores(outcome);
    const kept = await blank.evaluate(() => Object.entries(localStorage).filter(([key]) => key.startsWith("pickscore:tile:")));
    expect(kept).toEqual([[`pickscore:tile:${outcome.info?.adapter}`, outcome.info?.tile]]);
    return outcome.info?.tile;
  };
  const measured = await visit();
  expect(["direct-8x4", "direct-8x8", "subgroup4-8x4", "blocked-32x64"]).toContain(measured);
  expect(await visit()).toBe(measured);
  // A remembered tile size that the engine supports is used; an unknown one is ignored.
  const other = measured === "direct-8x4" ? "direct-8x8" : "direct-8x4";
  const remember = (tile: string) =>
    blank.evaluate((tile) => {
      for (const key of Object.keys(localStorage)) if (key.startsWith("pickscore:tile:")) localStorage.setItem(key, tile);
    }, tile);
  await remember(other);
  expect(await visit()).toBe(other);
  await remember("subgroup8-16x4");
  expect(await visit()).not.toBe("subgroup8-16x4");
});

test("without WebGPU, the CPU is used, and the reason is reported", async ({ blank, server }) => {
  await blank.addInitScript(() => Object.defineProperty(Navigator.prototype, "gpu", { get: () => undefined }));
  // Scripts that are added do not run in workers. This also reloads the document.
  await hookWorkers(blank, 'Object.defineProperty(WorkerNavigator.prototype, "gpu", { get: () => undefined })');
  const auto = await load(blank, { model: `${server.url}narrow`, device: "auto" });
  expectScores(auto);
  expect(auto.info).toMatchObject({ device: "cpu" });
  expect(auto.info?.reasons[0]).toBe("This browser has no WebGPU; the CPU is used instead, which is slower.");
  const asked = await load(blank, { model: `${server.url}narrow`, device: "webgpu" });
  expect(asked.error).toMatchObject({ code: "no-webgpu", message: 'This browser has no WebGPU; load with `device: "cpu"`' });
});

for (const [what, script, says] of [
  ["no adapter", "GPU.prototype.requestAdapter = async () => null", /no graphics adapter that it can use; the CPU is used/],
  [
    "an adapter without timestamps",
    "Object.defineProperty(GPUAdapter.prototype, 'features', { get: () => new Set(['shader-f16']) })",
    /does not support WebGPU's timestamp-query, .*; the CPU is used/,
  ],
  [
    "an adapter that is too small",
    "Object.defineProperty(GPUSupportedLimits.prototype, 'maxStorageBufferBindingSize', { get: () => 1000 })",
    /maxStorageBufferBindingSize is 1000; expected at least 134217728/,
  ],
] as const) {
  test(`${what} is one plain sentence`, async ({ blank }) => {
    await blank.addInitScript(script);
    await blank.reload();
    const support = await blank.evaluate(async () => {
      const { probe } = (await import(new URL("lib/pickscore.js", document.baseURI).href)) as typeof Library;
      return probe();
    });
    expect(support).toMatchObject({ device: "cpu", webgpu: false });
    expect(support.message).toMatch(says);
  });
}

for (const device of ["cpu", "webgpu"] as const) {
  test(`on the ${device}, towers that take turns in memory give the same scores`, async ({ blank, server }) => {
    await open(blank, `${server.url}narrow`, { device, memory: "low" });
    const outcome = await blank.evaluate(async (prompt) => {
      const { scorer, files } = window as unknown as Opened;
      const abort = new AbortController();
      const { scores } = await scorer.score(prompt, files);
      // Aborted while a tower is loaded: the next call loads it again.
      const onProgress = ({ stage }: { stage: string }) => {
        if (stage === "cache") abort.abort();
      };
      const aborted = scorer.embedImages([new File([files[0] as File, "more"], "new.png")], { signal: abort.signal, onProgress });
      const code = await aborted.then(() => "none", (error: { code: string }) => error.code);
      const [text] = await scorer.embedText(["something else"]);
      return { scores, code, dimensions: text?.length, memory: scorer.info.memory, identity: scorer.info.identity };
    }, PROMPT);
    expectScores({ scores: outcome.scores, stages: [], cached: [] });
    expect(outcome).toMatchObject({ code: "aborted", dimensions: 64, memory: "low" });
    // From storage only one tower is read, and in other precisions the same scorer is recognised.
    for (const more of [{ memory: "low", precision: "f32" }, { memory: "normal", precision: "q8" }] as const) {
      const again = await load(blank, { model: `${server.url}narrow`, device, ...more });
      expect(again.info?.identity).toBe(outcome.identity);
    }
  });
}

test("removing stored models", async ({ blank, server }) => {
  await load(blank, { model: `${server.url}narrow` });
  await load(blank, { model: `${server.url}narrow`, precision: "q8" });
  const outcome = await blank.evaluate(async (address) => {
    const { listCached, removeCached } = (await import(new URL("lib/pickscore.js", document.baseURI).href)) as typeof Library;
    const before = await listCached();
    const one = await removeCached(before[0] as Library.CachedModel);
    const rest = await removeCached(address);
    return { before, one, rest, after: await listCached() };
  }, `${server.url}narrow`);
  expect(outcome.before.map(({ precision }) => precision).sort()).toEqual(["f32", "q8"]);
  expect(outcome).toMatchObject({ one: 1, rest: 1, after: [] });
});

