/** A browser that tests kill. */

import { spawn, type ChildProcess } from "node:child_process";
import { type Browser, chromium, type Page } from "@playwright/test";
import { chromiumArguments, chromiumPath, environment, PORT } from "../browsers.ts";

/**
 * A Chromium in its own process group, so that killing the group ends all of it at once, like a
 * power failure.
 */
export class Mortal {
  private constructor(
    readonly child: ChildProcess,
    readonly browser: Browser,
    readonly page: Page,
  ) {}

  /** Starts it with this profile and opens a screen of the page, without a model. */
  static async start(folder: string, hash: string): Promise<Mortal> {
    const child = spawn(chromiumPath(), [...chromiumArguments(), `--user-data-dir=${folder}`, "--remote-debugging-port=0", "about:blank"], { env: environment(), detached: true, stdio: ["ignore", "ignore", "pipe"] });
    const address = await new Promise<string>((resolve, reject) => {
      let said = "";
      child.stderr?.on("data", (part: Buffer) => {
        said += part.toString();
        const found = /DevTools listening on (ws:\S+)/.exec(said);
        if (found) resolve(found[1] as string);
      });
      child.once("exit", () => reject(new Error(`the browser ended: ${said.slice(-500)}`)));
    });
    const browser = await chromium.connectOverCDP(address);
    const context = browser.contexts()[0];
    if (!context) throw new Error("the browser has no context");
    const page = await context.newPage();
    await page.route("**/config.json", (route) => route.fulfill({ json: { demonstration: null, samples: null } }));
    // A service worker would answer in the place of this route.
    await page.addInitScript(() => {
      ServiceWorkerContainer.prototype.register = () => Promise.reject(new Error("not in this test"));
    });
    await page.goto(`http://127.0.0.1:${PORT}/${hash}`);
    return new Mortal(child, browser, page);
  }

  async kill(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    // Only the group that this test started.
    process.kill(-(this.child.pid as number), "SIGKILL");
    await ended;
    await this.browser.close().catch(() => undefined);
  }
}
