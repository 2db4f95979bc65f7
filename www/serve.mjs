// Serves a folder on this machine, like a static host:
// `node serve.mjs FOLDER [--port N] [--cors] [--plain]`. Sends the headers that let the page use
// all cores; `--plain` leaves them out. `--cors` lets pages of other origins read the files, as
// model hosts do.

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize, resolve, sep } from "node:path";

const TYPES = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".jpg": "image/jpeg",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".ts": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
  ".webp": "image/webp",
};

const root = resolve(process.argv[2] ?? "dist");
const port = Number(process.argv[process.argv.indexOf("--port") + 1] || 8080);

const isolated = process.argv.includes("--plain")
  ? {}
  : {
      "Cross-Origin-Opener-Policy": "same-origin",
      "Cross-Origin-Embedder-Policy": "require-corp",
      "Cross-Origin-Resource-Policy": "same-origin",
    };
const shared = process.argv.includes("--cors") ? { "Access-Control-Allow-Origin": "*" } : {};

const server = createServer(async (request, response) => {
  if (request.method !== "GET" && request.method !== "HEAD") return end(response, 405);
  let path;
  try {
    path = normalize(decodeURIComponent(new URL(request.url, "http://localhost").pathname));
  } catch {
    return end(response, 400);
  }
  let file = join(root, path);
  if (file !== root && !file.startsWith(root + sep)) return end(response, 404);
  let found = await stat(file).catch(() => null);
  if (found?.isDirectory()) {
    file = join(file, "index.html");
    found = await stat(file).catch(() => null);
  }
  if (!found?.isFile()) return end(response, 404);
  const headers = {
    "Content-Type": TYPES[extname(file)] ?? "application/octet-stream",
    "Cache-Control": /\.[0-9a-f]{10}\.\w+$/.test(file) ? "public, max-age=31536000, immutable" : "no-cache",
    "Last-Modified": found.mtime.toUTCString(),
    "Accept-Ranges": "bytes",
    "X-Content-Type-Options": "nosniff",
    ...isolated,
    ...shared,
  };
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  const start = range ? Number(range[1]) : 0;
  const last = Math.min(range?.[2] ? Number(range[2]) : Infinity, found.size - 1);
  if (range && start > last) return end(response, 416, { "Content-Range": `bytes */${found.size}` });
  if (range) headers["Content-Range"] = `bytes ${start}-${last}/${found.size}`;
  headers["Content-Length"] = found.size === 0 ? 0 : last - start + 1;
  response.writeHead(range ? 206 : 200, headers);
  if (request.method === "HEAD" || found.size === 0) return response.end();
  const stream = createReadStream(file, { start, end: last });
  stream.on("error", () => response.destroy());
  response.on("close", () => stream.destroy());
  stream.pipe(response);
});

function end(response, status, headers = {}) {
  response.writeHead(status, { "Content-Type": "text/plain", ...shared, ...headers }).end();
}

server.on("error", (error) => {
  const taken = error.code === "EADDRINUSE" ? `port ${port} is in use; choose another with --port` : error.message;
  console.error(`The server does not start: ${taken}`);
  process.exit(1);
});
server.listen(port, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/`));
