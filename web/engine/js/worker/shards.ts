/**
 * Sharded files, as created by `pickscore convert --shard-size`. The SHA-256 of each shard is
 * checked before it is used.
 */

import { PickScoreError } from "../error";
import { sha256 } from "../store";
import type { Folder, SourceFile } from "./folder";
import type { Download, DownloadOptions } from "./http";

/** A shard, as listed in the manifest. */
export interface Part {
  path: string;
  bytes: number;
  sha256: string;
}

/** A file whose shards are in `folder`. */
export function shardedFile(name: string, parts: Part[], folder: Folder): SourceFile {
  const length = parts.reduce((total, part) => total + part.bytes, 0);
  const open = async ({ from = 0, signal }: DownloadOptions): Promise<Download> => ({
    validators: { etag: parts.map((part) => part.sha256.slice(0, 16)).join(" "), modified: null, length },
    cancel: async () => undefined,
    async *chunks() {
      let start = 0;
      for (const part of parts) {
        const end = start + part.bytes;
        if (end > from) {
          const bytes = await fetchPart(part, folder, signal);
          yield from > start ? bytes.subarray(from - start) : bytes;
        }
        start = end;
      }
    },
  });
  return { name, open };
}

/**
 * Downloads a shard and checks its hash. Retries once, since caches and connections corrupt bytes.
 */
async function fetchPart(part: Part, folder: Folder, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  let found = "";
  for (let attempt = 0; attempt < 2; attempt++) {
    if (!(await folder.has(part.path))) {
      throw new PickScoreError("not-found", `${folder.place} has no ${part.path}, which its manifest lists`);
    }
    const file = await folder.large(part.path);
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
      found = "its SHA-256 does not match the manifest";
    } else {
      return bytes;
    }
  }
  throw new PickScoreError("model-manifest", `the shard ${part.path} is damaged: ${found}; ask its host to upload it again`);
}
