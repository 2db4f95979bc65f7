/** Downloads files as streams that resume after a lost connection. */

import { PickScoreError } from "../error";
import { withTimeout } from "../timeout";
import { reading } from "./reading";

/** Properties that distinguish versions of a file. */
export interface Validators {
  etag: string | null;
  modified: string | null;
  /** Size of the whole file in bytes. */
  length: number | null;
}

/** Number of attempts to resume without receiving any data. */
const ATTEMPTS = 5;
/** Pause before the first attempt in milliseconds; it doubles with each attempt. */
const FIRST_PAUSE = 300;
/** Longest time without data before a connection counts as lost, in milliseconds. */
const SILENCE = 20_000;

/** An open download. */
export interface Download {
  /** The validators of the first response. */
  validators: Validators;
  /** Cancels the download before it is read. */
  cancel(): Promise<void>;
  /**
   * The bytes from the requested position on. Each chunk is valid until the next is requested.
   * Calls `onStartingOver` if the server cannot resume and sends the file from the start.
   */
  chunks(onStartingOver?: () => void): AsyncGenerator<Uint8Array<ArrayBuffer>>;
}

export interface DownloadOptions {
  signal: AbortSignal;
  /** Position of the first byte. */
  from?: number;
  /** The validators of an earlier download. */
  expected?: Validators;
}

/**
 * Requests a file with a simple GET, and with a range only to resume. Other requests would need
 * permission from a cross-origin host.
 */
export async function download(url: string, options: DownloadOptions): Promise<Download> {
  const from = options.from ?? 0;
  const opened = await open(url, from, options);
  const validators = opened.validators;
  if (options.expected && !same(options.expected, validators)) {
    await opened.body.cancel();
    throw changed(url);
  }
  return { validators, cancel: () => opened.body.cancel(), chunks: (over) => chunks(url, from, opened, options, over) };
}

/** Downloads a small file; `null` if it does not exist. */
export async function fetchSmall(url: string, longest: number, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer> | null> {
  let file: Download;
  try {
    file = await download(url, { signal });
  } catch (error) {
    if (error instanceof PickScoreError && error.code === "not-found") return null;
    throw error;
  }
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for await (const chunk of file.chunks()) {
    length += chunk.length;
    if (length > longest) {
      throw new PickScoreError("model-config", `${url} has more than ${longest} bytes; expected a short configuration`);
    }
    parts.push(chunk.slice());
  }
  return concatenated(parts, length);
}

/** Concatenates arrays with a total length. */
export function concatenated(parts: Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

interface Opened {
  body: ReadableStream<Uint8Array<ArrayBuffer>>;
  validators: Validators;
  /** Position of the first byte of the response. */
  start: number;
}

async function open(url: string, from: number, { signal }: DownloadOptions): Promise<Opened> {
  const headers: HeadersInit = from > 0 ? { Range: `bytes=${from}-` } : {};
  let response: Response;
  try {
    // The model is stored in the origin private file system; the HTTP cache would duplicate it.
    response = await fetch(url, { signal, headers, cache: "no-store", credentials: "same-origin" });
  } catch (error) {
    signal.throwIfAborted();
    throw new PickScoreError("network", `${url} cannot be reached (${(error as Error).message}); check the address and the connection`);
  }
  if (response.status === 404 || response.status === 410) {
    await response.body?.cancel();
    throw new PickScoreError("not-found", `${url} does not exist (HTTP ${response.status})`);
  }
  if (!response.ok || !response.body) {
    await response.body?.cancel();
    const hint = response.status === 401 || response.status === 403 ? "; it may require an account" : "";
    throw new PickScoreError("network", `${url} returned HTTP ${response.status}${hint}`);
  }
  if (response.headers.get("content-type")?.startsWith("text/html")) {
    // Hosts of single-page applications return a page for files that do not exist.
    await response.body.cancel();
    throw new PickScoreError("not-found", `${url} is a web page, not a model file`);
  }
  const sent = Number(response.headers.get("content-length") ?? Number.NaN);
  const start = response.status === 206 ? from : 0;
  // The length of a compressed response is not that of the file.
  const plain = !response.headers.get("content-encoding") && Number.isSafeInteger(sent) && sent > 0;
  const validators = {
    etag: response.headers.get("etag"),
    modified: response.headers.get("last-modified"),
    length: plain ? start + sent : null,
  };
  return { body: response.body, validators, start };
}

async function* chunks(
  url: string,
  from: number,
  first: Opened,
  options: DownloadOptions,
  onStartingOver?: () => void,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const { signal } = options;
  let opened = first;
  let position = from;
  let failures = 0;
  let overTold = false;
  for (;;) {
    // A server that ignores the range sends the file from the start.
    let skip = position - opened.start;
    if (skip > 0 && !overTold) {
      overTold = true;
      onStartingOver?.();
    }
    const reader = reading(opened.body);
    let cut = "it ended early";
    try {
      for (;;) {
        const value = await withTimeout(reader.next(), SILENCE, "no data");
        signal.throwIfAborted();
        if (!value) break;
        const taken = Math.min(skip, value.length);
        skip -= taken;
        if (taken === value.length) continue;
        const bytes = taken > 0 ? value.subarray(taken) : value;
        position += bytes.length;
        failures = 0;
        yield bytes;
      }
    } catch (error) {
      signal.throwIfAborted();
      cut = (error as Error).message;
    } finally {
      // Ends the connection if the consumer stops early.
      await reader.cancel().catch(() => undefined);
    }
    const length = first.validators.length;
    if (skip === 0 && (length === null ? cut === "it ended early" : position >= length)) return;
    opened = await reopen();
  }

  async function reopen(): Promise<Opened> {
    const length = first.validators.length;
    for (;;) {
      failures += 1;
      if (failures > ATTEMPTS) {
        const of = length === null ? "" : ` of ${megabytes(length)}`;
        throw new PickScoreError(
          "network",
          `the connection to ${url} was lost after ${megabytes(position)}${of}`,
          { advice: "load again to resume" },
        );
      }
      await pause(FIRST_PAUSE * 2 ** (failures - 1), signal);
      try {
        const again = await open(url, position, options);
        if (same(first.validators, again.validators)) return again;
        await again.body.cancel();
        throw changed(url);
      } catch (error) {
        const code = (error as PickScoreError).code;
        if (code !== "network") throw error;
      }
    }
  }
}

/** Whether the validators known for both are equal. */
function same(a: Validators, b: Validators): boolean {
  const agree = <T>(x: T | null, y: T | null) => x === null || y === null || x === y;
  return agree(a.etag, b.etag) && agree(a.modified, b.modified) && agree(a.length, b.length);
}

function changed(url: string): PickScoreError {
  return new PickScoreError("model-changed", `${url} changed on the server since the load began`, { advice: "load it again" });
}

/** Formats a number of bytes. */
export function megabytes(bytes: number): string {
  return bytes < 1e6 ? `${bytes} bytes` : bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
