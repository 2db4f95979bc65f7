/** The model that comes with the page, compared with the native engine. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@playwright/test";
import { golden, imageFiles, models } from "../fixtures.ts";
import { emptyStorage, scoreAll, type ScoreOutcome } from "../in-page.ts";
import { openBlank } from "./setup.ts";

const expected = JSON.parse(readFileSync(join(models(), "tiny-q8.json"), "utf8")) as { prompts: string[]; scores: number[][]; identity: string };

for (const device of ["cpu", "webgpu"] as const) {
  test(`the demonstration model on ${device}`, async ({ page }) => {
    // SwiftShader compiles and runs every shader on the CPU.
    test.setTimeout(600_000);
    await openBlank(page);
    await page.evaluate(emptyStorage);
    const outcome: ScoreOutcome = await page.evaluate(scoreAll, {
      load: { model: new URL("models/pickscore-tiny", page.url()).href, device, precision: "q8" as const },
      prompts: expected.prompts,
      images: imageFiles(golden().images),
    });
    expect(outcome.info).toMatchObject({ device, precision: "q8", model: "pickscore-tiny", cached: true });
    // The command names the same scorer, so a taste moves between both.
    expect(outcome.info.identity.slice(0, 8)).toBe(expected.identity);
    const differences = expected.scores.flatMap((row, prompt) =>
      row.map((score, image) => Math.abs((outcome.scores[prompt]?.[image] ?? Number.NaN) - score)),
    );
    const largest = Math.max(...differences);
    const { load, first } = outcome.milliseconds;
    console.log(
      `${device}: ${largest.toFixed(5)} from the native engine; load ${load.toFixed(0)} ms, first score ${first.toFixed(0)} ms after the engine is ready`,
    );
    expect(largest).toBeLessThanOrEqual(0.01);
  });
}
