/** The npm package as others use it: its examples, with Vite and without a bundler. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "./setup.ts";

const root = resolve(import.meta.dirname, "../../..");
const examples = join(root, "web/engine/examples");
let folder: string;
const servers: ChildProcess[] = [];

/** Like most hosts, without the headers that let a page use all cores. */
async function serve(site: string): Promise<string> {
  const server = spawn("node", [join(root, "www/serve.mjs"), site, "--port", "0", "--plain"], { stdio: ["ignore", "pipe", "inherit"] });
  servers.push(server);
  const [line] = (await once(server.stdout as NonNullable<typeof server.stdout>, "data")) as [Buffer];
  return String(line).trim();
}

test.beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pickscore-package-"));
  const quiet: { stdio: "pipe" } = { stdio: "pipe" };
  execFileSync("npm", ["pack", "--pack-destination", folder], { ...quiet, cwd: join(root, "web/engine") });
  execFileSync("tar", ["-xzf", join(folder, "pickscore-0.1.0.tgz"), "-C", folder], quiet);

  cpSync(join(examples, "plain"), join(folder, "plain"), { recursive: true });
  cpSync(join(folder, "package/dist"), join(folder, "plain/dist"), { recursive: true });

  cpSync(join(examples, "vite"), join(folder, "vite"), { recursive: true });
  mkdirSync(join(folder, "vite/node_modules"));
  // As npm would install it.
  symlinkSync(join(folder, "package"), join(folder, "vite/node_modules/pickscore"));
  execFileSync("node", [join(root, "node_modules/vite/bin/vite.js"), "build", join(folder, "vite"), "--logLevel", "warn"], quiet);
});

test.afterAll(() => {
  for (const server of servers) server.kill();
  rmSync(folder, { recursive: true, force: true });
});

for (const site of ["plain", "vite/dist"]) {
  test(`the example ${site.split("/")[0]} scores a file`, async ({ page, server }) => {
    // On the CPU, which is fast here, as in a browser without WebGPU.
    await page.addInitScript(() => Object.defineProperty(Navigator.prototype, "gpu", { get: () => undefined }));
    await page.goto(await serve(join(folder, site)));
    await page.getByLabel("Model").fill(`${server.url}narrow`);
    await page.getByLabel("Images").setInputFiles(join(root, "tests/parity/fixtures/pixels/files/photo-95.jpg"));
    await expect(page.locator("body")).toContainText(/-?\d+\.\d\d photo-95\.jpg|photo-95\.jpg: -?\d+\.\d\d/);
  });
}

test("the types are self-contained and strict", async () => {
  const use = join(folder, "vite/main.ts");
  const options = ["--noEmit", "--strict", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler", "--lib", "esnext,dom,dom.iterable"];
  execFileSync("node", [join(root, "node_modules/typescript/bin/tsc"), ...options, use], { stdio: "inherit" });
});
