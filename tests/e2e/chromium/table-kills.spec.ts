/** The browser is killed at random moments while images, prompts and the selection change. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Page } from "@playwright/test";
import { png } from "./judging.ts";
import { Mortal } from "./mortal.ts";
import { dropFromDisk, onDisk } from "./real-files.ts";
import { expect, test } from "./setup.ts";

/** Number of times the browser is killed; `PICKSCORE_KILLS` sets another. */
const KILLS = Number(process.env["PICKSCORE_KILLS"] ?? 4);
/** All images have to be in the window to be read from it. */
const MOST = 60;

interface Table {
  images: string[];
  selected: string[];
  prompt: string;
}

/** What the page shows. */
async function shown(page: Page): Promise<Table> {
  const tiles = await page.locator("picture-sheet .tile").evaluateAll((all) => all.map((tile) => ({ name: tile.querySelector(".name")?.getAttribute("title") ?? "", selected: tile.classList.contains("selected") })));
  const prompt = await page.getByLabel("Prompt", { exact: true }).inputValue();
  return { images: tiles.map(({ name }) => name).sort(), selected: tiles.filter(({ selected }) => selected).map(({ name }) => name).sort(), prompt };
}

/** Waits until the page says that this many images are kept, and everything is stored. */
async function acknowledged(page: Page, images: number): Promise<void> {
  await page.waitForFunction((images) => {
    const find = (root: ParentNode, path: string[]): Element | null => path.reduce<Element | null>((at, name) => ((at ? (at.shadowRoot ?? at) : root) as ParentNode).querySelector(name), null);
    const words = find(document, ["pickscore-app", "score-screen", "table-keeping", ".words"]);
    const counts = [...(words?.textContent ?? "").matchAll(/(\d+) images? (?:stay|is copied|are copied)/g)].map(([, count]) => Number(count));
    return words?.getAttribute("data-state") === "kept" && counts.reduce((sum, count) => sum + count, 0) === images;
  }, images);
}

const image = (number: number) => ({ name: `copy-${number}.png`, mimeType: "image/png", buffer: png([(number * 53) % 256, (number * 97) % 256, (number * 31) % 256], { number: String(number) }) });

test(`the browser is killed ${KILLS} times at random moments, and nothing of the table is lost`, async () => {
  test.setTimeout(60_000 + KILLS * 30_000);
  const profile = mkdtempSync(join(tmpdir(), "pickscore-table-killed-"));
  const disk = onDisk("renders", Array.from({ length: MOST / 2 }, (_, number) => ({ path: `${number}.png`, buffer: image(1000 + number).buffer })));
  let [acknowledgements, landed, copied, dropped] = [0, 0, 0, 0];
  let alive: Mortal | undefined;
  try {
    const start = async () => {
      const mortal = await Mortal.start(profile, "");
      alive = mortal;
      await mortal.page.setViewportSize({ width: 2000, height: 3000 });
      await mortal.page.getByLabel("Prompt", { exact: true }).waitFor();
      return mortal;
    };
    let mortal = await start();
    let known: Table = { images: [], selected: [], prompt: "" };
    for (let kill = 0; kill < KILLS; kill++) {
      const { page } = mortal;
      let running = true;
      /** What the table is once the step that was begun is stored. */
      let next: Table = known;
      const act = async (): Promise<void> => {
        while (running) {
          const chance = Math.random();
          if (known.images.length < 2 || (chance < 0.3 && known.images.length < MOST - 3)) {
            const isDrop = Math.random() < 0.5 && dropped < MOST / 2;
            const count = 1 + Math.floor(Math.random() * 3);
            const added = isDrop ? Array.from({ length: Math.min(count, MOST / 2 - dropped) }, () => `${dropped++}.png`) : Array.from({ length: count }, () => `copy-${copied++}.png`);
            next = { ...known, images: [...known.images, ...added].sort() };
            if (isDrop) await dropFromDisk(page, added.map((name) => join(disk, name)));
            else await page.getByLabel("Add images").setInputFiles(added.map((name) => image(Number(/\d+/.exec(name)))));
          } else if (chance < 0.75) {
            const name = known.images[Math.floor(Math.random() * known.images.length)] as string;
            const selected = known.selected.includes(name) ? known.selected.filter((other) => other !== name) : [...known.selected, name].sort();
            next = { ...known, selected };
            await page.getByRole("checkbox", { name: `Select ${name}`, exact: true }).click();
          } else {
            next = { ...known, prompt: `prompt ${Math.floor(Math.random() * 1e6)}` };
            await page.getByLabel("Prompt", { exact: true }).fill(next.prompt);
            await page.getByLabel("Prompt", { exact: true }).blur();
          }
          await acknowledged(page, next.images.length);
          known = next;
          acknowledgements += 1;
        }
      };
      const acting = act().catch((error: Error) => {
        // The browser was killed under it.
        if (running) throw error;
      });
      await Promise.race([acting, new Promise((resolve) => setTimeout(resolve, 300 + Math.random() * 2500))]);
      running = false;
      await mortal.kill();
      await acting.catch(() => undefined);
      mortal = await start();
      if (known.images.length > 0) await expect(mortal.page.locator("picture-sheet .tile").first()).toBeVisible();
      const found = await shown(mortal.page);
      // Everything that the page said was stored is there; of the step that it was killed in, all,
      // some or nothing.
      for (const name of known.images) expect(found.images).toContain(name);
      for (const name of found.images) expect(next.images).toContain(name);
      expect([known.prompt, next.prompt]).toContain(found.prompt);
      expect([JSON.stringify(known.selected), JSON.stringify(next.selected)]).toContain(JSON.stringify(found.selected));
      if (JSON.stringify(found) !== JSON.stringify(known)) landed += 1;
      known = found;
      if (found.images.length > 0) await acknowledged(mortal.page, found.images.length);
    }
    // Every copy can still be shown.
    const copies = known.images.filter((name) => name.startsWith("copy-"));
    for (const name of copies.slice(0, 5)) {
      await mortal.page.getByRole("button", { name: new RegExp(`^${name.replace(".", "\\.")},`) }).click();
      await expect.poll(() => mortal.page.getByRole("dialog").getByRole("img").evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(32);
      await mortal.page.keyboard.press("Escape");
    }
    console.log(`${KILLS} kills, ${acknowledgements} changes that the page said were stored, 0 lost; ${known.images.length} images; ${landed} times a change was stored that the page had not yet said was stored`);
  } finally {
    await alive?.kill().catch(() => undefined);
    rmSync(profile, { recursive: true, force: true });
    rmSync(dirname(disk), { recursive: true, force: true });
  }
});
