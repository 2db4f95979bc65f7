/** One file of a server, as a stream that goes on after a cut. */

import { PickScoreError } from "../error";
import { reading } from "./reading";

/** What tells two versions of a file apart. */
export interface Validators {
  etag: string | null;
  modified: string | null;
  /** The whole file's bytes. */
  length: number | null;
}

/** How often a stream is taken up again without a byte in between. */
const ATTEMPTS = 5;
const FIRST_PAUSE = 300;
/** How long a connection may be silent before it counts as cut. */
const SILENCE = 20_000;

/** A file as it comes. */
export interface Download {
  /** What the server says of the file; the first answer's. */
  validators: Validators;
  /** Lets go of it unread. */
  cancel(): Promise<void>;
  /**
   * Its bytes from the position asked for, each chunk good until the next is asked for. Told when the server cannot go on in the middle: then the
   * file comes from its beginning again.
   */
  chunks(onStartingOver?: () => void): AsyncGenerator<Uint8Array<ArrayBuffer>>;
}

export interface DownloadOptions {
  signal: AbortSignal;
  /** First byte that is wanted. */
  from?: number;
  /** What an earlier visit was told of this file. */
  expected?: Validators;
}

/** Asks for a file. One plain GET, with a range only to go on: anything else would need the other host's permission first. */
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

/** A small file, whole; `null` where there is none. */
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
  /** The first byte that the answer holds. */
  start: number;
}

async function open(url: string, from: number, { signal }: DownloadOptions): Promise<Opened> {
  const headers: HeadersInit = from > 0 ? { Range: `bytes=${from}-` } : {};
  let response: Response;
  try {
    // A model is kept in the origin's own storage; the HTTP cache would keep it a second time.
    response = await fetch(url, { signal, headers, cache: "no-store", credentials: "same-origin" });
  } catch (error) {
    signal.throwIfAborted();
    throw new PickScoreError("network", `${url} cannot be reached (${(error as Error).message}); check the address and the connection`);
  }
  if (response.status === 404 || response.status === 410) {
    await response.body?.cancel();
    throw new PickScoreError("not-found", `${url} is not there (HTTP ${response.status})`);
  }
  if (!response.ok || !response.body) {
    await response.body?.cancel();
    const hint = response.status === 401 || response.status === 403 ? "; it may need an account" : "";
    throw new PickScoreError("network", `${url} answered with HTTP ${response.status}${hint}`);
  }
  if (response.headers.get("content-type")?.startsWith("text/html")) {
    // Hosts of single-page sites answer so for whatever they do not have.
    await response.body.cancel();
    throw new PickScoreError("not-found", `${url} is a web page, not a model's file`);
  }
  const sent = Number(response.headers.get("content-length") ?? Number.NaN);
  const start = response.status === 206 ? from : 0;
  // The length of a compressed answer is not the file's.
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
    // A server that ignores the range sends what is known already.
    let skip = position - opened.start;
    if (skip > 0 && !overTold) {
      overTold = true;
      onStartingOver?.();
    }
    const reader = reading(opened.body);
    let cut = "it ended early";
    try {
      for (;;) {
        const value = await orSilence(reader.next());
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
      // Whoever stops asking for more ends the connection.
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
          `the connection to ${url} was cut after ${megabytes(position)}${of}; load again to go on from there`,
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

/** Fails where nothing comes for too long. */
function orSilence<T>(read: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout>;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing came for ${SILENCE / 1000} s`)), SILENCE);
  });
  return Promise.race([read, silence]).finally(() => clearTimeout(timer));
}

/** Whether nothing that is known of both differs. */
function same(a: Validators, b: Validators): boolean {
  const agree = <T>(x: T | null, y: T | null) => x === null || y === null || x === y;
  return agree(a.etag, b.etag) && agree(a.modified, b.modified) && agree(a.length, b.length);
}

function changed(url: string): PickScoreError {
  return new PickScoreError("model-changed", `${url} changed on the server since the load began; load it again`);
}

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
