/** The name of the built worker, which carries its contents' hash. The build puts it in. */
declare const WORKER_FILE: string;

/**
 * A worker of another origin (a library on a CDN) has to be started from a script of this one. So has one that is to obey a content security policy
 * in the page's `meta` tag: workers inherit it from the page through such a script only, else they have the policy of their file's headers.
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
  // Not before it has been read, which the specification promises and not every browser keeps.
  worker.addEventListener("message", () => URL.revokeObjectURL(local), { once: true });
  return worker;
}
