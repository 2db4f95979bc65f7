/**
 * The page and the library in Chromium on SwiftShader's WebGPU, which is slow but the same
 * everywhere.
 */

import { defineConfig } from "@playwright/test";
import { chromiumArguments, chromiumPath, environment, PORT } from "./browsers.ts";

/** Tests of the packages, which do not use the page. */
const LIBRARY = ["decoding", "loading", "package", "parity", "readme", "records", "scorers", "scoring", "taste", "tiny"].map((name) => `**/${name}.spec.ts`);

export default defineConfig({
  testDir: "chromium",
  // `cargo xtask test` includes the library's tests; the page's take longer and run with
  // `cargo xtask e2e`.
  projects: [
    { name: "library", testMatch: LIBRARY },
    { name: "page", testIgnore: LIBRARY },
  ],
  outputDir: "results",
  // One GPU process is emulated on all cores, so parallel tests would only wait for each other.
  workers: 1,
  timeout: 180_000,
  expect: { timeout: 60_000 },
  reporter: [["list"]],
  forbidOnly: true,
  use: {
    baseURL: `http://127.0.0.1:${PORT}/`,
    launchOptions: { executablePath: chromiumPath(), args: chromiumArguments(), env: environment() },
    trace: "off",
    // A service worker would serve files stored by earlier tests. The service worker's own tests
    // allow it.
    serviceWorkers: "block",
  },
  webServer: {
    command: `node ../../www/serve.mjs ../../dist --port ${PORT}`,
    url: `http://127.0.0.1:${PORT}/`,
    reuseExistingServer: false,
  },
});
