/** The JavaScript examples of the READMEs, run as they are written. */

import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Page } from "@playwright/test";
import { models } from "../fixtures.ts";
import type { ModelServer } from "../model-server.ts";
import { expect, openBlank, test } from "./setup.ts";

const root = resolve(import.meta.dirname, "../../..");
const image = join(root, "tests/parity/fixtures/pixels/files/photo-95.jpg");
/** The addresses that the examples load, without the name of a file, and what is served instead. */
const HUB = { "https://huggingface.co/yuvalkirstain/PickScore_v1/": "narrow", "https://huggingface.co/openai/clip-vit-large-patch14/": "wide", "https://huggingface.co/xswu/HPSv2/": "scorers" };

/** The blocks of a README in JavaScript, without a bundler's configuration. */
function examples(readme: string): string[] {
  const text = readFileSync(join(root, readme), "utf8");
  const blocks = [...text.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code as string);
  return blocks.filter((code) => !code.includes("export default"));
}

/** An example as a module of the page that exports its variables. */
function asModule(code: string, names: string[]): string {
  const served = code.replace(/from "(?:pickscore|\.\/lib\/(\w+)\.js)"/g, (_, name?: string) => `from "/lib/${name ?? "pickscore"}.js"`);
  return `${served}\nexport { ${names.join(", ")} };`;
}

/** Opens a document with the inputs of the examples, for which the Hub is the test's server. */
async function openExample(page: Page, server: ModelServer): Promise<void> {
  for (const [address, folder] of Object.entries(HUB)) {
    await page.context().route(`${address}**`, async (route) => {
      const file = new URL(route.request().url()).pathname.split("/").pop() as string;
      await route.fulfill({ response: await route.fetch({ url: `${server.url}${folder}/${file}` }) });
    });
  }
  await openBlank(page);
  await page.evaluate(() => {
    for (const name of ["file", "head"]) {
      const input = Object.assign(document.createElement("input"), { type: "file", multiple: true, id: name });
      document.body.append(input);
      Object.assign(window, { [`${name}Input`]: input });
    }
  });
  await page.locator("#file").setInputFiles([image, image]);
  await page.locator("#head").setInputFiles(join(models(), "head.pth"));
}

/** Runs an example and returns one of its variables. */
async function run<T>(page: Page, code: string, name: string): Promise<T> {
  const source = asModule(code, [name]).replaceAll('"/lib/', `"${new URL("lib/", page.url()).href}`);
  return page.evaluate(
    async ({ source, name }) => {
      const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
      return ((await import(address)) as Record<string, unknown>)[name] as never;
    },
    { source, name },
  );
}

for (const readme of ["README.md", "web/engine/README.md"]) {
  test(`the example of ${readme} scores files`, async ({ page, server }) => {
    const [code] = examples(readme);
    expect(code, "the README has no example").toBeDefined();
    await openExample(page, server);
    // Both variables of the example, as one.
    const both = `${code}\nconst found = { scores: [...scores], probabilities: [...probabilities] };`;
    const { scores, probabilities } = await run<{ scores: number[]; probabilities: number[] }>(page, both, "found");
    expect(scores).toHaveLength(2);
    expect(scores.every(Number.isFinite)).toBe(true);
    for (const probability of probabilities) expect(probability).toBeCloseTo(0.5, 6);
  });
}

test("the example of web/engine/README.md compares three scorers", async ({ page, server }) => {
  const code = examples("web/engine/README.md").find((code) => code.includes("columns")) as string;
  await openExample(page, server);
  const columns = await run<Record<string, number[]>>(page, code, "columns");
  expect(Object.keys(columns)).toEqual(["pickscore", "hps-v2.1", "aesthetic-v1"]);
  for (const [one, other] of Object.values(columns)) {
    expect(Number.isFinite(one)).toBe(true);
    expect(other).toBe(one);
  }
});

test("the example of web/records/README.md judges a pair", async ({ page }) => {
  const [code] = examples("web/records/README.md");
  expect(code, "the README has no example").toBeDefined();
  await openBlank(page);
  const pair = await page.evaluate(async (source) => {
    const uids = ["a", "b", "c"].map((digit) => digit.repeat(64));
    Object.assign(window, { uids, record: { uid: crypto.randomUUID() } });
    const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    const { round } = (await import(address)) as { round: { pair: { number: number } } };
    return round.pair;
  }, asModule(code as string, ["round"]).replaceAll('"/lib/', `"${new URL("lib/", page.url()).href}`));
  // The choice was undone: the first pair is shown again.
  expect(pair.number).toBe(0);
});
