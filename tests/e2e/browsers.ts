/** The browsers that the tests run, and their arguments. */

/** Port of the built site; two checkouts on one machine need two ports. */
export const PORT = Number(process.env["PICKSCORE_E2E_PORT"] ?? 4199);

/** `PICKSCORE_CHROMIUM` names another Chromium, for example one on lavapipe. */
export function chromiumPath(): string {
  return process.env["PICKSCORE_CHROMIUM"] ?? "/usr/bin/chromium";
}

export function firefoxPath(): string {
  return process.env["PICKSCORE_FIREFOX"] ?? "/usr/bin/firefox-esr";
}

/** WebGPU without a GPU, and no background services. */
export function chromiumArguments(): string[] {
  return [
    "--headless=new",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--enable-unsafe-webgpu",
    "--use-webgpu-adapter=swiftshader",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ];
}

/** The environment variables for browsers. */
export function environment(): Record<string, string> {
  return Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
