/**
 * A sentence for the visitor about a failed export, import or submission, chosen by the error's
 * code.
 */

import { contributeText } from "../text/contribute";
import { explainStorage } from "../text/storage";
import { HubError } from "./hub";

export function explainData(error: unknown): string {
  if (error instanceof HubError) return contributeText[error.code](error.detail);
  const { code, message, name } = error as { code?: unknown; message: string; name: string };
  const detail = (message ?? "").replace(/[.。]+$/, "");
  switch (code) {
    case "nothing-to-export":
      return contributeText.nothingToExport;
    case "storage-full":
      return contributeText.targetFull;
    case "card":
    case "image":
    case "write":
    case "read":
    case "record":
      return contributeText.dataFailed(detail);
    default:
      return name === "DatabaseError" || name === "QuotaExceededError" || name === "InvalidStateError" ? explainStorage(error) : contributeText.dataFailed(detail || name);
  }
}
