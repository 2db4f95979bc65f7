/** What went wrong with what is kept in this browser, in a sentence for the visitor. */

import type { CollectionState } from "../collection/collection";
import { catalogue } from "./catalogue";

const en = {
  none: () => "This browser offers no place to keep choices, so they last until this tab closes: export them before.",
  refused: (detail: string) => `This browser does not let the page keep anything (${detail}), as private windows often do not; choices last until this tab closes: export them before.`,
  newer: () => "A newer version of this page has kept choices here; reload the page to get it. Until then choices last until this tab closes.",
  silent: () => "This browser's storage does not answer, perhaps because another tab blocks it; choices last until this tab closes: export them before, or close other tabs and reload.",
  full: () => "From here on nothing more is stored, since the space that the browser grants is full: export what there is before this tab closes.",
  failed: (detail: string) => `This browser's storage failed (${detail}).`,
  closed: () => "Another tab has brought a newer version of this page, or the storage was cleared; reload the page before you go on.",
  quota: () => "The space that this browser grants is full; delete some choices on Contribute or a model on Models, or free some space on the disk.",
  records: (detail: string) => `The part of the page that keeps records could not be loaded (${detail}); check the connection and try again.`,
};

const ja: typeof en = {
  none: () => "このブラウザには保存場所がないため、選択はこのタブを閉じるまでしか残りません。閉じる前に書き出してください。",
  refused: (detail) => `このブラウザは保存を許可していません（${detail}）。プライベートウィンドウではよくあることです。選択はこのタブを閉じるまでしか残らないため、閉じる前に書き出してください。`,
  newer: () => "新しい版のページがここに選択を保存しています。ページを再読み込みしてください。それまでの選択はこのタブを閉じるまでしか残りません。",
  silent: () => "ブラウザの保存領域が応答しません。ほかのタブが使用中かもしれません。選択はこのタブを閉じるまでしか残りません。先に書き出すか、ほかのタブを閉じて再読み込みしてください。",
  full: () => "保存領域がいっぱいのため、これ以降は保存されません。タブを閉じる前に書き出してください。",
  failed: (detail) => `ブラウザの保存領域でエラーが起きました（${detail}）。`,
  closed: () => "ほかのタブで新しい版のページが開かれたか、保存領域が消去されました。続ける前に再読み込みしてください。",
  quota: () => "このブラウザの保存領域がいっぱいです。「提供」で選択を、または「モデル」でモデルを削除するか、ディスクの空きを増やしてください。",
  records: (detail) => `記録を扱う部分を読み込めませんでした（${detail}）。接続を確認して、もう一度お試しください。`,
};

const sentences = catalogue(en, ja);

/** Why the collection is not kept, or not kept any more. */
export function explainObstacle({ code, detail }: NonNullable<CollectionState["obstacle"]>): string {
  return sentences[code](detail);
}

/** What a change of the collection failed with. */
export function explainStorage(error: unknown): string {
  const { name, message } = error as Error;
  if (name === "QuotaExceededError") return sentences.quota();
  if (name === "InvalidStateError") return sentences.closed();
  return sentences.failed(message || name);
}

/** Why the records library is not there. */
export function explainRecords(error: unknown): string {
  return sentences.records((error as Error).message.replace(/[.。]+$/, ""));
}
