/**
 * Static hosts as their documentation describes them: paths, headers and limits. The page has to
 * work on each.
 */

import { createReadStream, readFileSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize, resolve, sep } from "node:path";
import { createGzip } from "node:zlib";

export interface Host {
  name: string;
  /** The site's path on its origin. */
  base: string;
  /** Maximum file size in bytes. */
  largest: number;
  /** Maximum size of a site in bytes. */
  site: number;
  /** Maximum number of files. */
  files: number;
  /** Sent with every file. */
  headers: Record<string, string>;
  /** Whether the host applies the site's `_headers` file, and does not serve it. */
  obeys: boolean;
  /** Whether `/privacy.html` is redirected to `/privacy`. */
  shortens: boolean;
  /** Whether the page is shown in a frame of another site. */
  framed: boolean;
  /** Whether the page can use all cores. */
  isolated: boolean;
}

const MIB = 1 << 20;
const plain = { base: "/", largest: Infinity, site: Infinity, files: Infinity, headers: {}, obeys: false, shortens: false, framed: false, isolated: false };

export const HOSTS: Host[] = [
  // A project's site is in a folder; the headers are GitHub's own.
  {
    ...plain,
    name: "GitHub Pages",
    base: "/pickscore/",
    largest: 100 * MIB,
    site: 1024 * MIB,
    headers: { "Cache-Control": "max-age=600", "Access-Control-Allow-Origin": "*" },
  },
  { ...plain, name: "Cloudflare Pages", largest: 25 * MIB, files: 20_000, obeys: true, shortens: true, isolated: true },
  { ...plain, name: "Netlify", obeys: true, isolated: true, headers: { "Cache-Control": "public,max-age=0,must-revalidate" } },
  // A static Space is a site of its own that the Hub shows in a frame; it sends `custom_headers`
  // from its README.md.
  {
    ...plain,
    name: "Hugging Face Spaces",
    framed: true,
    headers: { "Cross-Origin-Embedder-Policy": "require-corp", "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "cross-origin" },
  },
];

const TYPES: Record<string, string> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "application/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
};

/** A rule of a `_headers` file: a path, in which `*` matches anything, and its headers. */
interface Rule {
  path: RegExp;
  headers: [string, string][];
}

/** Reads the site's `_headers` as Cloudflare Pages and Netlify do. */
function rules(folder: string): Rule[] {
  const found: Rule[] = [];
  for (const line of readFileSync(join(folder, "_headers"), "utf8").split("\n")) {
    if (/^\s*(#|$)/.test(line)) continue;
    if (/^\S/.test(line)) {
      const path = line.trim().split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&")).join(".*");
      found.push({ path: new RegExp(`^${path}$`), headers: [] });
      continue;
    }
    const [, name, value] = /^\s+([\w-]+):\s*(.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new Error(`_headers has a line that no host understands: ${line}`);
    found.at(-1)?.headers.push([name, value]);
  }
  return found;
}

/** What a host would refuse in a folder, as sentences. */
export async function refusals(host: Host, folder: string): Promise<string[]> {
  const entries = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const sizes = await Promise.all(entries.map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size));
  const found = entries.flatMap((entry, index) => (Number(sizes[index]) > host.largest ? [`${entry.name} has ${sizes[index]} bytes`] : []));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total > host.site) found.push(`the site has ${total} bytes`);
  if (entries.length > host.files) found.push(`the site has ${entries.length} files`);
  return found;
}

/** Serves a folder as a host would. */
export class HostServer {
  private constructor(
    private readonly server: Server,
    /** The page's address. */
    readonly url: string,
  ) {}

  static async start(host: Host, dist: string): Promise<HostServer> {
    const folder = resolve(dist);
    const obeyed = host.obeys ? rules(folder) : [];
    const server = createServer((request, response) => void answer(host, folder, obeyed, request, response));
    // The parent of a frame is another site, here localhost instead of 127.0.0.1.
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const { port } = server.address() as AddressInfo;
    const path = host.framed ? "/the-hub" : host.base;
    return new HostServer(server, `http://${host.framed ? "localhost" : "127.0.0.1"}:${port}${path}`);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }
}

async function answer(host: Host, folder: string, obeyed: Rule[], request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? "/", "http://host");
  const fail = (status: number, headers = {}) => {
    response.writeHead(status, { "Content-Type": "text/html; charset=utf-8", ...headers }).end(`<h1>${status}</h1>`);
  };
  if (host.framed && pathname === "/the-hub") {
    const frame = `<iframe title="Space" src="http://127.0.0.1:${request.socket.localPort}/" allow="clipboard-read; clipboard-write" style="width: 100%; height: 90vh"></iframe>`;
    response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" }).end(`<!doctype html><title>The hub</title><link rel="icon" href="data:," />${frame}`);
    return;
  }
  if (!pathname.startsWith(host.base)) return fail(404);
  let path = decodeURIComponent(pathname.slice(host.base.length));
  if (host.obeys && path === "_headers") return fail(404);
  if (host.shortens && path.endsWith(".html")) {
    const short = path.replace(/(^|\/)index\.html$/, "$1").replace(/\.html$/, "");
    return fail(308, { Location: host.base + short });
  }
  if (path === "" || path.endsWith("/")) path += "index.html";
  let file = join(folder, normalize(path));
  if (!file.startsWith(folder + sep)) return fail(404);
  if (host.shortens && extname(file) === "") file += ".html";
  const found = await stat(file).catch(() => null);
  if (!found?.isFile()) return fail(404);
  const headers: Record<string, string> = { "Content-Type": TYPES[extname(file)] ?? "application/octet-stream", "X-Content-Type-Options": "nosniff", ...host.headers };
  for (const rule of obeyed) if (rule.path.test(pathname)) for (const [name, value] of rule.headers) headers[name] = value;
  // All of them compress text and wasm, and then send no length.
  if (/javascript|css|html|json|svg|wasm/.test(headers["Content-Type"] as string)) {
    response.writeHead(200, { ...headers, "Content-Encoding": "gzip", Vary: "Accept-Encoding" });
    createReadStream(file).pipe(createGzip({ level: 1 })).pipe(response);
  } else {
    response.writeHead(200, { ...headers, "Content-Length": found.size });
    createReadStream(file).pipe(response);
  }
}
