/**
 * Failures between a model's host and the engine. A half-written file is never used, and every
 * message says what to do.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { JSHandle, Page } from "@playwright/test";
import { models } from "../fixtures.ts";
import { emptyStorage } from "../in-page.ts";
import { expect, expectScores, load, openBlank, setQuota, test } from "./setup.ts";

const WEIGHTS = "narrow/model.safetensors";

/** The folder of the only stored model. */
function storedModel(page: Page): Promise<JSHandle<FileSystemDirectoryHandle>> {
  return page.evaluateHandle(async () => {
    const root = await navigator.storage.getDirectory();
    const models = await (await root.getDirectoryHandle("pickscore")).getDirectoryHandle("models");
    const { value } = await (models as unknown as { values(): AsyncIterator<FileSystemDirectoryHandle> }).values().next();
    return value as FileSystemDirectoryHandle;
  });
}

/** Changes a value in the record, or in the last line of a kind of the journal. */
async function editStored(page: Page, name: "record.json" | "journal.jsonl", kind: string | undefined, path: readonly (string | number)[], value: unknown): Promise<void> {
  await page.evaluate(async ([folder, name, kind, path, value]) => {
    const file = await folder.getFileHandle(name);
    const lines = (await (await file.getFile()).text()).split("\n");
    const line = lines.findLastIndex((line) => line !== "" && JSON.parse(line).kind === kind);
    const entry = JSON.parse(lines[line] as string);
    const inner = path.slice(0, -1).reduce((object, key) => object[key], entry);
    inner[path.at(-1) as string] = value;
    lines[line] = JSON.stringify(entry);
    const writable = await file.createWritable();
    await writable.write(lines.join("\n"));
    await writable.close();
  }, [await storedModel(page), name, kind, path, value] as const);
}

/** Replaces the checksums in a record or journal by SHA-256, which older versions stored. */
async function asOlderVersion(page: Page, name: "record.json" | "journal.jsonl"): Promise<void> {
  const changed = await page.evaluate(async ([folder, name]) => {
    const file = await folder.getFileHandle(name);
    const weights = await (await (await folder.getFileHandle("weights.safetensors")).getFile()).arrayBuffer();
    const lines = (await (await file.getFile()).text()).split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
    let changed = 0;
    for (const piece of lines.flatMap(({ pieces }) => pieces ?? []) as [number, number, string][]) {
      const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", weights.slice(piece[0], piece[0] + piece[1])));
      piece[2] = Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
      changed++;
    }
    const writable = await file.createWritable();
    await writable.write(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    await writable.close();
    return changed;
  }, [await storedModel(page), name] as const);
  expect(changed).toBeGreaterThan(1);
}

/** Changes a byte in the middle of the stored weights. */
async function damageStored(page: Page): Promise<void> {
  await page.evaluate(async (folder) => {
    const file = await folder.getFileHandle("weights.safetensors");
    const writable = await file.createWritable({ keepExistingData: true });
    await writable.write({ type: "write", position: 5_000_000, data: new Uint8Array([77]) });
    await writable.close();
  }, await storedModel(page));
}

for (const share of [0.1, 0.5, 0.99]) {
  test(`a connection cut at ${100 * share} % resumes where it broke`, async ({ blank, server }) => {
    server.fault = ({ path }, count) => (path.endsWith(WEIGHTS) && count === 0 ? { cutAt: share } : undefined);
    const outcome = await load(blank, { model: `${server.url}narrow` });
    expectScores(outcome);
    expect(outcome.info).toMatchObject({ source: "network", cached: true, notes: [] });
    const asked = server.requests.filter(({ path }) => path.endsWith(WEIGHTS));
    expect(asked).toHaveLength(2);
    expect(asked[1]?.from).toBeGreaterThan(share * 16e6);
  });
}

test("a PyTorch checkpoint is streamed from its folder or its own address, and stored", async ({ blank, server }) => {
  for (const model of [`${server.url}torch`, `${server.url}torch/pytorch_model.bin`]) {
    const outcome = await load(blank, { model });
    expectScores(outcome);
    expect(outcome.info).toMatchObject({ source: "network", cached: true });
    expect(server.requests.filter(({ path }) => path.endsWith("torch/pytorch_model.bin")).map(({ from }) => from)).toEqual([0]);
    server.requests.length = 0;
  }
  expect((await load(blank, { model: `${server.url}torch` })).info).toMatchObject({ source: "cache" });
});

test("a PyTorch checkpoint's download resumes after an interruption", async ({ blank, server }) => {
  server.fault = ({ path }, count) => (path.endsWith("pytorch_model.bin") && count === 0 ? { cutAt: 0.6 } : undefined);
  expectScores(await load(blank, { model: `${server.url}torch` }));
});

for (const [what, content, message] of [
  ["a git-lfs pointer", `version https://git-lfs.github.com/spec/v1\noid sha256:${"0".repeat(64)}\nsize 3944517836\n`, /git-lfs pointer/],
  ["a web page", "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body></body></html>", /web page|HTML/],
  ["the beginning of a file", readFileSync(join(models(), "torch/pytorch_model.bin")).subarray(0, 1_000_000), /ends|missing|truncated/],
] as const) {
  test(`${what} in place of weights is named`, async ({ blank, server }) => {
    server.replace("torch/pytorch_model.bin", Buffer.from(content));
    const { error } = await load(blank, { model: `${server.url}torch`, cache: "off" });
    expect(error).toMatchObject({ name: "PickScoreError", code: "model-weights" });
    expect(error?.message).toMatch(message);
  });
}

test("a connection that stops sending counts as interrupted", async ({ blank, server }) => {
  server.fault = ({ path }, count) => (path.endsWith(WEIGHTS) && count === 0 ? { silentAt: 0.5 } : undefined);
  expectScores(await load(blank, { model: `${server.url}narrow` }));
  expect(server.requests.filter(({ path }) => path.endsWith(WEIGHTS))[1]?.from).toBeGreaterThan(5e6);
});

test("a server without range requests sends the file again, and the user is told", async ({ blank, server }) => {
  server.fault = ({ path }, count) => {
    if (!path.endsWith(WEIGHTS)) return undefined;
    return count === 0 ? { cutAt: 0.5 } : { ignoreRange: true };
  };
  const outcome = await load(blank, { model: `${server.url}narrow` });
  expectScores(outcome);
  expect(outcome.stages).toContain("starting-over");
  expect(outcome.info?.notes.join()).toContain("again from the start");
});

test("a connection that always breaks ends the load; the next load resumes from storage", async ({ blank, server }) => {
  server.fault = ({ path }) => (path.endsWith(WEIGHTS) ? { cutAt: 0.9 } : undefined);
  const failed = await load(blank, { model: `${server.url}narrow` });
  expect(failed.error).toMatchObject({ name: "PickScoreError", code: "network" });
  expect(failed.error?.message).toMatch(/was lost after 16\.6 MB of 18\.4 MB; load again/);
  expect(failed.cached).toMatchObject([{ name: "narrow", complete: false }]);

  server.fault = () => undefined;
  server.requests.length = 0;
  const resumed = await load(blank, { model: `${server.url}narrow` });
  expectScores(resumed);
  expect(resumed.stages).toContain("restore");
  // The token embedding, two thirds of this model, was complete.
  expect(server.requests.filter(({ path }) => path.endsWith(WEIGHTS)).at(-1)?.from).toBeGreaterThan(12e6);
  expect(resumed.cached).toMatchObject([{ name: "narrow", complete: true }]);
});

test("a file that changed between two visits is downloaded again", async ({ blank, server }) => {
  server.fault = ({ path }) => (path.endsWith(WEIGHTS) ? { cutAt: 0.6 } : undefined);
  await load(blank, { model: `${server.url}narrow` });
  server.fault = () => ({ etag: '"another"' });
  const outcome = await load(blank, { model: `${server.url}narrow` });
  expectScores(outcome);
  expect(outcome.info?.notes.join()).toContain("download was restarted");
});

test("the second visit needs no network", async ({ blank, server }) => {
  expectScores(await load(blank, { model: `${server.url}narrow` }));
  server.requests.length = 0;
  const again = await load(blank, { model: `${server.url}narrow` });
  expectScores(again);
  expect(again.info).toMatchObject({ source: "cache", cached: true });
  expect(server.requests).toEqual([]);
});

test("a flipped bit in the stored model is detected, and the model is downloaded again", async ({ blank, server }) => {
  await load(blank, { model: `${server.url}narrow` });
  await damageStored(blank);
  const outcome = await load(blank, { model: `${server.url}narrow` });
  expectScores(outcome);
  expect(outcome.info?.source).toBe("network");
  expect(outcome.info?.notes.join()).toMatch(/stored copy was damaged/);
});

test("a flipped bit in a partial download is detected, and the download restarts", async ({ blank, server }) => {
  server.fault = ({ path }) => (path.endsWith(WEIGHTS) ? { cutAt: 0.9 } : undefined);
  expect((await load(blank, { model: `${server.url}narrow` })).error?.code).toBe("network");
  await damageStored(blank);
  server.fault = () => undefined;
  const outcome = await load(blank, { model: `${server.url}narrow` });
  expectScores(outcome);
  expect(outcome.info?.notes.join()).toContain("The partial download in storage could not be used");
});

for (const [what, path, value] of [
  ["a checksum is a number", ["pieces", 3, 2], 5],
  ["a checksum is missing", ["pieces", 3, 2], null],
  ["a piece is too short", ["pieces", 3, 1], 7],
  ["the name is a number", ["name"], 5],
] as const) {
  test(`a record in which ${what} is not used`, async ({ blank, server }) => {
    await load(blank, { model: `${server.url}narrow` });
    await editStored(blank, "record.json", undefined, path, value);
    const outcome = await load(blank, { model: `${server.url}narrow` });
    expectScores(outcome);
    expect(outcome.info?.source).toBe("network");
    expect(outcome.cached).toMatchObject([{ name: "narrow", complete: true }]);
  });
}

for (const [what, kind, path, value] of [
  ["a checksum is a number", "parameter", ["pieces", 0, 2], 5],
  ["the header of the source is damaged", "file", ["file", "header"], "AAAA"],
  ["a piece is larger than any file", "parameter", ["pieces", 0, 1], 1e15],
] as const) {
  test(`a journal in which ${what} does not fail the load`, async ({ blank, server }) => {
    server.fault = ({ path }) => (path.endsWith(WEIGHTS) ? { trickle: 50_000 } : undefined);
    expect((await load(blank, { model: `${server.url}narrow` }, { abortAt: 0.7 })).error?.code).toBe("aborted");
    server.fault = () => undefined;
    await editStored(blank, "journal.jsonl", kind, path, value);
    expectScores(await load(blank, { model: `${server.url}narrow` }));
    expect((await load(blank, { model: `${server.url}narrow` })).info?.source).toBe("cache");
  });
}

test("two tabs that find the same damage both load the model", async ({ blank, context, server }) => {
  await load(blank, { model: `${server.url}narrow` });
  await damageStored(blank);
  const other = await context.newPage();
  await openBlank(other);
  for (const outcome of await Promise.all([blank, other].map((page) => load(page, { model: `${server.url}narrow` })))) expectScores(outcome);
});

test("a download that an older version began is completed, with the same fingerprint", async ({ blank, server }) => {
  const whole = await load(blank, { model: `${server.url}narrow` });
  await blank.evaluate(emptyStorage);
  server.fault = ({ path }) => (path.endsWith(WEIGHTS) ? { cutAt: 0.9 } : undefined);
  expect((await load(blank, { model: `${server.url}narrow` })).error?.code).toBe("network");
  await asOlderVersion(blank, "journal.jsonl");
  server.fault = () => undefined;
  const resumed = await load(blank, { model: `${server.url}narrow` });
  expectScores(resumed);
  expect(resumed.stages).toContain("restore");
  expect(resumed.info).toMatchObject({ notes: [], fingerprint: whole.info?.fingerprint });
});

test("a model that an older version stored is loaded, and damage to it detected", async ({ blank, server }) => {
  await load(blank, { model: `${server.url}narrow` });
  await asOlderVersion(blank, "record.json");
  server.requests.length = 0;
  const again = await load(blank, { model: `${server.url}narrow` });
  expectScores(again);
  expect(again.info).toMatchObject({ source: "cache", notes: [] });
  expect(server.requests).toEqual([]);

  await damageStored(blank);
  const outcome = await load(blank, { model: `${server.url}narrow` });
  expectScores(outcome);
  expect(outcome.info?.notes.join()).toMatch(/stored copy was damaged/);
});

test("a damaged shard is requested once more, then refused by name", async ({ blank, server }) => {
  server.fault = ({ path }, count) => (path.endsWith("model.safetensors.002") && count === 0 ? { flip: 1000 } : undefined);
  expectScores(await load(blank, { model: `${server.url}shards/pickscore-shards.json`, precision: "f32" }));

  server.fault = ({ path }) => (path.endsWith("model.safetensors.001") ? { flip: 70_000 } : undefined);
  const outcome = await load(blank, { model: `${server.url}shards`, cache: "off" });
  expect(outcome.error?.code).toBe("model-manifest");
  expect(outcome.error?.message).toContain("model.safetensors.001 is damaged: its SHA-256 does not match the manifest");
});

test("a model in several files loads like a single file", async ({ blank, server }) => {
  const outcome = await load(blank, { model: `${server.url}sharded` });
  expectScores(outcome);
  expect(outcome.info?.source).toBe("network");
});

test("a missing file is reported with its address", async ({ blank, server }) => {
  const folder = await load(blank, { model: `${server.url}nowhere` });
  expect(folder.error?.code).toBe("not-found");
  expect(folder.error?.message).toContain("/nowhere/ does not contain a model: expected config.json");
  server.fault = ({ path }) => (path.includes("safetensors") ? { status: 404 } : undefined);
  const weights = await load(blank, { model: `${server.url}narrow` });
  expect(weights.error?.code).toBe("not-found");
  expect(weights.error?.message).toContain("does not contain a model: expected model.safetensors");
  expect(weights.cached).toEqual([]);
});

test("a server's refusal is reported with its response", async ({ blank, server }) => {
  server.fault = ({ path }) => (path.includes("safetensors") ? { status: 403 } : undefined);
  const outcome = await load(blank, { model: `${server.url}narrow` });
  expect(outcome.error).toMatchObject({ code: "network" });
  expect(outcome.error?.message).toContain("HTTP 403; it may require an account");
});

test("with too little storage, the model can run without being stored", async ({ profiled, server }) => {
  await setQuota(profiled, 10_000_000);
  const refused = await load(profiled, { model: `${server.url}narrow` });
  expect(refused.error?.code).toBe("storage-full");
  expect(refused.error?.message).toMatch(/takes 18\.4 MB, but this browser grants less; free some space, or load the model with `cache: "off"`/);
  expect(refused.cached).toEqual([]);
  const optional = await load(profiled, { model: `${server.url}narrow`, cache: "optional" });
  expectScores(optional);
  expect(optional.info).toMatchObject({ cached: false });
  expect(optional.info?.notes.join()).toContain("not stored for the next visit");
  const off = await load(profiled, { model: `${server.url}narrow`, cache: "off" });
  expectScores(off);
  expect(off.cached).toEqual([]);
  await setQuota(profiled);
  expectScores(await load(profiled, { model: `${server.url}narrow` }));
});

test("running out of storage during a write leaves no incomplete model", async ({ profiled, server }) => {
  server.fault = ({ path }) => (path.endsWith(WEIGHTS) ? { trickle: 100_000 } : undefined);
  const loading = load(profiled, { model: `${server.url}narrow` });
  await expect.poll(() => server.count(WEIGHTS)).toBeGreaterThan(0);
  await setQuota(profiled, 1000);
  const outcome = await loading;
  // The model's own space was reserved at the start; the rest may no longer fit.
  if (outcome.error) {
    expect(outcome.error.code).toBe("storage-full");
    expect(outcome.cached.filter(({ complete }) => complete)).toEqual([]);
  } else expectScores(outcome);
  await setQuota(profiled);
  server.fault = () => undefined;
  expectScores(await load(profiled, { model: `${server.url}narrow` }));
});

test("a tab closed during a write leaves a part that the next one resumes from", async ({ blank, server, context }) => {
  server.fault = ({ path }) => (path.endsWith(WEIGHTS) ? { trickle: 60_000 } : undefined);
  const tab = await context.newPage();
  await openBlank(tab);
  const loading = load(tab, { model: `${server.url}narrow` }).catch(() => undefined);
  await expect.poll(() => server.count(WEIGHTS)).toBe(1);
  await tab.waitForTimeout(1000);
  await tab.close();
  await loading;
  server.fault = () => undefined;
  server.requests.length = 0;
  const outcome = await load(blank, { model: `${server.url}narrow` });
  expectScores(outcome);
  expect(outcome.cached).toMatchObject([{ complete: true }]);
});

test("two tabs that load the same model download it once", async ({ blank, server, context }) => {
  server.fault = ({ path }) => (path.endsWith(WEIGHTS) ? { trickle: 400_000 } : undefined);
  const tab = await context.newPage();
  await openBlank(tab);
  const outcomes = await Promise.all([blank, tab].map((page) => load(page, { model: `${server.url}narrow` })));
  outcomes.forEach(expectScores);
  expect(outcomes.map(({ info }) => info?.source).sort()).toEqual(["cache", "network"]);
  expect(outcomes.flatMap(({ stages }) => stages)).toContain("waiting");
  // Both check whether the file exists; one reads it.
  expect(server.requests.filter(({ path, from }) => path.endsWith(WEIGHTS) && from > 0)).toEqual([]);
});

test("an aborted load releases its locks, and the next one resumes", async ({ blank, server }) => {
  server.fault = ({ path }) => (path.endsWith(WEIGHTS) ? { trickle: 200_000 } : undefined);
  const aborted = await load(blank, { model: `${server.url}narrow` }, { abortAt: 0.5 });
  expect(aborted.error).toMatchObject({ name: "PickScoreError", code: "aborted" });
  expect(aborted.cached).toMatchObject([{ complete: false }]);
  server.fault = () => undefined;
  expectScores(await load(blank, { model: `${server.url}narrow` }));
});

test("a load from storage is aborted while it reads", async ({ blank, server }) => {
  expectScores(await load(blank, { model: `${server.url}narrow` }));
  const aborted = await load(blank, { model: `${server.url}narrow` }, { abortAt: 0, abortStage: "cache" });
  expect(aborted.error).toMatchObject({ name: "PickScoreError", code: "aborted" });
  expect(aborted.cached).toMatchObject([{ complete: true }]);
  const again = await load(blank, { model: `${server.url}narrow` });
  expectScores(again);
  expect(again.info?.source).toBe("cache");
});

test("a model that lacks a tensor is refused before its weights are read", async ({ blank, server }) => {
  const bytes = readFileSync(join(models(), WEIGHTS));
  const at = bytes.indexOf('"logit_scale"');
  bytes.write('"logit_scald"', at);
  server.replace("narrow/model.safetensors", bytes);
  const outcome = await load(blank, { model: `${server.url}narrow` });
  expect(outcome.error?.code).toBe("model-weights");
  expect(outcome.error?.message).toContain("lacks the tensor `logit_scale` [] (it has `logit_scald`)");
  expect(outcome.cached.filter(({ complete }) => complete)).toEqual([]);
});

test("weights that are not numbers are refused", async ({ blank, server }) => {
  const bytes = readFileSync(join(models(), WEIGHTS));
  bytes.writeFloatLE(Number.NaN, bytes.length - 4);
  server.replace("narrow/model.safetensors", bytes);
  const outcome = await load(blank, { model: `${server.url}narrow` });
  expect(outcome.error?.code).toBe("model-weights");
  expect(outcome.error?.message).toContain("has NaN at index");
});

/** The same tensors in f16, all zero but the last value. */
function inHalves(file: Buffer, last: number): Buffer {
  const header = JSON.parse(file.subarray(8, 8 + Number(file.readBigUInt64LE())).toString()) as Record<string, { dtype: string; shape: number[]; data_offsets: number[] }>;
  delete header["__metadata__"];
  let end = 0;
  for (const tensor of Object.values(header)) {
    const start = end;
    end += 2 * tensor.shape.reduce((product, length) => product * length, 1);
    Object.assign(tensor, { dtype: "F16", data_offsets: [start, end] });
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const values = Buffer.alloc(end);
  values.writeUInt16LE(last, end - 2);
  return Buffer.concat([length, json, values]);
}

for (const precision of ["f32", "f16", "q8"] as const) {
  test(`f16 weights that are not numbers are refused in ${precision}`, async ({ blank, server }) => {
    server.replace("narrow/model.safetensors", inHalves(readFileSync(join(models(), WEIGHTS)), 0x7e00));
    const outcome = await load(blank, { model: `${server.url}narrow`, precision });
    expect(outcome.error?.code).toBe("model-weights");
    expect(outcome.error?.message).toContain("has NaN at index");
  });
}

for (const [what, bytes, says] of [
  ["an empty file", Buffer.alloc(0), /at least 8|ended|cut/],
  ["a file that claims a header of 2 GB", Buffer.from("0000008000000000".padEnd(200, "7b"), "hex"), /its header length is 2147483648 bytes/],
  ["a web page", Buffer.from("<!doctype html><title>Not found</title>"), /is an HTML page/],
] as const) {
  test(`${what} in place of the weights is refused`, async ({ blank, server }) => {
    server.replace("narrow/model.safetensors", bytes);
    const outcome = await load(blank, { model: `${server.url}narrow` });
    expect(outcome.error?.code).toBe("model-weights");
    expect(outcome.error?.message).toMatch(says);
  });
}

test("a model that is not a CLIP model is refused by its type", async ({ blank, server }) => {
  server.replace("narrow/config.json", Buffer.from('{"model_type": "llama", "hidden_size": 4096}'));
  const outcome = await load(blank, { model: `${server.url}narrow` });
  expect(["not-clip", "model-config"]).toContain(outcome.error?.code);
});

test("local files load like files from a picker, and are not stored", async ({ blank }) => {
  const folder = join(models(), "narrow");
  await blank.evaluate(() => {
    const input = Object.assign(document.createElement("input"), { type: "file", id: "model", multiple: true });
    document.body.append(input);
  });
  await blank.setInputFiles("#model", ["config.json", "model.safetensors"].map((name) => join(folder, name)));
  const outcome = await blank.evaluate(async () => {
    const { PickScore } = await import(new URL("lib/pickscore.js", document.baseURI).href);
    const files = [...((document.querySelector("#model") as HTMLInputElement).files ?? [])];
    const scorer = await PickScore.load({ model: files, device: "cpu" });
    await scorer.dispose();
    return scorer.info;
  });
  expect(outcome).toMatchObject({ source: "files", cached: false, precision: "f32", device: "cpu" });
});
