// A fresh Chromium with one page and a temporary profile.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { chromium } from "playwright-core";
import { browserProcess, peaks } from "./memory.mjs";

/**
 * Enables WebGPU without a GPU and turns off background services. A Chromium on lavapipe is
 * launched the same way, because its driver is selected under SwiftShader's name.
 */
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
/** GPU timestamps in nanoseconds instead of tenths of a millisecond. */
const PRECISE = "--enable-webgpu-developer-features";

export class Browser {
  /** `adapter` is `swiftshader`, `lavapipe` or `gpu` (the machine's GPU). */
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

  /**
   * Peak memory so far. The kernel's peak for a process can decrease slightly, so the maximum is
   * kept.
   */
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
