/**
 * The visitor's own image generator, used through its web API. Nothing here runs before they have
 * entered its address and allowed it.
 */

import type { Written } from "../../collection/rows";

export type GeneratorKind = "automatic1111" | "openai";

export interface Order {
  /** The server's address, without the API's path. */
  address: string;
  prompt: string;
  /** Name of the model; `""` is the one that is loaded. */
  model: string;
  width: number;
  height: number;
  /** Sent with the request, never stored. */
  key: string;
}

export interface Made {
  file: Blob;
  written: Written;
}

export interface Generator {
  /** Names of the available models; empty if the server does not list them. */
  models(order: Pick<Order, "address" | "key">, signal: AbortSignal): Promise<string[]>;
  /** Generates one image. */
  make(order: Order, signal: AbortSignal): Promise<Made>;
}

/**
 * | code | what happened |
 * |---|---|
 * | `address` | this is not an address |
 * | `unreachable` | the server does not respond, or does not allow this page |
 * | `answer` | the server responds with an error; `detail` says which |
 * | `content` | the response does not match the API |
 * | `link` | the response has a link instead of the image, and this page may not follow it |
 */
export type GeneratorFault = "address" | "unreachable" | "answer" | "content" | "link";

export class GeneratorError extends Error {
  override readonly name = "GeneratorError";
  constructor(
    readonly code: GeneratorFault,
    readonly detail: string,
  ) {
    super(detail);
  }
}

/**
 * The address of an API path under the address that the visitor entered, which may already end with
 * a part of that path.
 */
export function endpoint(address: string, path: string): URL {
  try {
    const url = new URL(address.trim());
    if (url.protocol !== "http:" && url.protocol !== "https:") throw new GeneratorError("address", address);
    const [head = ""] = path.split("/").filter(Boolean);
    const before = url.pathname.replace(new RegExp(`/${head}(/.*)?$`), "").replace(/\/+$/, "");
    return new URL(`${before}${path}`, url.origin);
  } catch {
    throw new GeneratorError("address", address);
  }
}

/** Maximum bytes accepted in a response. */
const MOST_BYTES = 256 * 2 ** 20;

export async function askJson(url: URL, { key, body, signal }: { key: string; body?: unknown; signal: AbortSignal }): Promise<unknown> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Authorization"] = `Bearer ${key}`;
  let answer: Response;
  try {
    const method = body === undefined ? "GET" : "POST";
    answer = await fetch(url, { method, headers, signal, credentials: "omit", ...(body !== undefined && { body: JSON.stringify(body) }) });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new GeneratorError("unreachable", url.origin);
  }
  if (Number(answer.headers.get("Content-Length") ?? 0) > MOST_BYTES) throw new GeneratorError("content", "the answer is too large");
  const text = await answer.text();
  if (!answer.ok) throw new GeneratorError("answer", `${answer.status}${messageOf(text)}`);
  try {
    return JSON.parse(text);
  } catch {
    throw new GeneratorError("content", "the answer is not JSON");
  }
}

/** The server's own error message, if there is one. */
function messageOf(text: string): string {
  try {
    const { error, detail, message } = JSON.parse(text) as Record<string, unknown>;
    const words = (error as { message?: unknown } | undefined)?.message ?? detail ?? message ?? error;
    return typeof words === "string" && words ? `: ${words.slice(0, 300)}` : "";
  } catch {
    return "";
  }
}

/** Decodes an image from base64. */
export function imageOf(base64: unknown): Blob {
  if (typeof base64 !== "string") throw new GeneratorError("content", "there is no image in the answer");
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = Uint8Array.from(atob(base64.replace(/^data:[^,]*,/, "")), (character) => character.charCodeAt(0));
  } catch {
    throw new GeneratorError("content", "an image is not base64");
  }
  return new Blob([bytes], { type: typeOf(bytes) });
}

function typeOf(bytes: Uint8Array): string {
  if (bytes[0] === 0x89) return "image/png";
  if (bytes[0] === 0xff) return "image/jpeg";
  return bytes[0] === 0x52 ? "image/webp" : "application/octet-stream";
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
