/** The uid of an image: SHA-256 of its file's bytes. */

import { records } from "./library";

export async function uidOf(file: Blob): Promise<string> {
  const bytes = await file.arrayBuffer();
  // Off the main thread, where a secure address allows it.
  if (crypto.subtle) {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  return (await records()).imageUid(new Uint8Array(bytes));
}
