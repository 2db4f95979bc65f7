/** Every scorer: its scores, its head, and weights without a configuration. */

import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type * as Library from "../../../web/engine/js/pickscore";
import { imageFile, imageFiles } from "../fixtures.ts";
import { attempt, scoreAll } from "../in-page.ts";
import { imageReward, reference } from "../scorers.ts";
import { expect, IMAGES, load, PROMPT, test } from "./setup.ts";

const fixtures = resolve(import.meta.dirname, "../../parity/fixtures");

/** ImageReward also runs on WebGPU here; `parity.spec.ts` compares CLIP's towers there. */
const devices = (scorer: string) => (scorer === "image-reward" ? (["cpu", "webgpu"] as const) : (["cpu"] as const));

for (const { prompts, images, cases } of [reference(), imageReward()]) {
  for (const { scorer, code, model, given, scores, spread } of cases) {
    for (const device of devices(scorer)) {
      test(`${scorer} scores as its authors' code (${code}, ${device})`, async ({ blank, server }) => {
        const load = { model: `${server.url}${model}`, device, precision: "f32", ...(given && { scorer }) } as const;
        const readsPrompt = scores.length > 1;
        const task = { load, prompts: readsPrompt ? prompts : [""], images: imageFiles(images) };
        const found = await blank.evaluate(scoreAll, task);
        const hasProbabilities = scorer === "pickscore" || scorer === "clip";
        expect(found.info).toMatchObject({ scorer, device, readsPrompt, hasProbabilities, source: "network", cached: true });
        expect(found.probabilities).toHaveLength(hasProbabilities ? prompts.length : 0);
        const largest = Math.max(...scores.flatMap((row, at) => row.map((score, column) => Math.abs((found.scores[at]?.[column] as number) - score))));
        console.log(`${scorer}: ${(largest / spread).toExponential(1)} of the spread from the authors' code`);
        expect(largest).toBeLessThanOrEqual(0.0005 * spread);
        // From storage, without the network: the names of the files and the head are remembered.
        const requests = server.requests.length;
        const again = await blank.evaluate(scoreAll, task);
        expect(again.info).toMatchObject({ scorer, source: "cache", fingerprint: found.info.fingerprint, identity: found.info.identity });
        expect(again.scores).toEqual(found.scores);
        expect(server.requests).toHaveLength(requests);
      });
    }
  }
}

/** LAION's embeddings of images that people rated 0 to 9. */
function rated(): number[][] {
  return Array.from({ length: 10 }, (_, rating) => {
    const file = readFileSync(join(fixtures, `torch/heads/vit_b_32_rating${rating}.npy`));
    const start = 10 + file.readUInt16LE(8);
    return Array.from({ length: (file.length - start) / 4 }, (_, at) => file.readFloatLE(start + 4 * at));
  });
}
/** LAION's head on them, in double precision. */
const RATED = [-1.47, 0.2728, 1.99, 3.6114, 5.0874, 6.3926, 7.6682, 8.9155, 9.9166, 11.0056];

test("a head next to the model gives its published values", async ({ blank, server }) => {
  const found = await blank.evaluate(
    async ({ model, embeddings, base64 }) => {
      const { Scorer } = (await import(new URL("lib/pickscore.js", document.baseURI).href)) as typeof Library;
      const scorer = await Scorer.load({ model, scorer: "aesthetic-v1", device: "cpu", precision: "f32" });
      const image = new Blob([Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))]);
      const unit = (vector: number[]) => new Float32Array(vector.map((value) => value / Math.hypot(...vector)));
      const rated = await scorer.scoreEmbeddings("ignored", embeddings.map(unit));
      const [embedding] = await scorer.embedImages([image]);
      const [one, other] = [await scorer.score("", [image]), await scorer.score("a fox", [image])];
      const ofEmbedding = await scorer.scoreEmbeddings("", [embedding as Float32Array]);
      const text = await scorer.embedText(["a fox"]).catch((error: Library.PickScoreError) => error.code);
      await scorer.dispose();
      return { info: scorer.info, rated, one, other, ofEmbedding, text };
    },
    { model: `${server.url}wide`, embeddings: rated(), base64: imageFile("photo.png").toString("base64") },
  );
  expect(found.info).toMatchObject({ scorer: "aesthetic-v1", scorerAssumed: false, readsPrompt: false, embedsPrompts: false, embedsImages: true });
  for (const [at, score] of RATED.entries()) expect(found.rated.scores[at]).toBeCloseTo(score, 3);
  expect(found.rated.probabilities).toBeNull();
  expect(found.one).toMatchObject({ scores: found.other.scores, probabilities: null, truncated: false });
  expect(found.ofEmbedding.scores[0]).toBeCloseTo(found.one.scores[0] as number, 5);
  expect(found.text).toBe("no-embedding");
});

test("a head is given by its address and kept", async ({ blank, server }) => {
  const options = { model: `${server.url}wide`, scorer: "aesthetic-v1", head: `${server.url}head.pth` } as const;
  const first = await load(blank, options);
  expect(first.error).toBeUndefined();
  expect(first.info).toMatchObject({ scorer: "aesthetic-v1", source: "network" });
  const requests = server.requests.length;
  const second = await load(blank, options);
  expect(second.info).toMatchObject({ scorer: "aesthetic-v1", source: "cache", fingerprint: first.info?.fingerprint });
  expect(second.scores).toEqual(first.scores);
  expect(server.requests).toHaveLength(requests);
  // The same weights are another scorer's too, without another download.
  const clip = await load(blank, { model: options.model, scorer: "clip" });
  expect(clip.info).toMatchObject({ scorer: "clip", source: "cache", hasProbabilities: true });
  expect(clip.info?.fingerprint).not.toBe(first.info?.fingerprint);
  expect(server.requests).toHaveLength(requests);
});

test("scorers that do not fit are refused in one sentence", async ({ blank, server }) => {
  const code = async (options: Parameters<typeof load>[1]) => (await load(blank, options)).error;
  const noHead = await code({ model: `${server.url}narrow`, scorer: "aesthetic-v2" });
  expect(noHead).toMatchObject({ code: "no-head", message: expect.stringContaining("aesthetic-v2 needs a head") });
  const wrongHead = await code({ model: `${server.url}narrow`, scorer: "aesthetic-v1", head: `${server.url}head.pth` });
  expect(wrongHead).toMatchObject({ code: "bad-head", message: expect.stringContaining("512 weights; expected 1 × 64") });
  const noFile = await code({ model: `${server.url}narrow`, scorer: "aesthetic-v1", head: `${server.url}none.pth` });
  expect(noFile).toMatchObject({ code: "not-found" });
  const notAHead = await code({ model: `${server.url}narrow`, scorer: "aesthetic-v1", head: `${server.url}narrow/config.json` });
  expect(notAHead).toMatchObject({ code: "bad-head" });
  const written = JSON.parse(readFileSync(join(server.folder, "narrow/config.json"), "utf8")) as object;
  server.replace("narrow/config.json", Buffer.from(JSON.stringify({ ...written, scorer: "ict" })));
  const other = await code({ model: `${server.url}narrow`, scorer: "hps-v2" });
  expect(other).toMatchObject({ code: "other-scorer", message: expect.stringContaining("configuration says ict") });
  const ict = await load(blank, { model: `${server.url}narrow` });
  expect(ict.info).toMatchObject({ scorer: "ict", scorerAssumed: false });
  expect(ict.scores?.every((score) => Math.abs(score) <= 1)).toBe(true);
  const unknown = await code({ model: `${server.url}narrow`, scorer: "nonsense" as "ict" });
  expect(unknown).toMatchObject({ code: "bad-argument", message: expect.stringContaining('"hps-v2.1"') });
  // A head in the place of a model.
  const strange = await blank.evaluate(attempt, { load: { model: `${server.url}head.pth`, device: "cpu" }, prompt: PROMPT, images: IMAGES } as const);
  expect(strange.error).toMatchObject({ code: "not-clip", message: expect.stringContaining("is the head of a scorer, not a model") });
});

test("a local checkpoint without a configuration loads", async ({ blank }) => {
  const { prompts, images, cases } = reference();
  const expected = cases.find(({ scorer }) => scorer === "hps-v2")?.scores[0] as number[];
  await blank.evaluate(() => document.body.append(Object.assign(document.createElement("input"), { type: "file", id: "model" })));
  await blank.locator("#model").setInputFiles(join(process.env["PICKSCORE_TEST_MODELS"] as string, "scorers/HPS_v2_compressed.pt"));
  const found = await blank.evaluate(
    async ({ prompt, files }) => {
      const { Scorer } = (await import(new URL("lib/pickscore.js", document.baseURI).href)) as typeof Library;
      const model = (document.querySelector("#model") as HTMLInputElement).files as FileList;
      const scorer = await Scorer.load({ model, device: "cpu", precision: "f32" });
      const images = files.map(({ base64 }) => new Blob([Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))]));
      const { scores } = await scorer.score(prompt, images);
      await scorer.dispose();
      return { info: scorer.info, scores };
    },
    { prompt: prompts[0] as string, files: imageFiles(images) },
  );
  expect(found.info).toMatchObject({ scorer: "hps-v2", source: "files" });
  for (const [at, score] of expected.entries()) expect(found.scores[at]).toBeCloseTo(score, 4);
});

test("local files with several heads or two models are refused, as by the command", async ({ blank }) => {
  const folder = process.env["PICKSCORE_TEST_MODELS"] as string;
  const clip = ["config.json", "model.safetensors"].map((name) => ({ name, path: join(folder, "narrow", name) }));
  const heads = ["mlp_pytorch_model.bin", "sac+logos+ava1-l14-linearMSE.pth"].map((name) => ({ name, path: join(folder, "head.pth") }));
  const reward = { name: "ImageReward.pt", path: join(folder, "scorers/ImageReward.pt") };
  await blank.evaluate(() => document.body.append(Object.assign(document.createElement("input"), { type: "file", id: "model", multiple: true })));
  const attempted = async (files: { name: string; path: string }[], options: { scorer?: "hp" | "clip" | "image-reward"; hasHead?: boolean } = {}) => {
    // The browser reads files itself; buffers would be sent to it as text.
    const named = mkdtempSync(join(tmpdir(), "pickscore-files-"));
    for (const { name, path } of files) copyFileSync(path, join(named, name));
    await blank.locator("#model").setInputFiles(files.map(({ name }) => join(named, name)));
    const found = await blank.evaluate(async ({ hasHead = false, ...options }) => {
      const { Scorer } = (await import(new URL("lib/pickscore.js", document.baseURI).href)) as typeof Library;
      const model = (document.querySelector("#model") as HTMLInputElement).files as FileList;
      const head = hasHead ? ([...model].find(({ name }) => name.startsWith("mlp")) as File) : undefined;
      try {
        const scorer = await Scorer.load({ model, device: "cpu", precision: "f32", ...options, ...(head && { head }) });
        await scorer.dispose();
        return { scorer: scorer.info.scorer };
      } catch (error) {
        const { code, message } = error as Library.PickScoreError;
        return { code, message };
      }
    }, options);
    rmSync(named, { recursive: true });
    return found;
  };
  const several = "several heads are next to the model (mlp_pytorch_model.bin, sac+logos+ava1-l14-linearMSE.pth); choose the scorer with `scorer`, or choose one head with `head`";
  expect(await attempted([...clip, ...heads])).toEqual({ code: "bad-head", message: several });
  expect(await attempted([...clip, ...heads], { scorer: "clip" })).toEqual({ scorer: "clip" });
  // The chosen one is read: it is another model's.
  for (const options of [{ scorer: "hp" }, { hasHead: true }] as const) {
    expect(await attempted([...clip, ...heads], options)).toMatchObject({ code: "bad-head", message: expect.stringContaining("mlp_pytorch_model.bin: ") });
  }
  const two = "the selection contains ImageReward (ImageReward.pt) and another model (model.safetensors); choose one by its file, or with the scorer image-reward or clip";
  expect(await attempted([...clip, reward])).toEqual({ code: "model-config", message: two });
  for (const scorer of ["image-reward", "clip"] as const) expect(await attempted([...clip, reward], { scorer })).toEqual({ scorer });
});
