/** Which browsers the tests run, and how. */

/** Where the built site is served; two checkouts on one machine need two ports. */
export const PORT = Number(process.env["PICKSCORE_E2E_PORT"] ?? 4199);

/** A Chromium of one's own, for example one on lavapipe, is named by `PICKSCORE_CHROMIUM`. */
export function chromiumPath(): string {
  return process.env["PICKSCORE_CHROMIUM"] ?? "/usr/bin/chromium";
}

export function firefoxPath(): string {
  return process.env["PICKSCORE_FIREFOX"] ?? "/usr/bin/firefox-esr";
}

/** WebGPU without a GPU, and no chatter with anybody. */
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

/** What browsers see of the environment. */
export function environment(): Record<string, string> {
  return Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
