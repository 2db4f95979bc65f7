/**
 * Handing a contribution in on the Hugging Face Hub, with the visitor's own token. The library is loaded when somebody does that and at no other time; the
 * token goes with its requests and is kept nowhere.
 */

import { isAllowed } from "../shell/policy";

export interface HandIn {
  files: { path: string; file: File }[];
  /** `owner/name` of the data set. */
  repository: string;
  token: string;
  title: string;
  /** Where in the data set the files go; `""` is its root. */
  folder: string;
  /** Whether the owner has to agree first. */
  pullRequest: boolean;
  /** Makes the data set where there is none. */
  create: boolean;
  signal: AbortSignal;
  /** Shares of each file's way. */
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

/** Uploads. Returns the address where the visitor sees it. */
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
      // Half of the way is reading the file, half is sending it.
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
