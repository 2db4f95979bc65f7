/**
 * The service worker: keeps the page for use without a network. It asks for nothing but the page's own files and lets every other request pass, untouched:
 * models are the library's, which keeps them itself.
 */

/** What the page says. */
export type Message =
  /** Keep this build of the engine: it is what runs here. */
  | { type: "keep"; engine: "gpu" | "cpu" | "cpu-threads" }
  /** Replace the older service worker now. */
  | { type: "take-over" };

/** Put in by `finish.mjs`: a hash of all files; what is kept at once; the engine's builds. */
declare const VERSION: string;
declare const FILES: string[];
declare const ENGINES: string[];
declare const self: ServiceWorkerGlobalScope;

const PAGE = `pickscore-page-${VERSION}`;
const ENGINE = "pickscore-engine";

const address = (file: string) => new URL(file, self.registration.scope).href;
/** Names that carry their contents' hash never change. */
const isHashed = (file: string) => /\.[0-9a-f]{10}\.\w+$/.test(file);
/** What a host may change without building anew: the network's is taken where there is one. */
const isHosts = (file: string) => /^(config\.json$|samples\/)/.test(file);

/** Other names of a page: hosts send `privacy.html` on to `privacy`, and the first page has a file of its own. */
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
  if (message.type === "keep") event.waitUntil(keepEngine(message.engine));
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

/** Keeps a file. One that the host sent on to another name is kept as if it had come under its own: a browser refuses to open a page with what was redirected. */
async function keep(cache: Cache, file: string): Promise<void> {
  const answer = await fetch(address(file), { cache: isHashed(file) ? "default" : "no-cache" });
  if (!answer.ok) throw new Error(`${file} answers ${answer.status}`);
  const { body, headers, status, statusText } = answer;
  await cache.put(address(file), answer.redirected ? new Response(body, { headers, status, statusText }) : answer);
}

/** The kept file, or the network's where the browser has let go of it. */
async function kept(request: Request, href: string): Promise<Response> {
  const cache = await caches.open(PAGE);
  return (await cache.match(href)) ?? fetch(request);
}

/** The network's file, or the kept one. */
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
  // Storage may be full: then it is fetched again the next time.
  if (answer.ok) await cache.put(request.url, answer.clone()).catch(() => undefined);
  return answer;
}

async function keepEngine(engine: string): Promise<void> {
  const file = ENGINES.find((file) => file.startsWith(`lib/engine-${engine}.`));
  if (file === undefined) return;
  const cache = await caches.open(ENGINE);
  if (!(await cache.match(address(file)))) await cache.add(address(file)).catch(() => undefined);
}
