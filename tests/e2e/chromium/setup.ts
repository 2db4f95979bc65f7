/** What the tests in Chromium share: a host of models, an empty storage, one prompt with two images. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, expect, type Page, test as base } from "@playwright/test";
import { chromiumArguments, chromiumPath, environment, PORT } from "../browsers.ts";
import { golden, imageFiles, models, native } from "../fixtures.ts";
import { attempt, type Attempt, type AttemptOutcome, emptyStorage } from "../in-page.ts";
import { ModelServer } from "../model-server.ts";

const reference = golden();
/** A photograph and a drawing: the first two of the files would be the same picture. */
const CHOSEN = [0, 4];
export const PROMPT = reference.prompts[0] as string;
export const IMAGES = imageFiles(CHOSEN.map((index) => reference.images[index] as string));

interface Fixtures {
  server: ModelServer;
  /** A document beside the library with no scripts of its own, its storage empty. */
  blank: Page;
  /** The same in a browser with a profile on disk: only there are quotas kept to the byte. */
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
 * Opens a document without scripts and without the page's policy: the site's configuration, as text. It comes from the server, since a document that a
 * test makes up counts as one of the public internet, whose workers Chromium keeps from this machine's addresses.
 */
export async function openBlank(page: Page): Promise<void> {
  await page.goto(`http://127.0.0.1:${PORT}/config.json`);
}

/** Grants the page's origin this much storage; the browser's own idea of it without a size. */
export async function setQuota(page: Page, quotaSize?: number): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  const origin = new URL(page.url()).origin;
  await devtools.send("Storage.overrideQuotaForOrigin", quotaSize === undefined ? { origin } : { origin, quotaSize });
}

/** Loads a model on the CPU, which is quick here, and scores. */
export async function load(page: Page, options: Attempt["load"], more: Partial<Attempt> = {}): Promise<AttemptOutcome> {
  const task: Attempt = { load: { device: "cpu", precision: "f32", ...options }, prompt: PROMPT, images: IMAGES, ...more };
  return page.evaluate(attempt, task);
}

/** Holds scores against the native engine's. */
export function expectScores(outcome: AttemptOutcome): void {
  expect(outcome.error).toBeUndefined();
  const expected = CHOSEN.map((index) => native("f32")[0]?.[index] as number);
  expect(outcome.scores).toHaveLength(expected.length);
  for (const [index, score] of expected.entries()) expect(outcome.scores?.[index]).toBeCloseTo(score, 2);
}
