/** The page and the library in Chromium, on SwiftShader's WebGPU: slow, and the same everywhere. */

import { defineConfig } from "@playwright/test";
import { chromiumArguments, chromiumPath, environment, PORT } from "./browsers.ts";

/** Tests of the packages, which need nothing of the page. */
const LIBRARY = ["loading", "package", "parity", "records", "scoring", "tiny"].map((name) => `**/${name}.spec.ts`);

export default defineConfig({
  testDir: "chromium",
  // The library's tests are part of `cargo xtask test`; the page's take longer and run with `cargo xtask e2e`.
  projects: [
    { name: "library", testMatch: LIBRARY },
    { name: "page", testIgnore: LIBRARY },
  ],
  outputDir: "results",
  // One GPU process is emulated on all cores: tests side by side would only wait for each other.
  workers: 1,
  timeout: 180_000,
  expect: { timeout: 60_000 },
  reporter: [["list"]],
  forbidOnly: true,
  use: {
    baseURL: `http://127.0.0.1:${PORT}/`,
    launchOptions: { executablePath: chromiumPath(), args: chromiumArguments(), env: environment() },
    trace: "off",
    // A file of an earlier test, kept, would be a file that this one does not ask for. Its own tests allow it.
    serviceWorkers: "block",
  },
  webServer: {
    command: `node ../../www/serve.mjs ../../dist --port ${PORT}`,
    url: `http://127.0.0.1:${PORT}/`,
    reuseExistingServer: false,
  },
});
