/** Name of the built worker, which contains a content hash. Defined by the build. */
declare const WORKER_FILE: string;

/**
 * Starts a worker, through a blob URL if necessary: to load the worker from another origin, such as
 * a CDN, or to make it inherit a content security policy from the page's `meta` tag. A worker that
 * is not started from a blob URL has the policy of its own HTTP headers.
 */
export function startWorker(): Worker {
  const address = new URL(WORKER_FILE, import.meta.url);
  const inherits = document.querySelector('meta[http-equiv="Content-Security-Policy" i]') !== null;
  if (address.origin === location.origin && !inherits) {
    return new Worker(new URL(WORKER_FILE, import.meta.url), { type: "module" });
  }
  const script = new Blob([`import ${JSON.stringify(address.href)};`], { type: "text/javascript" });
  const local = URL.createObjectURL(script);
  const worker = new Worker(local, { type: "module" });
  // Some browsers have not read the script when the constructor returns.
  worker.addEventListener("message", () => URL.revokeObjectURL(local), { once: true });
  return worker;
}
