/** Contribute: choices are listed, changed, deleted, exported, imported elsewhere and submitted. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { violations } from "./axe.ts";
import { beginRound, expectWhole, given, layOut, PICTURES, press, stored } from "./judging.ts";
import { openPage, type Opening } from "./page.ts";
import { expect, test } from "./setup.ts";
import type { ModelServer } from "../model-server.ts";

const FILES = PICTURES.slice(0, 4).map((file, index) => given(file, `m${index % 2}_${file}`));

/** Judges three pairs and opens Contribute. */
async function collect(page: Page, server: ModelServer, opening: Opening = {}): Promise<void> {
  await openPage(page, server, { hash: "#/judge", model: null, ...opening });
  await layOut(page, FILES, "a fox, =1+1");
  await page.getByLabel("Read it from").selectOption("name");
  await page.getByRole("button", { name: /^Begin: / }).click();
  await press(page, "ArrowLeft", "ArrowDown", "s");
  await page.getByRole("link", { name: "Review and export your choices" }).click();
  await expect(page.locator("pair-row")).toHaveCount(3);
}

/** Exports as a download, like browsers without the file dialogue. */
async function save(page: Page, label: RegExp = /^Save \d+ choices? as a zip/): Promise<{ path: string; name: string }> {
  await page.evaluate(() => Reflect.deleteProperty(window, "showSaveFilePicker"));
  const waiting = page.waitForEvent("download");
  await page.getByRole("button", { name: label }).click();
  const download = await waiting;
  const path = join(mkdtempSync(join(tmpdir(), "pickscore-saved-")), download.suggestedFilename());
  await download.saveAs(path);
  return { path, name: download.suggestedFilename() };
}

/** Unpacks a zip with another program. */
function unpack(path: string): string {
  const folder = mkdtempSync(join(tmpdir(), "pickscore-zip-"));
  execFileSync("python3", ["-m", "zipfile", "-e", path, folder]);
  return folder;
}

test("choices are counted, changed, deleted and restored", async ({ page, server }) => {
  await collect(page, server);
  const fact = (name: string) => page.locator("contribute-screen dl div").filter({ has: page.locator("dt", { hasText: new RegExp(`^${name}$`) }) }).locator("dd");
  await expect(fact("choices")).toHaveText("3");
  await expect(fact("tie")).toHaveText("1");
  await expect(fact("skipped")).toHaveText("1");
  await expect(fact("session")).toHaveText("1");
  await expect(fact("images")).toHaveText("4");
  const rows = page.locator("pair-row");
  // Latest first: the skipped one.
  await rows.first().getByRole("combobox").selectOption("right");
  await expect(fact("skipped")).toHaveText("0");
  expect((await stored(page)).records.map(({ label, has_label }) => [label, has_label])).toEqual([["left", true], ["tie", true], ["right", true]]);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(fact("skipped")).toHaveText("1");

  await rows.first().getByRole("button", { name: "Delete this choice" }).click();
  await expect(rows).toHaveCount(2);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(rows).toHaveCount(3);

  await page.getByRole("button", { name: "Delete this session (3)" }).click();
  await expect(page.getByText("No choices yet.")).toBeVisible();
  // After a reload, deleted choices can still be restored.
  await page.reload();
  await page.getByRole("button", { name: "Restore" }).click();
  await expect(rows).toHaveCount(3);
  expectWhole(await stored(page));
});

test("permanent deletion removes choices and the images that nothing else needs", async ({ page, server }) => {
  await collect(page, server);
  await page.getByRole("link", { name: "Judge" }).click();
  await page.getByRole("button", { name: "New round" }).click();
  await expect(page.getByText("Or drop images")).toBeVisible();
  await page.getByRole("link", { name: "Contribute" }).click();
  const before = await stored(page);
  expectWhole(before);
  await page.locator("pair-row").last().getByRole("button", { name: "Delete this choice" }).click();
  await page.getByRole("button", { name: "Delete permanently" }).click();
  await expect(page.getByText("can restore")).toHaveCount(0);
  const after = await stored(page);
  expect(after.records).toHaveLength(2);
  expectWhole(after);
  expect(after.files.length).toBeLessThan(before.files.length);
  await page.getByRole("button", { name: "Delete this session (2)" }).click();
  await page.getByRole("button", { name: "Delete permanently" }).click();
  await expect(page.getByText("No choices yet.")).toBeVisible();
  expect((await stored(page)).files).toEqual([]);
});

test("choices are found by filter and by search", async ({ page, server }) => {
  await collect(page, server);
  await page.locator("sessions-view").getByRole("combobox", { name: "Show" }).selectOption("ties");
  await expect(page.locator("pair-row")).toHaveCount(1);
  await page.locator("sessions-view").getByRole("combobox", { name: "Show" }).selectOption("all");
  await page.getByLabel("Search").fill("nothing like it");
  await expect(page.getByText("No matching choices.")).toBeVisible();
  await page.getByLabel("Search").fill("M1");
  await expect(page.locator("pair-row").first()).toBeVisible();
});

test("a contribution is saved with licence and consent, and imported in another browser", async ({ page, server, browser }) => {
  await collect(page, server);
  const button = page.getByRole("button", { name: /^Save 3 choices as a zip/ });
  await expect(button).toBeDisabled();
  await page.getByRole("combobox", { name: "Licence" }).selectOption("CC-BY-4.0");
  await page.getByRole("checkbox", { name: /^I made these images myself/ }).check();
  const { path, name } = await save(page);
  expect(name).toMatch(/^pickscore-.*3-pairs\.zip$/);
  await expect(page.locator("export-view").getByText("3 choices were saved to pickscore-")).toBeVisible();
  const folder = unpack(path);
  execFileSync("sha256sum", ["--check", "--strict", "SHA256SUMS"], { cwd: folder, stdio: "pipe" });
  const manifest = JSON.parse(readFileSync(join(folder, "contribution.json"), "utf8"));
  expect(manifest).toMatchObject({
    format: "pickscore-contribution",
    license: "cc-by-4.0",
    consent: { version: "3" },
    data: "parquet",
    counts: { records: 3, labelled: 2, ties: 1, skipped: 1, images: 4, prompts: 1 },
    scores_visible: "never",
  });
  expect(manifest.consent.text).toContain("I made these images myself");
  const original = await stored(page);

  const elsewhere = await (await browser.newContext({ baseURL: page.url().split("#")[0] ?? "" })).newPage();
  await openPage(elsewhere, server, { hash: "#/contribute", model: null });
  await elsewhere.getByLabel("Choose files").setInputFiles(path);
  await expect(elsewhere.getByText("3 choices are new.")).toBeVisible();
  // Nothing is added without confirmation.
  expect((await stored(elsewhere)).records).toEqual([]);
  await elsewhere.getByRole("button", { name: "Add 3" }).click();
  await expect(elsewhere.locator("pair-row")).toHaveCount(3);
  const copied = await stored(elsewhere);
  expect(copied.records).toEqual(original.records);
  expectWhole(copied);
  // The second time, nothing is new.
  await elsewhere.getByLabel("Choose files").setInputFiles(path);
  await expect(elsewhere.getByText("It contains nothing new.")).toBeVisible();
  await expect(elsewhere.getByText("3 are already here.")).toBeVisible();
  await elsewhere.context().close();
  rmSync(folder, { recursive: true });
});

test("an import can be undone", async ({ page, server, browser }) => {
  await collect(page, server);
  await page.getByRole("radio", { name: /^For me/ }).check();
  const { path } = await save(page);
  const manifest = JSON.parse(readFileSync(join(unpack(path), "contribution.json"), "utf8"));
  expect(manifest).toMatchObject({ license: "other", consent: { version: "private" } });
  const elsewhere = await (await browser.newContext({ baseURL: page.url().split("#")[0] ?? "" })).newPage();
  await openPage(elsewhere, server, { hash: "#/contribute", model: null });
  await elsewhere.getByLabel("Choose files").setInputFiles(path);
  await elsewhere.getByRole("button", { name: "Add 3" }).click();
  await expect(elsewhere.locator("pair-row")).toHaveCount(3);
  await elsewhere.getByRole("button", { name: "Undo" }).click();
  await expect(elsewhere.getByText("No choices yet.")).toBeVisible();
  await elsewhere.context().close();
});

test("JSON Lines and CSV are saved, and no cell is a formula", async ({ page, server }) => {
  await collect(page, server);
  await page.getByRole("radio", { name: /^For me/ }).check();
  await page.getByRole("radio", { name: /^JSON Lines/ }).check();
  const lines = unpack((await save(page)).path);
  const manifest = JSON.parse(readFileSync(join(lines, "contribution.json"), "utf8"));
  const data = manifest.files.find(({ rows }: { rows: number }) => rows > 0);
  const rows = readFileSync(join(lines, data.path), "utf8").trim().split("\n").map((line) => JSON.parse(line));
  expect(rows).toHaveLength(3);
  expect(rows[0]).toMatchObject({ caption: "a fox, =1+1", label_0: 1, label_1: 0, has_label: true });
  await page.getByRole("radio", { name: /^CSV/ }).check();
  const csv = unpack((await save(page)).path);
  const table = JSON.parse(readFileSync(join(csv, "contribution.json"), "utf8")).files.find(({ rows }: { rows: number }) => rows > 0);
  expect(readFileSync(join(csv, table.path), "utf8").split("\n")[0]).toContain("caption");
});

test("a folder or a chosen file is written if the browser supports it", async ({ page, server }) => {
  await collect(page, server);
  await page.getByRole("radio", { name: /^For me/ }).check();
  await page.evaluate(() => {
    const root = () => navigator.storage.getDirectory();
    Object.assign(window, {
      showDirectoryPicker: async () => (await root()).getDirectoryHandle("chosen", { create: true }),
      showSaveFilePicker: async () => (await root()).getFileHandle("chosen.zip", { create: true }),
    });
  });
  await page.getByRole("button", { name: "Save 3 choices as a zip" }).click();
  await expect(page.locator("export-view").getByText("3 choices were saved to")).toBeVisible();
  const size = await page.evaluate(async () => (await (await (await navigator.storage.getDirectory()).getFileHandle("chosen.zip")).getFile()).size);
  expect(size).toBeGreaterThan(1000);
});

test("invalid data is refused by file, row and column, and the rest is imported", async ({ page, server, browser }) => {
  await collect(page, server);
  await page.getByRole("radio", { name: /^For me/ }).check();
  await page.getByRole("radio", { name: /^JSON Lines/ }).check();
  const folder = unpack((await save(page)).path);
  const manifest = JSON.parse(readFileSync(join(folder, "contribution.json"), "utf8"));
  const data = manifest.files.find(({ rows }: { rows: number }) => rows > 0);
  const rows = readFileSync(join(folder, data.path), "utf8").trim().split("\n").map((line) => JSON.parse(line));
  rows[1].label_0 = 0.7;
  const broken = join(folder, "broken.jsonl");
  writeFileSync(broken, rows.map((row) => JSON.stringify(row)).join("\n"));
  const noise = join(folder, "noise.parquet");
  writeFileSync(noise, "no parquet");
  const elsewhere = await (await browser.newContext({ baseURL: page.url().split("#")[0] ?? "" })).newPage();
  await openPage(elsewhere, server, { hash: "#/contribute", model: null });
  await elsewhere.getByLabel("Choose files").setInputFiles([broken, noise]);
  await expect(elsewhere.locator("import-view .refusals")).toContainText("broken.jsonl, row 2, label_0");
  await expect(elsewhere.locator("import-view .refusals")).toContainText("noise.parquet");
  await elsewhere.context().close();
});

test("contradictory repeats are shown", async ({ page, server }) => {
  await openPage(page, server, { hash: "#/judge", model: null });
  await beginRound(page, { files: FILES.slice(0, 2) });
  await press(page, "ArrowLeft");
  await page.getByRole("button", { name: "Judge 1 again" }).click();
  await press(page, "ArrowDown");
  await page.getByRole("link", { name: "Review and export your choices" }).click();
  await expect(page.getByText("of 1 repeats judged differently")).toBeVisible();
  await page.locator("sessions-view").getByRole("combobox", { name: "Show" }).selectOption("conflicts");
  await expect(page.getByText("judged differently the other time")).toHaveCount(2);
});

test.describe("the Hugging Face Hub", () => {
  const token = "hf_secret";

  interface Asked {
    method: string;
    path: string;
    authorization: string | undefined;
    body: string;
  }

  /** Answers like the Hub when a small dataset is submitted. */
  async function hub(page: Page, { status = 200 } = {}): Promise<Asked[]> {
    const asked: Asked[] = [];
    await page.route("https://huggingface.co/**", async (route) => {
      const request = route.request();
      const { pathname, search } = new URL(request.url());
      const cors = { "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "*", "Access-Control-Allow-Methods": "*" };
      if (request.method() === "OPTIONS") return route.fulfill({ status: 204, headers: cors });
      asked.push({ method: request.method(), path: pathname + search, authorization: request.headers()["authorization"], body: request.postData() ?? "" });
      const answer = (json: unknown, code = 200) => route.fulfill({ status: code, headers: cors, json });
      if (status !== 200) return answer({ error: "Invalid credentials" }, status);
      if (pathname.includes("/preupload/")) {
        const { files } = JSON.parse(request.postData() ?? "{}") as { files: { path: string }[] };
        return answer({ files: files.map(({ path }) => ({ path, uploadMode: "regular" })) });
      }
      if (pathname.includes("/commit/")) return answer({ commitOid: "abc", commitUrl: "https://huggingface.co/datasets/host/preferences/commit/abc", pullRequestUrl: "https://huggingface.co/datasets/host/preferences/discussions/1", hookOutput: "" });
      return answer({ id: "host/preferences" });
    });
    return asked;
  }

  test("is contacted only if chosen; the token is not stored", async ({ page, server }) => {
    const asked = await hub(page);
    await collect(page, server, { config: { hosts: [server.url.slice(0, -1), "https://huggingface.co"], handIn: { link: null, hub: "host/preferences" } } });
    await page.getByRole("button", { name: "Use the Hugging Face Hub" }).click();
    await expect(page.getByRole("textbox", { name: "Dataset" })).toHaveValue("host/preferences");
    await page.getByRole("checkbox", { name: /^I made these images myself/ }).check();
    await page.getByLabel("Access token").fill(token);
    expect(asked).toEqual([]);
    await page.getByRole("button", { name: "Send to the Hub" }).click();
    await expect(page.getByRole("link", { name: "https://huggingface.co/datasets/host/preferences/discussions/1" })).toBeVisible();
    const commit = asked.find(({ path }) => path.includes("/commit/"));
    expect(commit?.path).toContain("create_pr=1");
    const lines = (commit?.body ?? "").trim().split("\n").map((line) => JSON.parse(line));
    const paths = lines.filter(({ key }) => key === "file").map(({ value }) => value.path as string);
    expect(paths.every((path) => path.startsWith("contributions/pickscore-"))).toBe(true);
    for (const name of ["README.md", "contribution.json", "SHA256SUMS"]) expect(paths.some((path) => path.endsWith(`/${name}`))).toBe(true);
    const data = lines.find(({ value }) => value.path?.endsWith(".parquet"))?.value.content as string;
    expect(Buffer.from(data, "base64").subarray(0, 4).toString()).toBe("PAR1");
    expect(asked.every(({ authorization }) => authorization === `Bearer ${token}`)).toBe(true);
    const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
    expect(kept).not.toContain(token);
    expect(JSON.stringify(await stored(page))).not.toContain(token);
  });

  test("reports a token that is not accepted", async ({ page, server }) => {
    await hub(page, { status: 401 });
    await collect(page, server, { config: { hosts: [server.url.slice(0, -1), "https://huggingface.co"] } });
    await page.getByRole("button", { name: "Use the Hugging Face Hub" }).click();
    await page.getByRole("textbox", { name: "Dataset" }).fill("me/mine");
    await page.getByRole("checkbox", { name: /^I made these images myself/ }).check();
    await page.getByLabel("Access token").fill(token);
    await page.getByRole("button", { name: "Send to the Hub" }).click();
    await expect(page.getByText("The Hub does not accept this token")).toBeVisible();
  });

  test("has to be allowed by the visitor if the host does not allow it", async ({ page, server }) => {
    await collect(page, server);
    await page.getByRole("button", { name: "Use the Hugging Face Hub" }).click();
    await page.getByRole("button", { name: "Allow https://huggingface.co" }).click();
    await page.getByRole("button", { name: "Use the Hugging Face Hub" }).click();
    await expect(page.getByLabel("Access token")).toBeVisible();
  });
});

test("a host's submission page and consent text are shown", async ({ page, server }) => {
  await collect(page, server, { config: { handIn: { link: "https://example.org/hand-in", hub: null }, consent: { en: "Yes, please." }, consentVersion: "2026-11", licences: [{ id: "MIT", name: "MIT" }] } });
  await expect(page.getByRole("link", { name: "Open the submission page" })).toHaveAttribute("href", "https://example.org/hand-in");
  await expect(page.getByRole("checkbox", { name: /^Yes, please\. \(version 2026-11\)/ })).toBeVisible();
  await expect(page.getByRole("combobox", { name: "Licence" })).toHaveValue("MIT");
});

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(`the theme ${colorScheme}`, () => {
    test.use({ colorScheme, contextOptions: { reducedMotion: "reduce" } });

    test("axe finds no violations in an empty collection, a full one and a refused import", async ({ page, server }) => {
      await openPage(page, server, { hash: "#/contribute", model: null });
      await expect(page.getByText("No choices yet.")).toBeVisible();
      expect(await violations(page)).toEqual([]);
      await collect(page, server, { config: { hosts: ["https://huggingface.co"] } });
      await page.getByText("Title and description").click();
      await page.getByRole("button", { name: "Use the Hugging Face Hub" }).click();
      await page.getByLabel("Choose files").setInputFiles({ name: "noise.parquet", mimeType: "", buffer: Buffer.from("no parquet") });
      await expect(page.locator("import-view .refusals")).toBeVisible();
      await page.locator("pair-row").first().getByRole("button", { name: "Delete this choice" }).click();
      expect(await violations(page)).toEqual([]);
    });
  });
}

test.describe("on a phone", () => {
  test.use({ viewport: { width: 320, height: 640 } });

  test("nothing scrolls horizontally", async ({ page, server }) => {
    await collect(page, server);
    await page.getByRole("button", { name: "Use the Hugging Face Hub" }).click();
    expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBeLessThanOrEqual(0);
  });
});
