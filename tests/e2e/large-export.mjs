// A large export in a real browser: 10,000 pairs with 1 GB of images are exported from the
// browser's storage to a zip in that storage and imported again. Checks that the images do not
// accumulate in memory. This takes minutes. `cargo xtask large-export` runs it; the last result is
// in tests/e2e/large-export.json.
//
//   node large-export.mjs [PAIRS] [BYTES PER IMAGE]

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { chromium } from "playwright-core";

const [pairs, bytes] = [Number(process.argv[2] ?? 10_000), Number(process.argv[3] ?? 100_000)];
const here = import.meta.dirname;
/** Maximum growth of the page's process in MB during an export or import. */
const BOUND = 250;
/** Milliseconds between memory samples. */
const OFTEN = 200;

/** Resident MB of the largest renderer. */
function resident(profile) {
  let most = 0;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      if (!command.includes("--type=renderer") || !ours(pid, profile)) continue;
      const kilobytes = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
      most = Math.max(most, kilobytes / 1024);
    } catch {
      // The process ended meanwhile.
    }
  }
  return Math.round(most);
}

/** Whether a process belongs to this profile's browser: one of its ancestors names the profile. */
function ours(pid, profile) {
  for (let at = pid; at !== "0" && at !== "1"; ) {
    if (readFileSync(`/proc/${at}/cmdline`, "utf8").includes(profile)) return true;
    at = /^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${at}/status`, "utf8"))?.[1] ?? "1";
  }
  return false;
}

const server = spawn("node", [resolve(here, "../../www/serve.mjs"), process.env.PICKSCORE_SITE ?? resolve(here, "../../dist"), "--port", "0"], {
  stdio: ["ignore", "pipe", "inherit"],
});
const [line] = await once(server.stdout, "data");
const profile = mkdtempSync(join(tmpdir(), "pickscore-export-"));
const args = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage"];
const executablePath = process.env.PICKSCORE_CHROMIUM ?? "/usr/bin/chromium";
const context = await chromium.launchPersistentContext(profile, { executablePath, args, env: process.env });
const page = await context.newPage();
page.setDefaultTimeout(0);
page.on("console", (message) => console.log(`  ${message.text()}`));

/** Runs something in the page. Returns its result, its seconds, and the peak of memory. */
async function watched(name, work, argument) {
  const before = resident(profile);
  let peak = before;
  const timer = setInterval(() => (peak = Math.max(peak, resident(profile))), OFTEN);
  const start = performance.now();
  const value = await page.evaluate(work, argument);
  clearInterval(timer);
  const result = { seconds: Math.round((performance.now() - start) / 100) / 10, megabytesBefore: before, megabytesPeak: peak };
  console.log(`${name}: ${JSON.stringify(result)}`);
  return { value, result };
}

await page.goto(String(line).trim());
const stored = await watched(
  "storing",
  async ({ pairs, bytes }) => {
    const library = await import(new URL("lib/records.js", document.baseURI).href);
    await library.ready();
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle("images", { create: true });
    const uids = [];
    const image = new Uint8Array(bytes);
    for (let number = 0; number < pairs; number += 1) {
      // Noise, because it does not compress.
      for (let at = 0; at < bytes; at += 65_536) crypto.getRandomValues(image.subarray(at, Math.min(at + 65_536, bytes)));
      const uid = library.imageUid(image);
      const file = await folder.getFileHandle(uid, { create: true });
      const stream = await file.createWritable();
      await stream.write(image);
      await stream.close();
      uids.push(uid);
    }
    const shown = (image_uid) => ({ image_uid, model: null, score: null });
    const made = uids.map((uid, at) => ({
      record_version: 1, uid: `r${at}`, prompt: `prompt ${at % 500}`, left: shown(uid), right: shown(uids[(at + 1) % uids.length]), has_label: true,
      label: ["left", "tie", "right"][at % 3], created_at: 1795683300000 + at, session_uid: "s", rater_uid: "r", mode: "winner-stays", control: null,
      retest_of: null, seconds: 2, scores_visible: false, scorer: null, app_version: "0.1.0",
    }));
    const records = made.map((record) => library.checkRecord(record));
    Object.assign(globalThis, { library, folder, root, records });
  },
  { pairs, bytes },
);
const results = {};
for (const format of ["parquet", "jsonl"]) {
  const exported = await watched(
    `export, ${format}`,
    async (format) => {
      const { library, folder, root, records } = globalThis;
      const file = await root.getFileHandle(`${format}.zip`, { create: true });
      let told = 0;
      const { records: count, bytes, leftOut } = await library.exportContribution({
        records,
        images: async (uid) => (await folder.getFileHandle(uid)).getFile(),
        format,
        target: { zip: await file.createWritable() },
        card: { title: "Large", license: "cc0-1.0", consent: { text: "A test.", version: "1" } },
        appVersion: "0.1.0",
        now: 1795783300000,
        onProgress: ({ stage, loaded, total }) => {
          if (performance.now() < told + 15_000) return;
          told = performance.now();
          console.log(`${stage} ${loaded} of ${total}`);
        },
      });
      return { count, bytes, leftOut: leftOut.length, size: (await file.getFile()).size };
    },
    format,
  );
  const imported = await watched(
    `import, ${format}`,
    async (format) => {
      const { library, root, records } = globalThis;
      const file = await (await root.getFileHandle(`${format}.zip`)).getFile();
      let [at, same] = [0, true];
      const { refusedCount } = await library.importContribution([file], {
        now: 1795783300000,
        onRecord: (record) => {
          same &&= JSON.stringify(record) === JSON.stringify(records[at]);
          at += 1;
        },
      });
      await root.removeEntry(`${format}.zip`);
      return { at, same, refusedCount };
    },
    format,
  );
  const { count, bytes: written, size, leftOut } = exported.value;
  const sound = count === pairs && size === written && leftOut === 0 && imported.value.at === pairs && imported.value.same && imported.value.refusedCount === 0;
  results[format] = { zipBytes: written, export: exported.result, import: imported.result, sound };
}
const chromiumVersion = context.browser()?.version() ?? "";
await context.close();
server.kill();
rmSync(profile, { recursive: true, force: true });
const date = new Date().toISOString().slice(0, 10);
const report = { date, chromium: chromiumVersion, pairs, imageBytes: pairs * bytes, boundMegabytes: BOUND, storing: stored.result, ...results };
writeFileSync(join(here, "large-export.json"), `${JSON.stringify(report, null, 1)}\n`);
const failed = Object.entries(results).flatMap(([format, { sound, ...parts }]) => {
  const large = Object.entries(parts).filter(([, part]) => part.megabytesPeak - part.megabytesBefore > BOUND);
  return [...(sound ? [] : [`${format} did not come back the same`]), ...large.map(([name]) => `${format}: ${name} took more than ${BOUND} MB`)];
});
if (failed.length > 0) {
  console.error(failed.join("; "));
  process.exitCode = 1;
}
