/**
 * The records library: rounds, records and contributions, in the page and in a worker, without
 * WebGPU and without a model.
 */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import type * as Library from "../../../web/records/js/records";

import { expect, openBlank, test } from "./setup.ts";

interface Opened {
  library: typeof Library;
  /** Images by uid. */
  images: Map<string, Blob>;
  /** Judges a round of them and returns the records. */
  judged: (count: number, prompt: string) => Library.PreferenceRecord[];
  card: Library.ExportOptions["card"];
}

/** Puts the library on the page's `window`, with images and records. */
async function open(page: Page): Promise<void> {
  await page.addInitScript(() => Object.defineProperty(Navigator.prototype, "gpu", { get: () => undefined }));
  await openBlank(page);
  await page.evaluate(async () => {
    const library = (await import(new URL("lib/records.js", document.baseURI).href)) as typeof Library;
    await library.ready();
    const images = new Map<string, Blob>();
    const judged = (count: number, prompt: string): Library.PreferenceRecord[] => {
      const uids = Array.from({ length: count }, (_, number) => {
        const bytes = Uint8Array.from({ length: 2000 + number }, (_, at) => (at * at + number * 7) % 256);
        const uid = library.imageUid(bytes);
        images.set(uid, new Blob([bytes]));
        return uid;
      });
      const round = library.Round.start({ mode: "winner-stays", seed: 11, images: uids });
      const records: Library.PreferenceRecord[] = [];
      const choices = ["left", "right", "tie", "skip"] as const;
      for (let pair = round.pair; pair; ) {
        const choice = choices[pair.number % 4] as Library.Choice;
        const shown = (image_uid: string) => ({ image_uid, model: "a", score: pair ? pair.number + 0.1 : null });
        const uid = crypto.randomUUID();
        const label = choice === "skip" ? null : choice;
        records.push(
          library.checkRecord({
            record_version: 1, uid, prompt, left: shown(pair.left), right: shown(pair.right), has_label: label !== null, label,
            created_at: Date.now(), session_uid: "s", rater_uid: "r", mode: round.mode, control: pair.control, retest_of: pair.retestOf, group_uid: null,
            seconds: 1.5, scores_visible: false, scorer: { name: "PickScore_v1", version: "f32" }, app_version: "0.1.0",
          }),
        );
        pair = round.choose(choice, uid);
      }
      return records;
    };
    const card = { title: "Foxes", license: "cc0-1.0", consent: { text: "I agree.", version: "1" } };
    Object.assign(window, { library, images, judged, card });
  });
}

test("the time of the first call", async ({ browser }) => {
  const times: number[] = [];
  const expected = createHash("sha256").update(new Uint8Array(1000)).digest("hex");
  for (let turn = 0; turn < 5; turn += 1) {
    const page = await browser.newPage();
    await openBlank(page);
    const [time, uid] = await page.evaluate(async () => {
      const library = (await import(new URL("lib/records.js", document.baseURI).href)) as typeof Library;
      // Fetches the wasm into the cache first, so that download time is not measured.
      const [name] = (await (await fetch("lib/records.js")).text()).match(/records\.[0-9a-f]{10}\.wasm/) as RegExpMatchArray;
      await (await fetch(`lib/${name}`)).arrayBuffer();
      const start = performance.now();
      await library.ready();
      const uid = library.imageUid(new Uint8Array(1000));
      return [performance.now() - start, uid] as const;
    });
    expect(uid).toBe(expected);
    times.push(time);
    await page.close();
  }
  // Printed, not checked: at most 50 ms on an idle machine, more on a busy one.
  console.log(`first call of the records library: ${times.map((time) => time.toFixed(0)).join(", ")} ms`);
});

test("a round continues in the same place after a reload", async ({ page }) => {
  await open(page);
  const before = await page.evaluate(() => {
    const { library, judged } = window as unknown as Opened;
    const uids = judged(6, "x").flatMap(({ left, right }) => [left.image_uid, right.image_uid]);
    const images = [...new Set(uids)];
    const round = library.Round.start({ mode: "active", seed: 3, images, controls: [{ strong: uids[0] as string, weak: library.imageUid(new Uint8Array(3)) }], controlRate: 0.5 });
    for (const choice of ["left", "tie", "skip", "right"] as const) round.choose(choice, `r-${choice}`);
    const back = round.undo();
    localStorage.setItem("round", round.state());
    return { pair: round.pair, progress: round.progress, back, best: round.best };
  });
  expect(before.back).toEqual(["r-right"]);
  expect(before.best).toMatch(/^[0-9a-f]{64}$/);
  await page.reload();
  const after = await page.evaluate(async () => {
    const library = (await import(new URL("lib/records.js", document.baseURI).href)) as typeof Library;
    await library.ready();
    const round = library.Round.restore(localStorage.getItem("round") as string);
    return { pair: round.pair, progress: round.progress, best: round.best, undone: round.undo(9) };
  });
  expect(after).toMatchObject({ pair: before.pair, progress: before.progress, best: before.best });
  expect(after.undone).toEqual(["r-skip", "r-tie", "r-left"]);
});

test("records are ranked, and self-agreement is reported", async ({ page }) => {
  await open(page);
  const outcome = await page.evaluate(async () => {
    const { library, judged } = window as unknown as Opened;
    const records = judged(12, "x");
    const again = records.slice(0, 4).map((record) => ({ ...record, uid: `${record.uid}-2`, created_at: record.created_at + 1 }));
    const start = performance.now();
    const images = await library.ranking(records, "image");
    const time = performance.now() - start;
    const stopped = await library.ranking(records, "image", { signal: AbortSignal.abort() }).catch((error: Library.RecordsError) => error.code);
    const [models, none] = [await library.ranking(records, "model"), await library.ranking([], "image")];
    return { images, time, models, none, stopped, self: library.selfAgreement([...records, ...again]) };
  });
  console.log(`ranking of 12 images by 11 pairs: ${outcome.time.toFixed(0)} ms`);
  const { images } = outcome;
  expect(images?.options).toEqual({ prior: 3, unit: "choices", resamples: 2000, orders: 50, step: 32, seed: 42 });
  // One group after another, best first.
  const order = images?.items.map(({ group, rating }) => [group, -rating.value] as const) ?? [];
  expect(order).toEqual(order.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]));
  expect(order).toHaveLength(12);
  for (const { rating, rank, rank_interval } of images?.items ?? []) {
    expect(rating.low).toBeLessThanOrEqual(rating.value);
    expect(rank_interval[0]).toBeLessThanOrEqual(rank);
  }
  // All images are from model "a".
  expect([outcome.models, outcome.none, outcome.stopped]).toEqual([null, null, "aborted"]);
  // Left, right, tie, skip.
  expect(outcome.self.repeats.map(({ agrees }) => agrees)).toEqual([true, true, true]);
  expect(outcome.self.oneself).toMatchObject({ choices: 6, pairs: 3, raters: 1, accuracy: { value: 1, low: 1, high: 1 } });
});

for (const format of ["parquet", "jsonl"] as const) {
  test(`${format}: what is exported to a stream, a Blob and a folder is imported`, async ({ page }) => {
    await open(page);
    const outcome = await page.evaluate(async (format) => {
      const { library, images, judged, card } = window as unknown as Opened;
      const records = judged(12, "a fox in the snow");
      const root = await navigator.storage.getDirectory();
      const file = await root.getFileHandle("c.zip", { create: true });
      const folder = await root.getDirectoryHandle("c", { create: true });
      const stages = new Set<string>();
      const base = {
        records, images: (uid: string) => images.get(uid), format, card, appVersion: "0.1.0",
        onProgress: ({ stage }: Library.DataProgress) => stages.add(stage),
      };
      const streamed = await library.exportContribution({ ...base, target: { zip: await file.createWritable() } });
      const blobbed = await library.exportContribution({ ...base, target: { zip: "blob" } });
      const foldered = await library.exportContribution({ ...base, target: { folder } });
      const files: [string, Blob][] = [];
      const walk = async (handle: FileSystemDirectoryHandle, path: string): Promise<void> => {
        for await (const [name, entry] of handle.entries()) {
          if (entry instanceof FileSystemFileHandle) files.push([path + name, await entry.getFile()]);
          else await walk(entry as FileSystemDirectoryHandle, `${path}${name}/`);
        }
      };
      await walk(folder, "");
      const sources: (File | [string, Blob])[][] = [[await file.getFile()], [["c.zip", blobbed.blob as Blob]], files];
      const imports = [];
      for (const source of sources) {
        const found: Library.PreferenceRecord[] = [];
        let sound = true;
        const result = await library.importContribution(source, {
          onRecord: (record, { left, right }) => {
            found.push(record);
            sound &&= left !== null && library.imageUid(left) === record.left.image_uid;
            sound &&= right !== null && library.imageUid(right) === record.right.image_uid;
          },
          onProgress: ({ stage }) => stages.add(stage),
        });
        imports.push({ ...result, sound, same: JSON.stringify(found) === JSON.stringify(records) });
      }
      const { fresh, duplicates } = library.compareRecords(records, records);
      return {
        count: records.length, imports, stages: [...stages], sizes: [streamed.bytes, (await file.getFile()).size, blobbed.blob?.size],
        names: [streamed.name, foldered.name], fresh: fresh.length, duplicates: duplicates.length, leftOut: streamed.leftOut,
      };
    }, format);
    expect(outcome.imports).toEqual(Array(3).fill({ records: outcome.count, refused: [], refusedCount: 0, sound: true, same: true }));
    expect(outcome.count).toBe(11);
    expect(outcome.stages).toEqual(["checking", "writing", "reading"]);
    expect(new Set(outcome.sizes).size).toBe(1);
    expect(outcome.names[0]).toMatch(/^pickscore-\d{4}-\d\d-\d\d-11-pairs\.zip$/);
    expect(outcome).toMatchObject({ fresh: 0, duplicates: 11, leftOut: [] });
  });
}

test("a cancelled export discards its target", async ({ page }) => {
  await open(page);
  const outcome = await page.evaluate(async () => {
    const { library, images, judged, card } = window as unknown as Opened;
    const records = judged(30, "x");
    const cancel = new AbortController();
    let aborted: unknown;
    const stream = new WritableStream<Uint8Array>({ abort: (reason) => void (aborted = (reason as { code?: string }).code) });
    let asked = 0;
    const source = (uid: string): Blob | undefined => {
      asked += 1;
      if (asked === 40) cancel.abort();
      return images.get(uid);
    };
    const options = { records, images: source, card, appVersion: "0.1.0", signal: cancel.signal };
    const code = await library.exportContribution({ ...options, target: { zip: stream } }).then(
      () => "done",
      (error: Library.RecordsError) => error.code,
    );
    return { code, aborted, asked };
  });
  expect(outcome).toMatchObject({ code: "aborted", aborted: "aborted" });
  expect(outcome.asked).toBeLessThan(50);
});

test("a cancelled export to a folder leaves the folder as it was", async ({ page }) => {
  await open(page);
  const outcome = await page.evaluate(async () => {
    const { library, images, judged, card } = window as unknown as Opened;
    const root = await (await navigator.storage.getDirectory()).getDirectoryHandle("mine", { create: true });
    const put = async (folder: FileSystemDirectoryHandle, name: string) => {
      const stream = await (await folder.getFileHandle(name, { create: true })).createWritable();
      await stream.write("mine");
      await stream.close();
    };
    await put(root, "notes.txt");
    await put(await root.getDirectoryHandle("data", { create: true }), "mine.txt");
    const found: string[] = [];
    const walk = async (handle: FileSystemDirectoryHandle, path: string): Promise<void> => {
      for await (const [name, entry] of handle.entries()) {
        if (entry instanceof FileSystemDirectoryHandle) await walk(entry, `${path}${name}/`);
        else found.push(`${path}${name}`);
        if (entry instanceof FileSystemDirectoryHandle) found.push(`${path}${name}/`);
      }
    };
    const cancel = new AbortController();
    let whole: string[] = [];
    const base = { records: judged(30, "x"), format: "jsonl", card, appVersion: "0.1.0", target: { folder: root } } as const;
    const code = await library
      .exportContribution({
        ...base,
        images: async (uid) => {
          // The first pass over all images asks only for their sizes.
          if (found.length === 0 && (await root.getDirectoryHandle("images").catch(() => undefined))) {
            await walk(root, "");
            if (found.length > 6) {
              whole = [...found];
              cancel.abort();
            } else found.length = 0;
          }
          return images.get(uid);
        },
        signal: cancel.signal,
      })
      .then(
        () => "done",
        (error: Library.RecordsError) => error.code,
      );
    found.length = 0;
    await walk(root, "");
    return { code, whole: whole.length, left: found.sort() };
  });
  expect(outcome).toMatchObject({ code: "aborted", left: ["data/", "data/mine.txt", "notes.txt"] });
  expect(outcome.whole).toBeGreaterThan(6);
});

test("errors have codes, and say what is wrong", async ({ page }) => {
  await open(page);
  const outcome = await page.evaluate(async () => {
    const { library, images, judged, card } = window as unknown as Opened;
    const records = judged(4, "x");
    const codeOf = async (work: () => unknown): Promise<[string, string]> => {
      try {
        await work();
        return ["none", ""];
      } catch (error) {
        return [(error as Library.RecordsError).code, (error as Error).message];
      }
    };
    const base = { records, images: (uid: string) => images.get(uid), card, appVersion: "0.1.0", target: { zip: "blob" } } as const;
    const lost = records[0]?.left.image_uid;
    const round = library.Round.start({ mode: "all-pairs", seed: 1, images: [...images.keys()].slice(0, 2) });
    round.choose("left", "r");
    return [
      await codeOf(() => library.checkRecord({ ...records[0], prompt: "" })),
      await codeOf(() => library.checkRecord(undefined)),
      await codeOf(() => library.Round.start({ mode: "all-pairs", seed: 1, images: ["x", "y"] })),
      await codeOf(() => library.Round.restore("{}")),
      await codeOf(() => round.choose("left", "r")),
      await codeOf(() => library.exportContribution({ ...base, card: { ...card, license: "!" } })),
      await codeOf(() => library.exportContribution({ ...base, records: [] })),
      await codeOf(() => library.exportContribution({ ...base, images: (uid) => (uid === lost ? new Blob(["other"]) : images.get(uid)) })),
      await codeOf(() => library.exportContribution({ ...base, target: {} as { zip: "blob" } })),
      await codeOf(() => library.importContribution([["a", 5 as unknown as Blob]], { onRecord: () => {} })),
    ];
  });
  expect(outcome.map(([code]) => code)).toEqual([
    "record", "record", "round", "round", "round-over", "card", "nothing-to-export", "image", "bad-argument", "bad-argument",
  ]);
  expect(outcome[0]?.[1]).toBe("`prompt` is a blank text; expected a prompt");
});

test("a file with a wrong checksum is named, and its data is not imported", async ({ page }) => {
  await open(page);
  const outcome = await page.evaluate(async () => {
    const { library, images, judged, card } = window as unknown as Opened;
    const { blob } = await library.exportContribution({
      records: judged(4, "a prompt that is told"), images: (uid) => images.get(uid), format: "jsonl", card, appVersion: "0.1.0", target: { zip: "blob" },
    });
    const bytes = new Uint8Array(await (blob as Blob).arrayBuffer());
    const text = new TextDecoder("latin1").decode(bytes);
    // Changes a letter of a prompt, which leaves a valid line.
    bytes[text.indexOf("a prompt that is told")] = "A".charCodeAt(0);
    let kept = 0;
    const result = await library.importContribution([["c.zip", new Blob([bytes])]], { onRecord: () => void (kept += 1) });
    return { kept, result };
  });
  expect(outcome.kept).toBe(0);
  expect(outcome.result.refused.map(({ file }) => file)).toEqual(["c.zip/data/train-00000-of-00001.jsonl"]);
  expect(outcome.result.refused[0]?.message).toContain("SHA256SUMS says");
});

test("hostile files are refused by name, and the rest is imported", async ({ page }) => {
  await open(page);
  const outcome = await page.evaluate(async () => {
    const { library, images, judged, card } = window as unknown as Opened;
    const { blob } = await library.exportContribution({
      records: judged(4, "x"), images: (uid) => images.get(uid), card, appVersion: "0.1.0", target: { zip: "blob" },
    });
    let kept = 0;
    const zeros = new Blob([new Uint8Array(5_000_000)]);
    const files: [string, Blob][] = [["zeros.zip", zeros], ["zeros.parquet", zeros], ["good.zip", blob as Blob], ["notes.jsonl", new Blob(["x\n{}\n"])]];
    const result = await library.importContribution(files, { onRecord: () => void (kept += 1) });
    return { kept, result };
  });
  expect(outcome.kept).toBe(3);
  expect(outcome.result.refused.map(({ file, row }) => [file, row]).sort()).toEqual([
    ["notes.jsonl", 0], ["notes.jsonl", 1], ["zeros.parquet", null], ["zeros.zip", null],
  ]);
});

test("everything works in a worker too", async ({ page }) => {
  await page.route("**/records-worker.js", (route) =>
    route.fulfill({
      contentType: "text/javascript",
      headers: { "Cross-Origin-Embedder-Policy": "require-corp" },
      body: `import { ready, imageUid, Round, readMetadata } from "./lib/records.js";
        onmessage = async ({ data }) => {
          await ready();
          const images = [1, 2, 3].map((length) => imageUid(new Uint8Array(length)));
          const round = Round.start({ mode: "all-pairs", seed: 1, images });
          postMessage({ pair: round.pair, metadata: await readMetadata(data) });
        };`,
    }),
  );
  await openBlank(page);
  const file = readFileSync(join(import.meta.dirname, "../../metadata/fixtures/comfyui.png"));
  const outcome = await page.evaluate(async (bytes) => {
    const worker = new Worker(new URL("records-worker.js", document.baseURI), { type: "module" });
    return new Promise<{ pair: Library.Pair; metadata: Library.ImageMetadata }>((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(message));
      worker.postMessage(Uint8Array.from(bytes));
    });
  }, [...file]);
  expect(outcome.pair.number).toBe(0);
  expect(outcome.metadata).toMatchObject({ generator: "comfyui", seed: "156680208700286", steps: 20, model: "sd_xl_base_1.0.safetensors" });
});
