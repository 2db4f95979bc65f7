/**
 * Models in pieces that every static host takes: a manifest lists each file's parts with their SHA-256.
 *
 * ```json
 * { "format": "pickscore-shards", "version": 1,
 *   "files": [{ "name": "model.safetensors", "parts": [{ "path": "model.safetensors.000", "bytes": 25000000, "sha256": "…" }] }] }
 * ```
 *
 * `pickscore convert --shard-size` makes them.
 */

import { PickScoreError } from "../error";
import { sha256 } from "../store";
import { concatenated, type Download, type DownloadOptions, megabytes } from "./http";
import { type Folder, isPlain, type SourceFile } from "./source";

interface Part {
  path: string;
  bytes: number;
  sha256: string;
}

interface LogicalFile {
  name: string;
  parts: Part[];
}

/** Largest part: one is held in memory until its hash is known to be right. */
const LARGEST = 64 << 20;
const MOST = 8192;

/** The folder that a manifest describes, whose parts lie in `folder`. */
export function parseManifest(manifest: Uint8Array, folder: Folder): Folder {
  const files = new Map(read(manifest, folder.place).map((file) => [file.name, file]));
  return {
    place: folder.place,
    small: async (name, longest) => {
      const file = files.get(name);
      if (!file) return null;
      const length = sum(file.parts);
      if (length > longest) {
        throw new PickScoreError("model-manifest", `${name} would have ${megabytes(length)}; expected a short configuration`);
      }
      const parts: Uint8Array[] = [];
      for (const part of file.parts) parts.push(await fetchPart(part, folder, new AbortController().signal));
      return concatenated(parts, length);
    },
    large: async (name) => {
      const file = files.get(name);
      return file ? shardedFile(file, folder) : null;
    },
  };
}

/** A file in parts, each checked before any of it is used. */
function shardedFile(file: LogicalFile, folder: Folder): SourceFile {
  const length = sum(file.parts);
  const open = async ({ from = 0, signal }: DownloadOptions): Promise<Download> => ({
    validators: { etag: file.parts.map((part) => part.sha256.slice(0, 16)).join(" "), modified: null, length },
    cancel: async () => undefined,
    async *chunks() {
      let start = 0;
      for (const part of file.parts) {
        const end = start + part.bytes;
        if (end > from) {
          const bytes = await fetchPart(part, folder, signal);
          yield from > start ? bytes.subarray(from - start) : bytes;
        }
        start = end;
      }
    },
  });
  return { name: file.name, open };
}

/** A part whose hash is right. A second try is made: caches and connections do flip bytes. */
async function fetchPart(part: Part, folder: Folder, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  let found = "";
  for (let attempt = 0; attempt < 2; attempt++) {
    const file = await folder.large(part.path);
    if (!file) throw new PickScoreError("not-found", `${folder.place} has no ${part.path}, which its manifest names`);
    const bytes = new Uint8Array(part.bytes);
    let length = 0;
    for await (const chunk of (await file.open({ signal })).chunks()) {
      if (length + chunk.length <= part.bytes) bytes.set(chunk, length);
      length += chunk.length;
      if (length > part.bytes) break;
    }
    if (length !== part.bytes) {
      found = `it has ${length > part.bytes ? `more than ${part.bytes}` : length} bytes; expected ${part.bytes}`;
    } else if ((await sha256(bytes)) !== part.sha256) {
      found = "its SHA-256 is not the manifest's";
    } else {
      return bytes;
    }
  }
  throw new PickScoreError("model-manifest", `the shard ${part.path} is damaged: ${found}; ask whoever hosts it to upload it again`);
}

function read(manifest: Uint8Array, place: string): LogicalFile[] {
  const wrong = (reason: string) => new PickScoreError("model-manifest", `${place} has no shard manifest that can be read: ${reason}`);
  let json: { format?: unknown; version?: unknown; files?: unknown };
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(manifest));
  } catch (error) {
    throw wrong((error as Error).message);
  }
  if (json?.format !== "pickscore-shards") throw wrong('its `format` is not "pickscore-shards"');
  if (json.version !== 1) throw wrong(`its version is ${JSON.stringify(json.version)}; expected 1`);
  if (!Array.isArray(json.files)) throw wrong("it lists no `files`");
  let parts = 0;
  for (const file of json.files as Partial<LogicalFile>[]) {
    if (typeof file?.name !== "string" || !isPlain(file.name)) throw wrong(`it names the file ${JSON.stringify(file?.name)}`);
    if (!Array.isArray(file.parts) || file.parts.length === 0) throw wrong(`${file.name} has no parts`);
    parts += file.parts.length;
    if (parts > MOST) throw wrong(`it lists more than ${MOST} parts`);
    for (const part of file.parts as Partial<Part>[]) {
      if (typeof part?.path !== "string" || !isPlain(part.path)) throw wrong(`it names the part ${JSON.stringify(part?.path)}`);
      const { bytes } = part;
      if (!Number.isSafeInteger(bytes) || (bytes as number) < 1 || (bytes as number) > LARGEST) {
        throw wrong(`${part.path} would have ${JSON.stringify(bytes)} bytes; expected 1 to ${LARGEST}`);
      }
      if (typeof part.sha256 !== "string" || !/^[0-9a-f]{64}$/.test(part.sha256)) throw wrong(`${part.path} has no SHA-256`);
    }
  }
  return json.files as LogicalFile[];
}

function sum(parts: Part[]): number {
  return parts.reduce((total, part) => total + part.bytes, 0);
}
