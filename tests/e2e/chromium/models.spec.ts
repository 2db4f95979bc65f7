/** The screen Models: loading, pausing, keeping, deleting, and what goes wrong. */

import { join } from "node:path";
import { models } from "../fixtures.ts";
import { modelInUse, openPage } from "./page.ts";
import { expect, setQuota, test } from "./setup.ts";

const AT = { hash: "#/models" };

test("a model is loaded by its address, kept, and deleted", async ({ page, server }) => {
  await openPage(page, server, { ...AT, model: null });
  await page.getByLabel("Address").fill(`${server.url}narrow`);
  await page.getByRole("button", { name: "Load", exact: true }).click();
  await expect(modelInUse(page)).toHaveText("narrow, on the CPU");
  await expect(page.getByText("passed: a small model with a known answer gave it on this device")).toBeVisible();
  await expect(page.getByText(/18 MB as f32/)).toBeVisible();
  const kept = page.locator("kept-models li");
  await expect(kept).toContainText("narrow");
  server.requests.length = 0;
  await page.reload();
  // The model that was used last comes from storage.
  await expect(modelInUse(page)).toHaveText("narrow, on the CPU");
  expect(server.count("model.safetensors")).toBe(0);
  await page.getByRole("button", { name: "Delete: narrow" }).click();
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await expect(page.getByText("Nothing yet.")).toBeVisible();
});

test("a download is paused and goes on", async ({ page, server }) => {
  const config = { models: [{ name: "Narrow", address: `${server.url}narrow`, bytes: 18_000_000 }] };
  server.fault = ({ path }) => (path.endsWith("model.safetensors") ? { trickle: 40_000 } : undefined);
  await openPage(page, server, { ...AT, model: null, config });
  await expect(page.getByText("18 MB to download")).toBeVisible();
  await page.getByRole("button", { name: "Download and load: Narrow" }).click();
  await expect(page.locator("models-screen").getByText(/[5-9] MB of 18 MB · .*\/s · about .* left/)).toBeVisible();
  await page.locator("models-screen").getByRole("button", { name: "Pause" }).click();
  await expect(page.getByText("a part: loading it goes on from there")).toBeVisible();
  server.fault = () => undefined;
  await page.getByRole("button", { name: "Go on: Narrow", exact: true }).click();
  await expect(modelInUse(page)).toHaveText("narrow, on the CPU");
  expect(server.requests.filter(({ path }) => path.endsWith("model.safetensors")).at(-1)?.from).toBeGreaterThan(0);
});

test("a model is loaded from a folder", async ({ page, server }) => {
  await openPage(page, server, { ...AT, model: null });
  await page.getByLabel("From a folder on this device").setInputFiles(join(models(), "narrow"));
  await expect(modelInUse(page)).toHaveText(/narrow, on the CPU/);
  await expect(page.getByText("your files")).toBeVisible();
});

test("device and precision are chosen", async ({ page, server }) => {
  await openPage(page, server, { ...AT, model: null });
  await page.getByRole("combobox", { name: "Device" }).selectOption("cpu");
  await page.getByLabel("Precision").selectOption("q8");
  await page.getByLabel("Address").fill(`${server.url}narrow`);
  await page.getByRole("button", { name: "Load", exact: true }).click();
  await expect(page.getByText("The precision q8 was asked for.")).toBeVisible();
  await page.getByLabel("Low memory").check();
  await page.getByRole("button", { name: "Load again with this" }).click();
  await expect(modelInUse(page)).toHaveText("narrow, on the CPU");
});

test("a wrong address is one sentence", async ({ page, server }) => {
  await openPage(page, server, { ...AT, model: null });
  const address = page.getByLabel("Address");
  const load = page.getByRole("button", { name: "Load", exact: true });
  await address.fill("nonsense");
  await load.click();
  await expect(page.getByRole("alert")).toHaveText("This is no web address, and no name such as hf:owner/name.");
  await address.fill(`${server.url}nowhere`);
  await load.click();
  await expect(page.getByRole("alert")).toContainText("There is no model at this address");
  await expect(page.getByRole("alert")).toContainText("has no config.json");
});

test("another host is allowed first, and the permission is taken back", async ({ page, server }) => {
  const refused: string[] = [];
  page.on("console", (message) => {
    if (/Content Security Policy/i.test(message.text())) refused.push(message.text());
  });
  await openPage(page, server, { ...AT, model: null, config: { hosts: [] } });
  // The policy is the first thing that the page does, but a document counts as loaded before it has.
  await expect(page.getByLabel("Address")).toBeVisible();
  // The policy, not the page's good will.
  expect(await page.evaluate((address) => fetch(address).then(() => "answered", () => "refused"), `${server.url}narrow/config.json`)).toBe("refused");
  expect(refused.length).toBeGreaterThan(0);
  await page.getByLabel("Address").fill(`${server.url}narrow`);
  await page.getByRole("button", { name: "Load", exact: true }).click();
  await expect(page.getByText(/This page may not connect to 127\.0\.0\.1:\d+ yet/)).toBeVisible();
  expect(server.requests).toEqual([]);
  await page.getByRole("button", { name: "Allow and reload" }).click();
  await expect(page.getByLabel("Address")).toHaveValue(`${server.url}narrow`);
  await page.getByRole("button", { name: "Load", exact: true }).click();
  await expect(modelInUse(page)).toHaveText("narrow, on the CPU");
  await page.getByRole("button", { name: /^Take back/ }).click();
  await page.evaluate(() => localStorage.getItem("pickscore.settings")).then((json) => expect(JSON.parse(json ?? "{}").hosts).toEqual([]));
});

test("full storage is said, and the model runs without being kept", async ({ profiled, server }) => {
  await openPage(profiled, server, { ...AT, model: null });
  await setQuota(profiled, 2_000_000);
  await profiled.getByLabel("Address").fill(`${server.url}narrow`);
  await profiled.getByRole("button", { name: "Load", exact: true }).click();
  await expect(profiled.getByRole("alert")).toContainText("too little space to keep the model");
  await profiled.getByRole("button", { name: "Load without keeping it" }).click();
  await expect(modelInUse(profiled)).toHaveText("narrow, on the CPU");
  await setQuota(profiled);
});
