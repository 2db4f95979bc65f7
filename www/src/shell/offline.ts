/** Keeps the page for use without a network, by a service worker, and says when a newer one waits. */

import type { Message } from "../../service-worker/worker";
import { session } from "../engine/session";
import { shellText } from "../text/shell";
import { toast } from "./toasts";

/** Registers the service worker. Where there is none (a private window, a development server), the page works as before. */
export async function keepOffline(): Promise<void> {
  if (!("serviceWorker" in navigator) || !isSecureContext) return;
  try {
    const registration = await navigator.serviceWorker.register("./sw.js", { updateViaCache: "none" });
    if (registration.waiting && navigator.serviceWorker.controller) offer(registration.waiting);
    registration.addEventListener("updatefound", () => {
      const { installing } = registration;
      installing?.addEventListener("statechange", () => {
        // The first one replaces nothing.
        if (installing.state === "installed" && navigator.serviceWorker.controller) offer(installing);
      });
    });
    const { active } = await navigator.serviceWorker.ready;
    keepEngine(active);
    session.subscribe(() => keepEngine(active));
  } catch {
    // Not offered here.
  }
}

let told = "";

/** The engine that runs was fetched before the first service worker was there: it keeps it by name. */
function keepEngine(active: ServiceWorker | null): void {
  const { info } = session.value;
  if (!info) return;
  const engine = info.device === "webgpu" ? "gpu" : info.threads > 1 ? "cpu-threads" : "cpu";
  if (engine === told) return;
  told = engine;
  active?.postMessage({ type: "keep", engine } satisfies Message);
}

/** A newer page takes over when the visitor says so: pictures on the table would be lost. */
function offer(waiting: ServiceWorker): void {
  const run = () => {
    navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
    waiting.postMessage({ type: "take-over" } satisfies Message);
  };
  toast({ text: shellText.updateReady, stays: true, action: { label: shellText.reload, run } });
}
