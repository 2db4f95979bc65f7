/**
 * Submitting to the Hugging Face Hub with the visitor's own token. The Hub's library is loaded only
 * then; the token is sent with its requests and is not stored.
 */

import { isAllowed } from "../shell/policy";

export interface HandIn {
  files: { path: string; file: File }[];
  /** `owner/name` of the dataset. */
  repository: string;
  token: string;
  title: string;
  /** Folder of the files in the dataset; `""` is its root. */
  folder: string;
  /** Whether to open a pull request. */
  pullRequest: boolean;
  /** Creates the dataset if it does not exist. */
  create: boolean;
  signal: AbortSignal;
  /** Progress from 0 to 1. */
  onProgress: (done: number, total: number) => void;
}

export const HUB = "https://huggingface.co";

export type HubFault = "hub-blocked" | "hub-token" | "hub-missing" | "hub-refused" | "hub-network";

export class HubError extends Error {
  override readonly name = "HubError";
  constructor(
    readonly code: HubFault,
    readonly detail: string,
  ) {
    super(detail);
  }
}

/** Uploads the files and returns the address of the result. */
export async function handIn({ files, repository, token, title, folder, pullRequest, create, signal, onProgress }: HandIn): Promise<string> {
  if (!isAllowed(HUB)) throw new HubError("hub-blocked", HUB);
  const hub = await import("@huggingface/hub");
  const repo = { type: "dataset", name: repository } as const;
  const access = { accessToken: token };
  try {
    const exists = await hub.repoExists({ repo, ...access });
    if (!exists && !create) throw new HubError("hub-missing", repository);
    if (!exists) await hub.createRepo({ repo, ...access, visibility: "private" });
    const prefix = folder ? `${folder.replace(/\/+$/, "")}/` : "";
    const share = new Map<string, number>();
    const upload = hub.uploadFilesWithProgress({
      repo,
      ...access,
      files: files.map(({ path, file }) => ({ path: `${prefix}${path}`, content: file })),
      commitTitle: title,
      isPullRequest: pullRequest,
      abortSignal: signal,
    });
    for (;;) {
      const { value, done } = await upload.next();
      if (done) {
        const pull = value?.pullRequestUrl;
        return pull ?? `${HUB}/datasets/${repository}`;
      }
      if (value.event !== "fileProgress") continue;
      // Reading a file counts as half of its progress, sending it as the other half.
      share.set(value.path, (value.state === "hashing" ? 0 : 0.5) + value.progress / 2);
      onProgress([...share.values()].reduce((sum, part) => sum + part, 0), files.length);
    }
  } catch (error) {
    if (error instanceof HubError || signal.aborted) throw error;
    const { statusCode, message } = error as { statusCode?: number; message: string };
    if (statusCode === 401) throw new HubError("hub-token", message);
    if (statusCode !== undefined) throw new HubError("hub-refused", `${statusCode}: ${message.split("\n")[0]?.slice(0, 200) ?? ""}`);
    throw new HubError("hub-network", message);
  }
}
