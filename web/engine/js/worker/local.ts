import { PickScoreError } from "../error";
import type { WholeFile } from "./folder";
import type { Download, DownloadOptions } from "./http";
import { reading } from "./reading";

/** A local file with weights. */
export function localFile(file: File): WholeFile {
  return {
    name: file.name,
    start: async (longest) => new Uint8Array(await file.slice(0, longest).arrayBuffer()),
    open: async (options) => localDownload(file, options),
  };
}

/** Opens a local file as a stream. */
function localDownload(file: File, { from = 0, signal }: DownloadOptions): Download {
  return {
    validators: { etag: null, modified: String(file.lastModified), length: file.size },
    cancel: async () => undefined,
    async *chunks() {
      const reader = reading(file.slice(from).stream());
      try {
        for (;;) {
          const value = await reader.next();
          signal.throwIfAborted();
          if (!value) return;
          yield value;
        }
      } catch (error) {
        signal.throwIfAborted();
        const reason = (error as Error).message;
        throw new PickScoreError("model-weights", `${file.name} cannot be read (${reason}); was it moved or changed?`);
      } finally {
        await reader.cancel().catch(() => undefined);
      }
    },
  };
}
