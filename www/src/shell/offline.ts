/**
 * Stores the page for offline use with a service worker, and offers to reload when a new version is
 * ready.
 */

import type { Message } from "../../service-worker/worker";
import { session } from "../engine/session";
import { shellText } from "../text/shell";
import { toast } from "./toasts";

/**
 * Registers the service worker. Without one (private window, development server) the page works as
 * usual.
 */
export async function keepOffline(): Promise<void> {
  if (!("serviceWorker" in navigator) || !isSecureContext) return;
  try {
    const registration = await navigator.serviceWorker.register("./sw.js", { updateViaCache: "none" });
    if (registration.waiting && navigator.serviceWorker.controller) offer(registration.waiting);
    registration.addEventListener("updatefound", () => {
      const { installing } = registration;
      installing?.addEventListener("statechange", () => {
        // The first service worker replaces nothing.
        if (installing.state === "installed" && navigator.serviceWorker.controller) offer(installing);
      });
    });
    const { active } = await navigator.serviceWorker.ready;
    keepEngine(active);
    session.subscribe(() => keepEngine(active));
  } catch {
    // Service workers are not available here.
  }
}

let told = "";

/**
 * The running engine was fetched before the first service worker started, so it is stored by name.
 */
function keepEngine(active: ServiceWorker | null): void {
  const { info } = session.value;
  if (!info) return;
  const engine = info.device === "webgpu" ? "gpu" : info.threads > 1 ? "cpu-threads" : "cpu";
  if (engine === told) return;
  told = engine;
  active?.postMessage({ type: "keep", engine } satisfies Message);
}

/** A new version takes over only on request, because a reload loses the images on Score. */
function offer(waiting: ServiceWorker): void {
  const run = () => {
    navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
    waiting.postMessage({ type: "take-over" } satisfies Message);
  };
  toast({ text: shellText.updateReady, stays: true, action: { label: shellText.reload, run } });
}
