import config from "/work/wt-page/tests/e2e/playwright.config.ts";
export default { ...config, testDir: "/work/wt-page/tests/e2e/chromium", outputDir: "/tmp/pw-results", timeout: 90_000, expect: { timeout: 30_000 }, webServer: { command: "node /work/wt-page/www/serve.mjs /work/wt-page/dist --port 4199 --plain", url: "http://127.0.0.1:4199/", reuseExistingServer: true } };
