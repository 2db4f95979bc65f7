/** A model host on another origin that misbehaves on request. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { open, stat } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

/** How a response goes wrong. */
export interface Fault {
  /** Closes the connection after this share of the file. */
  cutAt?: number;
  status?: number;
  /** Stops sending after this share of the file, with the connection open. */
  silentAt?: number;
  /** Answers a range request with the whole file. */
  ignoreRange?: boolean;
  /** Flips a bit of this byte of the file. */
  flip?: number;
  /** Maximum bytes sent per 10 ms. */
  trickle?: number;
  /** Another version of the file. */
  etag?: string;
}

export interface Request {
  path: string;
  /** First byte requested. */
  from: number;
}

const PIECE = 1 << 18;

export class ModelServer {
  readonly requests: Request[] = [];
  /** Called for each request; `count` is the number of earlier requests for that file. */
  fault: (request: Request, count: number) => Fault | undefined = () => undefined;
  readonly #replaced = new Map<string, Buffer>();
  readonly #server: Server;
  /** The folder that it serves. */
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
  }

  static async start(folder: string): Promise<ModelServer> {
    const server = new ModelServer(folder);
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  /** The server's address, with a slash at the end. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** Serves these bytes in place of a file. */
  replace(path: string, bytes: Buffer): void {
    this.#replaced.set(`/${path}`, bytes);
  }

  /** The number of requests for a file. */
  count(name: string): number {
    return this.requests.filter(({ path }) => path.endsWith(name)).length;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = decodeURIComponent(new URL(message.url ?? "/", this.url).pathname);
    const range = /^bytes=(\d+)-$/.exec(message.headers.range ?? "");
    const request = { path, from: range ? Number(range[1]) : 0 };
    const count = this.requests.filter((earlier) => earlier.path === path).length;
    this.requests.push(request);
    const fault = this.fault(request, count) ?? {};
    const headers: Record<string, string | number> = { "Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "ETag" };
    const replaced = this.#replaced.get(path);
    const found = await stat(join(this.folder, path)).catch(() => null);
    const size = replaced?.length ?? (found?.isFile() ? found.size : undefined);
    const status = fault.status ?? (size === undefined ? 404 : 200);
    if (status !== 200 || size === undefined) {
      response.writeHead(status, headers).end();
      return;
    }
    const from = fault.ignoreRange ? 0 : request.from;
    headers["Content-Type"] = "application/octet-stream";
    headers["Content-Length"] = size - from;
    headers["ETag"] = fault.etag ?? `"${size}"`;
    if (from > 0) headers["Content-Range"] = `bytes ${from}-${size - 1}/${size}`;
    response.writeHead(from > 0 ? 206 : 200, headers);
    const end = Math.floor(size * (fault.cutAt ?? fault.silentAt ?? 1));
    const file = replaced ? null : await open(join(this.folder, path));
    try {
      for (let at = from; at < end && !response.destroyed; ) {
        const piece = Buffer.alloc(Math.min(fault.trickle ?? PIECE, end - at));
        if (file) await file.read(piece, 0, piece.length, at);
        else replaced?.copy(piece, 0, at);
        if (fault.flip !== undefined && fault.flip >= at && fault.flip < at + piece.length) {
          piece[fault.flip - at] = (piece[fault.flip - at] ?? 0) ^ 0x40;
        }
        at += piece.length;
        if (!response.write(piece)) await drained(response);
        if (fault.trickle !== undefined) await new Promise((resolve) => setTimeout(resolve, 10));
      }
    } finally {
      await file?.close();
    }
    if (fault.silentAt !== undefined) return;
    if (end < size) {
      // Lets the sent data arrive before the connection breaks.
      await new Promise((resolve) => setTimeout(resolve, 600));
      response.destroy();
    } else {
      response.end();
    }
  }
}

/** Resolves when more can be written, or never. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off("drain", done).off("close", done);
      resolve();
    };
    response.on("drain", done).on("close", done);
  });
}
