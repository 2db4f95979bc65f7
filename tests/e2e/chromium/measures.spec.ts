/**
 * Loading speed and layout stability as Lighthouse measures them: printed, and checked where a
 * bound does not depend on the machine.
 */

import { openPage, scored } from "./page.ts";
import { expect, test } from "./setup.ts";

test("the first visit", async ({ page, server }) => {
  await page.addInitScript(() => {
    const seen = { paint: 0, largest: 0, shift: 0, long: [] as number[] };
    Object.assign(window, { seen });
    const watch = (type: string, see: (entry: PerformanceEntry) => void) =>
      new PerformanceObserver((list) => list.getEntries().forEach(see)).observe({ type, buffered: true });
    watch("paint", (entry) => (seen.paint = Math.max(seen.paint, entry.startTime)));
    watch("largest-contentful-paint", (entry) => (seen.largest = entry.startTime));
    watch("layout-shift", (entry) => (seen.shift += (entry as PerformanceEntry & { value: number }).value));
    watch("longtask", (entry) => seen.long.push(entry.duration));
  });
  await openPage(page, server, { samples: true });
  await page.getByLabel("Prompt", { exact: true }).waitFor();
  const usable = await page.evaluate(() => performance.now());
  await scored(page, 12);
  const firstScores = await page.evaluate(() => performance.now());
  const { seen, bytes } = await page.evaluate(() => {
    const own = performance.getEntriesByType("resource").filter(({ name }) => /\/assets\/|pickscore\.js/.test(name)) as PerformanceResourceTiming[];
    return { seen: (window as unknown as { seen: { paint: number; largest: number; shift: number; long: number[] } }).seen, bytes: own.reduce((sum, { decodedBodySize }) => sum + decodedBodySize, 0) };
  });
  const blocking = seen.long.reduce((sum, duration) => sum + Math.max(0, duration - 50), 0);
  console.log(
    `first paint ${seen.paint.toFixed(0)} ms, largest ${seen.largest.toFixed(0)} ms, usable ${usable.toFixed(0)} ms, samples scored ${firstScores.toFixed(0)} ms, ` +
      `blocked ${blocking.toFixed(0)} ms, layout shift ${seen.shift.toFixed(3)}, ${(bytes / 1000).toFixed(0)} KB of code and style`,
  );
  expect(seen.shift).toBeLessThan(0.1);
});
