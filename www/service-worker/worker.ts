/**
 * The service worker: stores the page for offline use. It requests only the page's own files and
 * ignores all other requests; models are stored by the library.
 */

/** Messages from the page. */
export type Message =
  /** Store this build of the engine, the one that runs on this device. */
  | { type: "keep"; engine: "gpu" | "cpu" | "cpu-threads" }
  /** Replace the older service worker now. */
  | { type: "take-over" };

/**
 * Set by `finish.mjs`: a hash of all files, the files to store at once, and the engine's builds.
 */
declare const VERSION: string;
declare const FILES: string[];
declare const ENGINES: string[];
declare const self: ServiceWorkerGlobalScope;

const PAGE = `pickscore-page-${VERSION}`;
const ENGINE = "pickscore-engine";

const address = (file: string) => new URL(file, self.registration.scope).href;
/** A name that contains a hash of its contents never changes. */
const isHashed = (file: string) => /\.[0-9a-f]{10}\.\w+$/.test(file);
/** Files that a host may edit without a new build: fetched from the network if there is one. */
const isHosts = (file: string) => /^(config\.json$|samples\/)/.test(file);

/** Hosts also serve `privacy.html` as `privacy` and `./` as `index.html`. */
const otherName = (file: string) => (file === "./" ? "index.html" : file.endsWith(".html") ? file.slice(0, -".html".length) : file);

const files = new Map(FILES.flatMap((file) => [address(file), address(otherName(file))].map((name) => [name, file])));
const engines = new Map(ENGINES.map((file) => [address(file), file]));

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(PAGE).then((cache) => Promise.all(FILES.map((file) => keep(cache, file)))));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) {
        if (name.startsWith("pickscore-page-") && name !== PAGE) await caches.delete(name);
      }
      const engine = await caches.open(ENGINE);
      for (const request of await engine.keys()) if (!engines.has(request.url)) await engine.delete(request);
      await self.clients.claim();
    })(),
  );
});

self.addEventListener("message", (event) => {
  const message = event.data as Message;
  if (message.type === "take-over") event.waitUntil(self.skipWaiting());
  if (message.type === "keep") event.waitUntil(Promise.all([keepEngine(message.engine), keepEngine("decoder")]));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  url.search = "";
  url.hash = "";
  if (request.method !== "GET" || request.headers.has("range")) return;
  const file = files.get(url.href);
  if (file !== undefined) event.respondWith(isHosts(file) ? freshly(request, url.href) : kept(request, address(file)));
  else if (engines.has(url.href)) event.respondWith(keptEngine(request));
});

/**
 * Stores a file. A redirected response is stored as if it were direct, because browsers refuse to
 * open a page from a redirected response.
 */
async function keep(cache: Cache, file: string): Promise<void> {
  const answer = await fetch(address(file), { cache: isHashed(file) ? "default" : "no-cache" });
  if (!answer.ok) throw new Error(`${file} answers ${answer.status}`);
  const { body, headers, status, statusText } = answer;
  await cache.put(address(file), answer.redirected ? new Response(body, { headers, status, statusText }) : answer);
}

/** The stored file, or the network's if the browser has evicted it. */
async function kept(request: Request, href: string): Promise<Response> {
  const cache = await caches.open(PAGE);
  return (await cache.match(href)) ?? fetch(request);
}

/** The network's file, or else the stored one. */
async function freshly(request: Request, href: string): Promise<Response> {
  const cache = await caches.open(PAGE);
  try {
    const answer = await fetch(request);
    if (answer.ok) await cache.put(href, answer.clone()).catch(() => undefined);
    return answer;
  } catch (error) {
    const found = await cache.match(href);
    if (!found) throw error;
    return found;
  }
}

async function keptEngine(request: Request): Promise<Response> {
  const cache = await caches.open(ENGINE);
  const found = await cache.match(request.url);
  if (found) return found;
  const answer = await fetch(request);
  // If storage is full, the file is simply fetched again next time.
  if (answer.ok) await cache.put(request.url, answer.clone()).catch(() => undefined);
  return answer;
}

async function keepEngine(engine: string): Promise<void> {
  const file = ENGINES.find((file) => file.startsWith(`lib/engine-${engine}.`));
  if (file === undefined) return;
  const cache = await caches.open(ENGINE);
  if (!(await cache.match(address(file)))) await cache.add(address(file)).catch(() => undefined);
}
