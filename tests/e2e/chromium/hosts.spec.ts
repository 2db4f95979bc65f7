/**
 * The built site on hosts of every kind: it opens, scores its samples, and works again without a
 * network.
 */

import { resolve } from "node:path";
import { expect, type Frame, type Page, test } from "@playwright/test";
import { HOSTS, HostServer, refusals } from "../hosts.ts";
import { Nginx } from "../nginx.ts";

const DIST = resolve(import.meta.dirname, "../../../dist");

test.use({ serviceWorkers: "allow" });

/** A visitor's first minute. Returns how the page computes. */
async function visit(page: Page, url: string, framed: boolean): Promise<{ isolated: boolean; frame: Page | Frame }> {
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text());
  });
  await page.goto(url);
  const frame = framed ? ((await (await page.waitForSelector("iframe")).contentFrame()) as Frame) : page;
  // The demonstration model scores the samples without any action by the visitor.
  await expect(frame.locator("pickscore-app")).toBeVisible();
  await expect(frame.getByText(/^\d+\.\d\d$/).first()).toBeVisible();
  const isolated = await frame.evaluate(() => crossOriginIsolated);
  expect(problems).toEqual([]);
  return { isolated, frame };
}

/**
 * A round where the browser refuses storage and locks, as in frames of other sites: it runs in
 * memory and says so.
 */
async function judge(frame: Page | Frame): Promise<void> {
  await frame.getByRole("link", { name: "Judge" }).click();
  await expect(frame.getByText(/does not let the page store anything/)).toBeVisible();
  await frame.getByRole("button", { name: "Begin with the sample images" }).click();
  await frame.getByRole("button", { name: "Prefer the left image" }).click();
  await expect(frame.locator("judge-round .far")).toContainText("Pair 2 of");
}

/** Opens the page again after the host has been stopped. */
async function again(page: Page, url: string): Promise<void> {
  await page.waitForFunction(async () => (await navigator.serviceWorker.ready).active?.state === "activated");
  await page.reload();
  await expect(page.getByText(/^\d+\.\d\d$/).first()).toBeVisible();
  await page.context().setOffline(true);
  await page.goto(url);
  await expect(page.getByText(/^\d+\.\d\d$/).first()).toBeVisible();
  await page.goto(`${url}privacy.html`);
  await expect(page.getByRole("heading", { name: "Privacy" })).toBeVisible();
  await page.context().setOffline(false);
}

for (const host of HOSTS) {
  test(host.name, async ({ page }) => {
    expect(await refusals(host, DIST)).toEqual([]);
    const server = await HostServer.start(host, DIST);
    const { isolated, frame } = await visit(page, server.url, host.framed);
    // In a frame, the parent would have to be isolated too.
    expect(isolated).toBe(host.isolated);
    if (host.framed) await judge(frame);
    else await again(page, server.url);
    await server.stop();
  });
}

test("nginx", async ({ page }) => {
  const server = await Nginx.start(DIST, 4197);
  const { isolated } = await visit(page, server.url, false);
  expect(isolated).toBe(true);
  await again(page, server.url);
  await server.stop();
});
