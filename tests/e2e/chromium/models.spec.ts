/** The screen Models: loading, pausing, storing, deleting, and errors. */

import { join } from "node:path";
import { models } from "../fixtures.ts";
import { modelInUse, openPage } from "./page.ts";
import { expect, setQuota, test } from "./setup.ts";

const AT = { hash: "#/models" };

test("a model is loaded by its address, stored, and deleted", async ({ page, server }) => {
  await openPage(page, server, { ...AT, model: null });
  await page.getByLabel("Address").fill(`${server.url}narrow`);
  await page.getByRole("button", { name: "Load", exact: true }).click();
  await expect(modelInUse(page)).toHaveText("narrow, on the CPU");
  await expect(page.getByText("passed: a small model gave the expected result on this device")).toBeVisible();
  await expect(page.getByText(/18 MB as f32/)).toBeVisible();
  const kept = page.locator("kept-models li");
  await expect(kept).toContainText("narrow");
  server.requests.length = 0;
  await page.reload();
  // The model used last is loaded from storage.
  await expect(modelInUse(page)).toHaveText("narrow, on the CPU");
  expect(server.count("model.safetensors")).toBe(0);
  await page.getByRole("button", { name: "Delete: narrow" }).click();
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await expect(page.getByText("Nothing yet.")).toBeVisible();
});

test("a download is paused and resumed", async ({ page, server }) => {
  const config = { models: [{ name: "Narrow", address: `${server.url}narrow`, bytes: 18_000_000 }] };
  server.fault = ({ path }) => (path.endsWith("model.safetensors") ? { trickle: 40_000 } : undefined);
  await openPage(page, server, { ...AT, model: null, config });
  await expect(page.getByText("18 MB to download")).toBeVisible();
  await page.getByRole("button", { name: "Download and load: Narrow" }).click();
  await expect(page.locator("models-screen").getByText(/[5-9] MB of 18 MB · .*\/s · about .* left/)).toBeVisible();
  await page.locator("models-screen").getByRole("button", { name: "Pause" }).click();
  await expect(page.getByText("incomplete; load it to continue the download")).toBeVisible();
  server.fault = () => undefined;
  await page.getByRole("button", { name: "Continue: Narrow", exact: true }).click();
  await expect(modelInUse(page)).toHaveText("narrow, on the CPU");
  expect(server.requests.filter(({ path }) => path.endsWith("model.safetensors")).at(-1)?.from).toBeGreaterThan(0);
});

test("a model is loaded from a folder", async ({ page, server }) => {
  await openPage(page, server, { ...AT, model: null });
  await page.getByLabel("Load a folder from this device").setInputFiles(join(models(), "narrow"));
  await expect(modelInUse(page)).toHaveText(/narrow, on the CPU/);
  await expect(page.getByText("your files")).toBeVisible();
});

test("device and precision are chosen", async ({ page, server }) => {
  await openPage(page, server, { ...AT, model: null });
  await page.getByRole("combobox", { name: "Device" }).selectOption("cpu");
  await page.getByLabel("Precision").selectOption("q8");
  await page.getByLabel("Address").fill(`${server.url}narrow`);
  await page.getByRole("button", { name: "Load", exact: true }).click();
  await expect(page.getByText("The precision q8 was requested.")).toBeVisible();
  await page.getByLabel("Low memory").check();
  await page.getByRole("button", { name: "Reload with these settings" }).click();
  await expect(modelInUse(page)).toHaveText("narrow, on the CPU");
});

test("an invalid address is explained in one sentence", async ({ page, server }) => {
  await openPage(page, server, { ...AT, model: null });
  const address = page.getByLabel("Address");
  const load = page.getByRole("button", { name: "Load", exact: true });
  await address.fill("nonsense");
  await load.click();
  await expect(page.getByRole("alert")).toHaveText("This is neither a web address nor a name such as hf:owner/name.");
  await address.fill(`${server.url}nowhere`);
  await load.click();
  await expect(page.getByRole("alert")).toContainText("There is no model at this address");
  await expect(page.getByRole("alert")).toContainText("does not contain a model: expected config.json");
});

test("another host must be allowed first, and the permission can be revoked", async ({ page, server }) => {
  const refused: string[] = [];
  page.on("console", (message) => {
    if (/Content Security Policy/i.test(message.text())) refused.push(message.text());
  });
  await openPage(page, server, { ...AT, model: null, config: { hosts: [] } });
  // Wait for the policy: the page adds it first, but possibly after the document counts as loaded.
  await expect(page.getByLabel("Address")).toBeVisible();
  // The browser's policy refuses it, not only the page's code.
  expect(await page.evaluate((address) => fetch(address).then(() => "answered", () => "refused"), `${server.url}narrow/config.json`)).toBe("refused");
  expect(refused.length).toBeGreaterThan(0);
  await page.getByLabel("Address").fill(`${server.url}narrow`);
  await page.getByRole("button", { name: "Load", exact: true }).click();
  await expect(page.getByText(/This page is not yet allowed to connect to 127\.0\.0\.1:\d+/)).toBeVisible();
  expect(server.requests).toEqual([]);
  await page.getByRole("button", { name: "Allow and reload" }).click();
  await expect(page.getByLabel("Address")).toHaveValue(`${server.url}narrow`);
  await page.getByRole("button", { name: "Load", exact: true }).click();
  await expect(modelInUse(page)).toHaveText("narrow, on the CPU");
  await page.getByRole("button", { name: /^Revoke/ }).click();
  await page.evaluate(() => localStorage.getItem("pickscore.settings")).then((json) => expect(JSON.parse(json ?? "{}").hosts).toEqual([]));
});

test("full storage is reported, and the model runs without being stored", async ({ profiled, server }) => {
  await openPage(profiled, server, { ...AT, model: null });
  await setQuota(profiled, 2_000_000);
  await profiled.getByLabel("Address").fill(`${server.url}narrow`);
  await profiled.getByRole("button", { name: "Load", exact: true }).click();
  await expect(profiled.getByRole("alert")).toContainText("There is not enough storage for this model");
  await profiled.getByRole("button", { name: "Load without storing it" }).click();
  await expect(modelInUse(profiled)).toHaveText("narrow, on the CPU");
  await setQuota(profiled);
});
