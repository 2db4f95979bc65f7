/** Helpers for the tests in Chromium: a model host, empty storage, a prompt with two images. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { chromium, expect, type Page, test as base } from "@playwright/test";
import { chromiumArguments, chromiumPath, environment, PORT } from "../browsers.ts";
import { golden, imageFiles, models, native } from "../fixtures.ts";
import { attempt, type Attempt, type AttemptOutcome, emptyStorage } from "../in-page.ts";
import { ModelServer } from "../model-server.ts";

const reference = golden();
/** A photograph and a drawing; the first two fixture files show the same image. */
const CHOSEN = [0, 4];
export const PROMPT = reference.prompts[0] as string;
export const IMAGES = imageFiles(CHOSEN.map((index) => reference.images[index] as string));

interface Fixtures {
  server: ModelServer;
  /** A document next to the library without scripts of its own, with empty storage. */
  blank: Page;
  /** The same with a profile on disk: only there are quotas exact to the byte. */
  profiled: Page;
}

export const test = base.extend<Fixtures>({
  server: async ({}, use) => {
    const server = await ModelServer.start(models());
    await use(server);
    await server.stop();
  },
  blank: async ({ page }, use) => {
    await openBlank(page);
    await page.evaluate(emptyStorage);
    await use(page);
  },
  profiled: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), "pickscore-profile-"));
    const launch = { executablePath: chromiumPath(), args: chromiumArguments(), env: environment() };
    const context = await chromium.launchPersistentContext(folder, launch);
    const page = await context.newPage();
    await openBlank(page);
    await use(page);
    await context.close();
    rmSync(folder, { recursive: true, force: true });
  },
});

export { expect };

/**
 * Opens a document without scripts and without the page's policy: the site's configuration, as
 * text. It comes from the server because Chromium treats a document made by the test as public
 * internet, and does not let its workers reach addresses on this machine.
 */
export async function openBlank(page: Page): Promise<void> {
  await page.goto(`http://127.0.0.1:${PORT}/config.json`);
}

/** Reloads the document; from then on, every worker runs `hook` before its own script. */
export async function hookWorkers(page: Page, hook: string): Promise<void> {
  // Modules run in import order.
  await page.addInitScript((hook) => {
    const Original = Worker;
    window.Worker = class extends Original {
      constructor(address: string | URL, options?: WorkerOptions) {
        const script = `import "data:text/javascript,${encodeURIComponent(hook)}"; import "${address}";`;
        super(URL.createObjectURL(new Blob([script], { type: "text/javascript" })), options);
      }
    };
  }, hook);
  await page.reload();
}

/** Limits the origin's storage to this size; without a size, restores the browser's own limit. */
export async function setQuota(page: Page, quotaSize?: number): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  const origin = new URL(page.url()).origin;
  await devtools.send("Storage.overrideQuotaForOrigin", quotaSize === undefined ? { origin } : { origin, quotaSize });
}

/** Loads a model on the CPU, which is fast here, and scores. */
export async function load(page: Page, options: Attempt["load"], more: Partial<Attempt> = {}): Promise<AttemptOutcome> {
  const task: Attempt = { load: { device: "cpu", precision: "f32", ...options }, prompt: PROMPT, images: IMAGES, ...more };
  return Promise.race([page.evaluate(attempt, task), stuck(page)]);
}

/** Longest time of a load in these tests, in milliseconds. */
const LONGEST = 150_000;

/** Rejects after {@link LONGEST} with the stages that a load has reached. */
async function stuck(page: Page): Promise<never> {
  await setTimeout(LONGEST, undefined, { ref: false });
  const stages = page.evaluate(() => (globalThis as { stages?: string[] }).stages?.join(", "));
  const silent = setTimeout(5000, "unknown: the page does not answer", { ref: false });
  throw new Error(`a load takes longer than ${LONGEST / 1000} s; its stages are ${await Promise.race([stages, silent])}`);
}

/** Compares scores with the native engine's. */
export function expectScores(outcome: AttemptOutcome): void {
  expect(outcome.error).toBeUndefined();
  const expected = CHOSEN.map((index) => native("f32")[0]?.[index] as number);
  expect(outcome.scores).toHaveLength(expected.length);
  for (const [index, score] of expected.entries()) expect(outcome.scores?.[index]).toBeCloseTo(score, 2);
}
