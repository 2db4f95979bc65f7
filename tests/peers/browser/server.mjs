// The server of everything that a measured browser loads. Each browser uses a different path, so
// that the server knows what each one downloads.

import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize, sep } from "node:path";

const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".mjs": "text/javascript", ".json": "application/json", ".wasm": "application/wasm" };

/** Headers that let a page share memory between threads. */
const ISOLATED = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
};

export class Server {
  #server;
  #folders;
  /** Browsers by path. */
  #guests = new Map();

  /** `folders` maps names to served folders, for example `{ lib: "/…/dist/lib" }`. */
  static async start(folders) {
    const server = new Server();
    server.#folders = folders;
    server.#server = createServer((request, response) => {
      server.#answer(request, response).catch(() => response.destroy());
    });
    await new Promise((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  /**
   * Adds a browser and returns where it finds the folders. `isolated`: whether its page may use
   * threads. `first`: a module that its workers run before their own code. `cached`: whether it may
   * keep files, as hosts allow for names that contain a hash.
   */
  guest({ isolated = true, first = "", cached = false } = {}) {
    const name = String(this.#guests.size);
    const files = new Map();
    this.#guests.set(name, { isolated, first, cached, files });
    return { url: `http://127.0.0.1:${this.#server.address().port}/${name}/`, files };
  }

  stop() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request, response) {
    const [, name, folder, ...rest] = normalize(decodeURIComponent(new URL(request.url, "http://localhost").pathname)).split(sep);
    const guest = this.#guests.get(name);
    const root = this.#folders[folder];
    const file = root && join(root, ...rest);
    const found = file && (await stat(file).catch(() => null));
    if (!guest || !found?.isFile()) return response.writeHead(404).end();
    guest.files.set(`${folder}/${rest.join("/")}`, file);
    const headers = { "Content-Type": TYPES[extname(file)] ?? "application/octet-stream", "Cache-Control": guest.cached ? "max-age=3600" : "no-store", ...(guest.isolated ? ISOLATED : {}) };
    if (guest.first && /worker\.\w+\.js$/.test(file)) {
      const script = `import ${JSON.stringify(guest.first)};\n${await readFile(file, "utf8")}`;
      return response.writeHead(200, headers).end(script);
    }
    response.writeHead(200, { ...headers, "Content-Length": found.size });
    const stream = createReadStream(file, { highWaterMark: 1 << 20 });
    response.on("close", () => stream.destroy());
    stream.on("error", () => response.destroy()).pipe(response);
  }
}
