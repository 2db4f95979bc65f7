/** Storage errors as sentences for the visitor. */

import type { CollectionState } from "../collection/collection";
import { catalogue } from "./catalogue";

const en = {
  none: () => "This browser cannot store anything, so your choices last only until you close this tab. Export them before that.",
  refused: (detail: string) => `This browser does not let the page store anything (${detail}), which is common in private windows. Your choices last only until you close this tab; export them before that.`,
  newer: () => "A newer version of this page has stored choices here. Reload the page to get that version. Until then, choices last only until you close this tab.",
  silent: () => "The browser’s storage does not respond, perhaps because another tab is blocking it. Choices last only until you close this tab. Export them before that, or close the other tabs and reload.",
  full: () => "The browser’s storage is full, so nothing more is stored. Export your choices before you close this tab.",
  failed: (detail: string) => `The browser’s storage failed (${detail}).`,
  closed: () => "Another tab has opened a newer version of this page, or the storage was cleared. Reload the page before you continue.",
  quota: () => "The browser’s storage for this page is full. Delete choices on Contribute or models on Models, or free disk space.",
  records: (detail: string) => `The part of the page that stores choices could not be loaded (${detail}). Check the connection and try again.`,
};

const ja: typeof en = {
  none: () => "このブラウザにはデータを保存できないため、判定結果はこのタブを閉じると失われます。閉じる前に書き出してください。",
  refused: (detail) => `このブラウザではデータの保存が許可されていません（${detail}）。プライベートウィンドウではよくあることです。判定結果はこのタブを閉じると失われるため、閉じる前に書き出してください。`,
  newer: () => "このブラウザには、より新しいバージョンのページで保存した判定結果があります。再読み込みして新しいバージョンを開いてください。それまでの判定結果は、このタブを閉じると失われます。",
  silent: () => "ブラウザのストレージが応答しません。ほかのタブが使用中の可能性があります。判定結果はこのタブを閉じると失われます。閉じる前に書き出すか、ほかのタブを閉じて再読み込みしてください。",
  full: () => "ブラウザのストレージがいっぱいのため、これ以降は保存されません。タブを閉じる前に判定結果を書き出してください。",
  failed: (detail) => `ブラウザのストレージでエラーが発生しました（${detail}）。`,
  closed: () => "ほかのタブで新しいバージョンのページが開かれたか、ストレージが消去されました。続ける前に再読み込みしてください。",
  quota: () => "このページのストレージがいっぱいです。「提供」で判定結果を、または「モデル」でモデルを削除するか、ディスクの空き容量を増やしてください。",
  records: (detail) => `判定結果を保存する機能を読み込めませんでした（${detail}）。接続を確認して、もう一度お試しください。`,
};

const sentences = catalogue(en, ja);

/** Why the collection is not stored, or not stored any more. */
export function explainObstacle({ code, detail }: NonNullable<CollectionState["obstacle"]>): string {
  return sentences[code](detail);
}

/** Why a change of the collection failed. */
export function explainStorage(error: unknown): string {
  const { name, message } = error as Error;
  if (name === "QuotaExceededError") return sentences.quota();
  if (name === "InvalidStateError") return sentences.closed();
  return sentences.failed(message || name);
}

/** Why the records library could not be loaded. */
export function explainRecords(error: unknown): string {
  return sentences.records((error as Error).message.replace(/[.。]+$/, ""));
}
