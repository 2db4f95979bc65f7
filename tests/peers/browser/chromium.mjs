// A fresh Chromium with one page, in a profile of its own that goes with it.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { chromium } from "playwright-core";
import { browserProcess, peaks } from "./memory.mjs";

/** WebGPU without a GPU, and no chatter with anybody. A Chromium on lavapipe is launched alike: its driver goes by SwiftShader's name. */
const ARGUMENTS = [
  "--headless=new",
  "--no-sandbox",
  "--disable-dev-shm-usage",
  "--enable-unsafe-webgpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const SOFTWARE = "--use-webgpu-adapter=swiftshader";
/** Timestamps of the GPU to the nanosecond instead of to a tenth of a millisecond. */
const PRECISE = "--enable-webgpu-developer-features";

export class Browser {
  /** `adapter` is `swiftshader`, `lavapipe` or `gpu`, the machine's own. */
  static async start({ adapter, executable, precise = false }) {
    const profile = mkdtempSync(join(tmpdir(), "pickscore-bench-"));
    process.on("exit", () => remove(profile));
    const args = [...ARGUMENTS, ...(adapter === "gpu" ? [] : [SOFTWARE]), ...(precise ? [PRECISE] : [])];
    const env = { ...process.env, LVP_SO: join(dirname(executable), "libvulkan_lvp.so") };
    const context = await chromium.launchPersistentContext(profile, { executablePath: executable, args, env, handleSIGINT: false, handleSIGTERM: false });
    const browser = new Browser();
    Object.assign(browser, { profile, context, root: browserProcess(profile), version: context.browser()?.version() ?? "" });
    browser.page = context.pages()[0] ?? (await context.newPage());
    browser.page.setDefaultTimeout(0);
    browser.page.on("pageerror", (error) => console.error(`  page: ${error.message}`));
    browser.page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") console.error(`  ${message.text().slice(0, 400)}`);
    });
    return browser;
  }

  /** Opens a page and waits for its `bench`. */
  async open(url) {
    await this.page.goto(url);
    await this.page.waitForFunction(() => globalThis.bench !== undefined);
  }

  /** Calls a function of the page's `bench`. */
  call(name, ...values) {
    return this.page.evaluate(([name, values]) => globalThis.bench[name](...values), [name, values]);
  }

  /** Peak memory so far. The system's own count of a process may fall a little again. */
  peaks() {
    const now = peaks(this.root);
    for (const [name, megabytes] of Object.entries(now)) now[name] = Math.max(megabytes, this.highest?.[name] ?? 0);
    this.highest = now;
    return { ...now };
  }

  async close() {
    await this.context.close();
    remove(this.profile);
  }
}

function remove(profile) {
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
}
