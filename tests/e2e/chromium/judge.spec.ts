/** Judge: rounds from start to results, and the records they store. */

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { golden, native } from "../fixtures.ts";
import { violations } from "./axe.ts";
import { answered, beginRound, expectWhole, given, layOut, onScreen, pairShown, PICTURES, png, press, stored } from "./judging.ts";
import { modelInUse, numberOf, openPage } from "./page.ts";
import { expect, test } from "./setup.ts";

const round = { hash: "#/judge", model: null };

test("buttons, keys and images give answers; every answer is stored as given", async ({ page, server }) => {
  const problems = await openPage(page, server, round);
  await beginRound(page);
  await expect(page.locator("judge-round .far")).toContainText("Pair 1 of 5");
  await page.getByRole("button", { name: "Prefer the left image" }).click();
  await expect(page.locator("judge-round .far")).toContainText("Pair 2 of 5");
  await pairShown(page);
  await page.getByRole("button", { name: "Tie" }).click();
  await expect(page.locator("judge-round .far")).toContainText("Pair 3 of 5");
  await press(page, "ArrowRight", "s", "ArrowDown");
  await expect(page.getByRole("heading", { name: "Your results" })).toBeFocused();
  const { records, places } = await stored(page);
  expect(records.map(({ label }) => label)).toEqual(["left", "tie", "right", null, "tie"]);
  expect(records.map(({ has_label }) => has_label)).toEqual([true, true, true, false, true]);
  expect(new Set(records.map(({ uid }) => uid)).size).toBe(5);
  for (const record of records) {
    expect(record).toMatchObject({ prompt: "a fox in the snow", mode: "winner-stays", control: null, retest_of: null, scores_visible: false, scorer: null });
    expect(record.seconds).toBeGreaterThan(0);
    expect(record.app_version).toMatch(/^\d+\.\d+\.\d+$/);
  }
  // The winner stays, and every image was shown.
  expect([records[1]?.left.image_uid, records[1]?.right.image_uid]).toContain(records[0]?.left.image_uid);
  expect(new Set(records.flatMap(({ left, right }) => [left.image_uid, right.image_uid])).size).toBe(PICTURES.length);
  expect(new Set(records.map(({ session_uid }) => session_uid)).size).toBe(1);
  expect(places).toMatchObject([{ finished: true, revision: 5 }]);
  expectWhole(await stored(page));
  expect(problems).toEqual([]);
});

test("a round continues after a reload, and every answer can be undone", async ({ page, server }) => {
  await openPage(page, server, round);
  await beginRound(page, { mode: "All pairs" });
  await press(page, "ArrowLeft", "ArrowRight", "ArrowDown");
  const before = await onScreen(page);
  await page.reload();
  await pairShown(page);
  await expect(page.locator("judge-round .far")).toContainText("Pair 4 of 15");
  expect(await onScreen(page)).toEqual(before);
  await press(page, "u", "u");
  expect((await stored(page)).records.map(({ label }) => label)).toEqual(["left"]);
  await page.reload();
  await pairShown(page);
  await press(page, "u");
  expect((await stored(page)).records).toEqual([]);
  await expect(page.locator("judge-round .far")).toContainText("Pair 1 of 15");
  await expect(page.getByRole("button", { name: "Undo" })).toBeDisabled();
  await press(page, "ArrowRight");
  expect((await stored(page)).records.map(({ label }) => label)).toEqual(["right"]);
  expectWhole(await stored(page));
});

test("every pair is shown once", async ({ page, server }) => {
  await openPage(page, server, round);
  await beginRound(page, { mode: "All pairs", files: PICTURES.slice(0, 4).map((file) => given(file)) });
  await press(page, ...Array.from({ length: 6 }, (_, index) => (index % 2 ? "ArrowLeft" : "ArrowRight")));
  await expect(page.getByRole("heading", { name: "Your results" })).toBeVisible();
  const pairs = (await stored(page)).records.map(({ left, right }) => [left.image_uid, right.image_uid].sort().join());
  expect(new Set(pairs).size).toBe(6);
});

test("names stay hidden, also from screen readers, until an image is replaced", async ({ page, server }) => {
  await openPage(page, server, round);
  await layOut(page, PICTURES.map((file, index) => given(file, `secret${index}_${file}`)), "a fox");
  await page.getByLabel("Read it from").selectOption("name");
  await expect(page.locator("grouping-view li")).toHaveCount(PICTURES.length);
  await page.getByRole("button", { name: /^Begin: / }).click();
  await pairShown(page);
  const spoken = page.locator("pick-toasts [role=status]").first();
  await expect(spoken).toHaveText("Pair 1 of 5. Two images for: a fox");
  expect(await page.locator("judge-round").innerHTML()).not.toContain("secret");
  await press(page, "ArrowLeft");
  await expect(spoken).toHaveText("Left chosen. Pair 2 of 5");
  const { records } = await stored(page);
  // The replaced image's model is named, the remaining one's is not.
  await expect(page.locator("judge-round footer")).toContainText(records[0]?.right.model as string);
  await expect(page.locator("judge-round")).not.toContainText(records[0]?.left.model as string);
  expect(records[0]?.left.model).toMatch(/^secret\d$/);
});

test("records say whether names and scores were shown", async ({ page, server }) => {
  const { prompts, images } = golden();
  await openPage(page, server, { hash: "#/judge" });
  await expect(modelInUse(page)).toHaveText(/narrow/);
  const files = [images[0], images[4]].map((name) => given(name as string, `model-${name}`));
  await layOut(page, files, prompts[0] as string);
  await page.getByRole("checkbox", { name: /^Show models and scores/ }).check();
  await page.getByRole("button", { name: /^Begin: / }).click();
  await pairShown(page);
  const scores = page.locator("judge-round figcaption .figures");
  await expect(scores).toHaveCount(2);
  const seen = (await scores.allTextContents()).map(numberOf);
  await press(page, "ArrowLeft");
  await expect(page.getByRole("heading", { name: "Your results" })).toBeVisible();
  const [record] = (await stored(page)).records;
  expect(record).toMatchObject({ scores_visible: true, scorer: { name: "narrow", version: "f32" } });
  const expected = [0, 4].map((index) => native("f32")[0]?.[index] as number).sort();
  const written = [record?.left.score as number, record?.right.score as number];
  expect(written.map((score) => score.toFixed(2))).toEqual(seen.map((score) => score.toFixed(2)));
  for (const [index, score] of [...written].sort().entries()) expect(score).toBeCloseTo(expected[index] as number, 2);
});

test("judging never waits for scores: an earlier choice gets them later", async ({ page, server }) => {
  const { prompts, images } = golden();
  await openPage(page, server, round);
  await beginRound(page, { prompt: prompts[0] as string, files: [images[0], images[4]].map((name) => given(name as string)) });
  await press(page, "ArrowLeft");
  await expect(page.getByText("have no scores yet")).toBeVisible();
  expect((await stored(page)).records[0]?.scorer).toBeNull();
  // The same browser, now with a model.
  await openPage(page, server, { hash: "#/judge" });
  await expect(page.getByText("You and narrow")).toBeVisible();
  const [record] = (await stored(page)).records;
  expect(record).toMatchObject({ scores_visible: false, scorer: { name: "narrow", version: "f32" } });
  const expected = [0, 4].map((index) => native("f32")[0]?.[index] as number).sort();
  const written = [record?.left.score as number, record?.right.score as number].sort();
  for (const [index, score] of written.entries()) expect(score).toBeCloseTo(expected[index] as number, 2);
});

test("metadata in files is read: prompts separate the sets, models group the images", async ({ page, server }) => {
  await openPage(page, server, round);
  const say = (prompt: string, model: string, seed: number) => ({ parameters: `${prompt}\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: ${seed}, Size: 32x32, Model hash: abcdef1234, Model: ${model}` });
  const files = [
    ["a red cube", "alpha", 11],
    ["a red cube", "beta", 12],
    ["a blue ball", "alpha", 13],
    ["a blue ball", "beta", 14],
    ["a lonely tree", "alpha", 15],
  ].map(([prompt, model, seed], index) => ({ name: `${index}.png`, mimeType: "image/png", buffer: png([40 * index, 90, 200 - 30 * index], say(prompt as string, model as string, seed as number)) }));
  await layOut(page, files, "");
  await expect(page.getByLabel("Read it from")).toHaveValue("written");
  await expect(page.locator("grouping-view li")).toHaveText([/alpha\s*3/, /beta\s*2/]);
  await expect(page.getByText("1 image is the only one for its prompt and is left out.")).toBeVisible();
  await page.getByRole("button", { name: "Begin: 2 pairs" }).click();
  await press(page, "ArrowLeft", "ArrowLeft");
  const { records } = await stored(page);
  expect(records.map(({ prompt }) => prompt)).toEqual(["a red cube", "a blue ball"]);
  for (const { left, right } of records) expect([left.model, right.model].sort()).toEqual(["alpha", "beta"]);
  // Undo works across prompts, and from the results.
  await page.getByRole("button", { name: "Undo the last choice" }).click();
  await press(page, "u");
  await expect(page.locator("judge-round h1")).toHaveText("a red cube");
});

test("the rule for models is shown, changed, and its errors explained", async ({ page, server }) => {
  await openPage(page, server, round);
  await layOut(page, PICTURES.map((file, index) => given(file, `run-${index}-model${index % 2}.${file.split(".").pop()}`)), "a fox");
  await expect(page.getByLabel("Read it from")).toHaveValue("none");
  await page.getByLabel("Read it from").selectOption("own");
  await expect(page.getByLabel("Pattern", { exact: true })).toHaveValue("*-{model}");
  await page.getByLabel("Pattern", { exact: true }).fill("run-{model}-*");
  await expect(page.locator("grouping-view li")).toHaveCount(6);
  await page.getByLabel("Pattern", { exact: true }).fill("run-*-{model}");
  await expect(page.locator("grouping-view li")).toHaveText([/model0\s*3/, /model1\s*3/]);
  await page.getByLabel("Pattern", { exact: true }).fill("run-*");
  await expect(page.getByText("The pattern has neither {model} nor {prompt}.")).toBeVisible();
  await expect(page.getByRole("button", { name: /^Begin/ })).toBeDisabled();
  await page.getByLabel("Pattern", { exact: true }).fill("{model}/{model}");
  await expect(page.getByText("twice")).toBeVisible();
  await page.getByLabel("Pattern", { exact: true }).fill("{seed}");
  await expect(page.getByText("may be in braces")).toBeVisible();
});

test("unreadable files are left out by name, and duplicates are added once", async ({ page, server }) => {
  await openPage(page, server, round);
  const broken = { name: "broken.png", mimeType: "image/png", buffer: Buffer.from("no picture") };
  const text = { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("hello") };
  await layOut(page, [...PICTURES.slice(0, 3).map((file) => given(file)), given(PICTURES[0] as string, "again.jpg"), broken, text], "a fox");
  await expect(page.getByText("1 image was already there.")).toBeVisible();
  await expect(page.getByText("broken.png: it is damaged")).toBeVisible();
  await expect(page.getByText("notes.txt: it is not an image.")).toBeVisible();
  await page.waitForTimeout(500);
  await page.reload();
  // The images and the prompt are still there.
  await expect(page.getByLabel("Prompts", { exact: true })).toHaveValue("a fox");
  await expect(page.locator("judge-setup .pictures").getByText(/^\s*3 images/)).toBeVisible();
  await page.getByRole("button", { name: "Remove all" }).click();
  await expect(page.getByText("Or drop images")).toBeVisible();
  expect((await stored(page)).files).toEqual([]);
});

test("control pairs are mixed with other pairs and marked in their records", async ({ page, server }) => {
  await openPage(page, server, round);
  await layOut(page, PICTURES.map((file) => given(file)), "a fox");
  await page.getByRole("radio", { name: "All pairs" }).check();
  await page.getByRole("checkbox", { name: /^Add control pairs/ }).check();
  await page.getByRole("button", { name: /^Begin: / }).click();
  for (let pair = 0; pair < 40 && (await page.locator("judge-summary").count()) === 0; pair++) await press(page, "ArrowLeft");
  const { records } = await stored(page);
  expect(records.filter(({ control }) => control === null)).toHaveLength(15);
  expectWhole(await stored(page));
});

test("a retest shows sides in random order and reports self-agreement", async ({ page, server }) => {
  await openPage(page, server, round);
  await beginRound(page, { files: PICTURES.slice(0, 4).map((file) => given(file)) });
  await press(page, "ArrowLeft", "ArrowLeft", "ArrowLeft");
  const first = (await stored(page)).records;
  await page.getByRole("button", { name: "Judge 3 again" }).click();
  await expect(page.locator("judge-round .far")).toContainText("Pair 1 of 3");
  await press(page, "ArrowLeft", "ArrowLeft", "ArrowLeft");
  await expect(page.getByRole("heading", { name: "You and yourself" })).toBeVisible();
  const again = (await stored(page)).records.filter(({ mode }) => mode === "retest");
  expect(again.map(({ retest_of }) => retest_of).sort()).toEqual(first.map(({ uid }) => uid).sort());
  let agreeing = 0;
  for (const record of again) {
    const before = first.find(({ uid }) => uid === record.retest_of);
    expect([record.left.image_uid, record.right.image_uid].sort()).toEqual([before?.left.image_uid, before?.right.image_uid].sort());
    if (record.left.image_uid === before?.left.image_uid) agreeing += 1;
  }
  await expect(page.getByText(`You judged ${agreeing} of 3 repeated pairs the same way.`)).toBeVisible();
});

test("the summary ranks images and models in an accessible table", async ({ page, server }) => {
  await openPage(page, server, round);
  await layOut(page, PICTURES.slice(0, 4).map((file, index) => given(file, `m${index % 2}_${file}`)), "a fox");
  await page.getByLabel("Read it from").selectOption("name");
  await page.getByRole("radio", { name: "All pairs" }).check();
  await page.getByRole("button", { name: /^Begin: / }).click();
  // A ranking without contradictions.
  for (let pair = 0; pair < 6; pair++) {
    const [left, right] = await onScreen(page);
    await press(page, (left as string) < (right as string) ? "ArrowLeft" : "ArrowRight");
  }
  const rows = page.locator("ranking-view tbody tr");
  await expect(rows).toHaveCount(4);
  await expect(rows.locator("td").filter({ hasText: "·" })).toHaveText(["3 · 0 · 0", "2 · 0 · 1", "1 · 0 · 2", "0 · 0 · 3"]);
  await expect(rows.locator("svg circle")).toHaveCount(4);
  const places = await rows.locator("svg circle").evaluateAll((circles) => circles.map((circle) => Number.parseFloat(circle.getAttribute("cx") ?? "")));
  expect(places).toEqual([...places].sort((a, b) => b - a));
  await page.getByRole("button", { name: "Models" }).click();
  await expect(rows).toHaveCount(2);
  await expect(rows.getByRole("rowheader")).toHaveText([/m[01]/, /m[01]/]);
});

test("a round can be judged with the keyboard", async ({ page, server }) => {
  await openPage(page, server, round);
  await layOut(page, PICTURES.slice(0, 4).map((file) => given(file)), "a fox");
  await page.getByRole("button", { name: /^Begin: / }).focus();
  await page.keyboard.press("Enter");
  await pairShown(page);
  await expect(page.locator("judge-round h1")).toBeFocused();
  await page.keyboard.press("Tab");
  await expect(page.getByRole("button", { name: "Prefer the left image" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect.poll(() => answered(page)).toBe(1);
  // Single-letter keys can be turned off, for people who use speech input.
  await page.getByRole("checkbox", { name: "Enable the S and U keys" }).uncheck();
  await page.keyboard.press("s");
  await page.keyboard.press("u");
  await page.waitForTimeout(300);
  expect(await answered(page)).toBe(1);
  await page.getByRole("checkbox", { name: "Enable the S and U keys" }).check();
  await press(page, "s");
  expect((await stored(page)).records.map(({ label }) => label)).toEqual(["left", null]);
});

test("a Hebrew prompt is written from right to left", async ({ page, server }) => {
  await openPage(page, server, round);
  await beginRound(page, { prompt: "שועל בשלג" });
  await expect(page.locator("judge-round h1")).toHaveCSS("direction", "rtl");
  const [left, right] = await page.locator("judge-round figure").evaluateAll((figures) => figures.map((figure) => figure.getBoundingClientRect().x));
  expect(left).toBeLessThan(right as number);
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 320, height: 640 }, hasTouch: true });

  test("images are stacked, can be tapped, and nothing scrolls horizontally", async ({ page, server }) => {
    await openPage(page, server, round);
    await beginRound(page, { files: PICTURES.slice(0, 3).map((file) => given(file)) });
    const boxes = await page.locator("judge-round .picture").evaluateAll((all) => all.map((one) => one.getBoundingClientRect().toJSON()));
    expect(boxes[1].top).toBeGreaterThanOrEqual(boxes[0].bottom);
    const sideways = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(await sideways()).toBeLessThanOrEqual(0);
    await page.getByRole("button", { name: "Prefer the lower image" }).tap();
    await expect.poll(() => answered(page)).toBe(1);
    await pairShown(page);
    await page.getByRole("button", { name: "Upper", exact: true }).tap();
    await expect(page.locator("ranking-view")).toBeVisible();
    expect(await sideways()).toBeLessThanOrEqual(0);
    expect((await stored(page)).records.map(({ label }) => label)).toEqual(["right", "left"]);
  });
});

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(`the theme ${colorScheme}`, () => {
    test.use({ colorScheme, contextOptions: { reducedMotion: "reduce" } });

    test("axe finds no violations in the setup, the round and the results", async ({ page, server }) => {
      await openPage(page, server, round);
      await layOut(page, PICTURES.map((file, index) => given(file, `m${index % 2}_${file}`)), "a fox");
      await page.getByLabel("Read it from").selectOption("name");
      await page.getByRole("button", { name: "Use your own image generator" }).click();
      await page.getByLabel("Address").fill("https://generator.example");
      await expect(page.getByRole("button", { name: "Allow https://generator.example" })).toBeVisible();
      expect(await violations(page)).toEqual([]);
      await page.getByRole("checkbox", { name: /^Show models and scores/ }).check();
      await page.getByRole("button", { name: /^Begin: / }).click();
      await press(page, "ArrowLeft");
      expect(await violations(page)).toEqual([]);
      await page.getByRole("button", { name: "End the round" }).click();
      await expect(page.locator("ranking-view")).toBeVisible();
      expect(await violations(page)).toEqual([]);
    });
  });
}

test.describe("the visitor's own generator", () => {
  let generator: Server;
  let address: string;
  let requests: { path: string; body: any; authorization: string | undefined }[];
  let fail: { status: number; body: string } | undefined;

  test.beforeEach(async () => {
    requests = [];
    fail = undefined;
    let made = 0;
    generator = createServer((request, response) => {
      const cors = { "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "*", "Cross-Origin-Resource-Policy": "cross-origin" };
      if (request.method === "OPTIONS") {
        response.writeHead(204, cors).end();
        return;
      }
      const parts: Buffer[] = [];
      request.on("data", (part) => parts.push(part));
      request.on("end", () => {
        const text = Buffer.concat(parts).toString();
        const body = text ? JSON.parse(text) : undefined;
        requests.push({ path: request.url ?? "", body, authorization: request.headers.authorization });
        const answer = (json: unknown, status = 200) => response.writeHead(status, { ...cors, "Content-Type": "application/json" }).end(JSON.stringify(json));
        if (fail) return response.writeHead(fail.status, cors).end(fail.body);
        if (request.url === "/sdapi/v1/sd-models") return answer([{ model_name: "dream", title: "dream.safetensors [abc]" }]);
        if (request.url === "/v1/models") return answer({ data: [{ id: "painter" }] });
        const image = png([50 * ++made, 10, 100]).toString("base64");
        if (request.url === "/sdapi/v1/txt2img") return answer({ images: [image], info: JSON.stringify({ seed: 100 + made, sd_model_name: "dream" }) });
        if (body?.response_format) return answer({ error: { message: "Unknown parameter: 'response_format'." } }, 400);
        return answer({ data: [{ b64_json: image }] });
      });
    });
    await new Promise<void>((resolve) => generator.listen(0, "127.0.0.1", resolve));
    address = `http://127.0.0.1:${(generator.address() as AddressInfo).port}`;
  });

  test.afterEach(async () => {
    await new Promise((resolve) => generator.close(resolve));
  });

  test("Automatic1111: contacted only once allowed; its images record their origin", async ({ page, server }) => {
    await openPage(page, server, round);
    await page.getByRole("button", { name: "Use your own image generator" }).click();
    await page.getByLabel("Prompts", { exact: true }).fill("a fox");
    await page.getByLabel("Address").fill(address);
    expect(await page.evaluate((address) => fetch(`${address}/sdapi/v1/sd-models`).then(() => "answered", () => "refused"), address)).toBe("refused");
    expect(requests).toEqual([]);
    await page.getByRole("button", { name: `Allow ${address}` }).click();
    await page.getByRole("button", { name: "Use your own image generator" }).click();
    await expect(page.getByLabel("Address")).toHaveValue(address);
    await page.getByLabel("Prompts", { exact: true }).fill("a fox");
    await page.getByLabel("Number of images").fill("2");
    await page.getByLabel("Model", { exact: true }).fill("dream");
    await page.getByRole("button", { name: "Generate 2" }).click();
    await expect(page.locator("judge-setup .pictures").getByText("2 images")).toBeVisible();
    expect(requests.filter(({ path }) => path === "/sdapi/v1/txt2img").map(({ body }) => body.prompt)).toEqual(["a fox", "a fox"]);
    await expect(page.locator("grouping-view li")).toHaveText([/dream\s*2/]);
    await page.getByRole("button", { name: "Begin: 1 pair" }).click();
    await press(page, "ArrowLeft");
    const [record] = (await stored(page)).records;
    expect(record).toMatchObject({ prompt: "a fox", left: { model: "dream" }, right: { model: "dream" } });
  });

  test("OpenAI's API: the key is not stored, and refusals are reported", async ({ page, server }) => {
    await page.addInitScript((origin) => localStorage.setItem("pickscore.settings", JSON.stringify({ hosts: [origin] })), address);
    await openPage(page, server, round);
    await page.getByRole("button", { name: "Use your own image generator" }).click();
    await page.getByLabel("Interface").selectOption("openai");
    await page.getByLabel("Address").fill(`${address}/v1`);
    await page.getByLabel("API key, if needed").fill("sk-secret");
    await page.getByLabel("Prompts", { exact: true }).fill("a fox");
    await page.getByLabel("Number of images").fill("2");
    await page.getByLabel("Model", { exact: true }).fill("painter");
    await page.getByRole("button", { name: "Generate 2" }).click();
    await expect(page.locator("judge-setup .pictures").getByText("2 images")).toBeVisible();
    const made = requests.filter(({ path }) => path === "/v1/images/generations");
    // The first request is refused for a parameter that this server does not know, and repeated
    // without it.
    expect(made.map(({ body }) => body.response_format)).toEqual(["b64_json", undefined, "b64_json", undefined]);
    expect(made.every(({ authorization }) => authorization === "Bearer sk-secret")).toBe(true);
    expect(await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }))).not.toContain("sk-secret");
    fail = { status: 429, body: JSON.stringify({ error: { message: "Too many requests" } }) };
    await page.getByRole("button", { name: "Generate 2" }).click();
    await expect(page.getByText("The generator refused the request (429: Too many requests).")).toBeVisible();
    fail = { status: 200, body: JSON.stringify({ data: [{ url: "https://elsewhere.example/1.png" }] }) };
    await page.getByRole("button", { name: "Generate 2" }).click();
    await expect(page.getByText("returned a link instead of an image")).toBeVisible();
    fail = { status: 200, body: "<html>" };
    await page.getByRole("button", { name: "Generate 2" }).click();
    await expect(page.getByText("cannot be used: the answer is not JSON.")).toBeVisible();
  });
});

test("the samples can be judged with one click", async ({ page, server }) => {
  await openPage(page, server, { ...round, samples: true });
  const started = Date.now();
  await page.getByRole("button", { name: "Begin with the sample images" }).click();
  await pairShown(page);
  test.info().annotations.push({ type: "milliseconds to the first pair", description: String(Date.now() - started) });
  await press(page, "ArrowLeft");
  expect((await stored(page)).records).toHaveLength(1);
});

test("the images on Score can be judged", async ({ page, server }) => {
  await openPage(page, server, { model: null });
  await page.getByLabel("Prompt", { exact: true }).fill("a fox");
  await page.getByLabel("Add images").setInputFiles(PICTURES.slice(0, 3).map((file) => given(file)));
  await page.getByRole("link", { name: "Judge" }).click();
  await page.getByRole("button", { name: "Use the 3 images from Score" }).click();
  await expect(page.getByLabel("Prompts", { exact: true })).toHaveValue("a fox");
  // So few images are compared with each other.
  await page.getByRole("button", { name: "Begin: 3 pairs" }).click();
  await press(page, "ArrowLeft", "ArrowRight", "ArrowLeft");
  expect((await stored(page)).records).toHaveLength(3);
});
