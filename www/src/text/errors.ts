/**
 * Errors as sentences for the visitor, chosen by the engine's stable code. The engine's own message
 * is included where it names a file or a number.
 */

import { catalogue } from "./catalogue";

const en = {
  aborted: () => "Stopped.",
  "bad-argument": (detail: string) => `The page sent the engine an invalid request. This is a bug in the page (${detail}).`,
  disposed: () => "The model has been unloaded. Load it again.",
  "not-found": (detail: string) => `There is no model at this address (${detail}).`,
  network: (detail: string) => `The connection failed: ${detail}. What has been downloaded is kept; load the model again to continue.`,
  "model-changed": () => "The files changed on the server during the download. Load the model again.",
  "not-clip": (detail: string) => `This is another kind of model (${detail}). Choose a CLIP model.`,
  "model-config": (detail: string) => `The model’s configuration cannot be used (${detail}).`,
  "model-weights": (detail: string) => `The model’s weights cannot be used (${detail}).`,
  "model-manifest": (detail: string) => `The model’s shard manifest cannot be used (${detail}).`,
  "other-scorer": (detail: string) => `The model is made for another scorer (${detail}).`,
  "no-head": () => "This scorer needs a head, a small file of its own, and there is none next to the model. Choose one under Models.",
  "bad-head": (detail: string) => `The head cannot be used with this model (${detail}).`,
  "no-embedding": (detail: string) => `This is not possible with this scorer (${detail}).`,
  precision: (detail: string) => `The model cannot be loaded in this precision (${detail}). Choose another.`,
  "storage-full": () => "There is not enough storage for this model. Free some space, or load the model without storing it.",
  storage: (detail: string) => `The browser’s storage failed (${detail}). Load the model without storing it.`,
  "no-webgpu": (detail: string) => `The GPU cannot be used here (${detail}). Choose the CPU.`,
  "device-failed": (detail: string) => `The GPU failed or gave wrong results (${detail}). Choose the CPU.`,
  "device-lost": () => "The GPU was lost and the model could not be loaded again. Try once more, or choose the CPU.",
  "out-of-memory": () => "There is not enough memory for this model. Choose a lower precision, turn on Low memory, or use a smaller model.",
  "empty-prompt": () => "The prompt is empty.",
  "image-format": (detail: string) => `This file cannot be read as an image (${detail}).`,
  "image-too-large": (detail: string) => `The image is too large (${detail}).`,
  "image-damaged": (detail: string) => `The image is damaged or incomplete (${detail}).`,
  crashed: (detail: string) => `The engine crashed, which is a bug (${detail}). Load the model again.`,
  internal: (detail: string) => `Something unexpected went wrong (${detail}).`,
  offline: () => "There is no network connection. What is stored in this browser still works.",
};

const ja: typeof en = {
  aborted: () => "停止しました。",
  "bad-argument": (detail) => `エンジンへの要求が正しくありません。このページの不具合です（${detail}）。`,
  disposed: () => "モデルは解放されています。もう一度読み込んでください。",
  "not-found": (detail) => `このアドレスにモデルがありません（${detail}）。`,
  network: (detail) => `接続に失敗しました：${detail}。ダウンロード済みの部分は保存されており、もう一度読み込むと続きから再開します。`,
  "model-changed": () => "ダウンロード中にサーバー上のファイルが変わりました。もう一度読み込んでください。",
  "not-clip": (detail) => `別の種類のモデルです（${detail}）。CLIPモデルを選択してください。`,
  "model-config": (detail) => `モデルの設定ファイルを使用できません（${detail}）。`,
  "model-weights": (detail) => `モデルの重みを使用できません（${detail}）。`,
  "model-manifest": (detail) => `モデルのシャード一覧を使用できません（${detail}）。`,
  "other-scorer": (detail) => `このモデルは別の採点モデル用です（${detail}）。`,
  "no-head": () => "この採点モデルには「ヘッド」という小さなファイルが必要ですが、モデルと同じ場所にありません。「モデル」で選択してください。",
  "bad-head": (detail) => `このヘッドは、このモデルでは使用できません（${detail}）。`,
  "no-embedding": (detail) => `この採点モデルでは実行できません（${detail}）。`,
  precision: (detail) => `この精度では読み込めません（${detail}）。別の精度を選択してください。`,
  "storage-full": () => "このモデルを保存する空き容量が足りません。空き容量を増やすか、保存せずに読み込んでください。",
  storage: (detail) => `ブラウザのストレージでエラーが発生しました（${detail}）。保存せずに読み込んでください。`,
  "no-webgpu": (detail) => `GPUを使用できません（${detail}）。CPUを選択してください。`,
  "device-failed": (detail) => `GPUでエラーが発生したか、結果が正しくありません（${detail}）。CPUを選択してください。`,
  "device-lost": () => "GPUが使用できなくなり、モデルを再読み込みできませんでした。もう一度試すか、CPUを選択してください。",
  "out-of-memory": () => "このモデルを読み込むにはメモリが足りません。精度を下げるか、「省メモリ」をオンにするか、小さいモデルを使用してください。",
  "empty-prompt": () => "プロンプトが空です。",
  "image-format": (detail) => `画像として読み込めないファイルです（${detail}）。`,
  "image-too-large": (detail) => `画像が大きすぎます（${detail}）。`,
  "image-damaged": (detail) => `画像が破損しているか、途中で切れています（${detail}）。`,
  crashed: (detail) => `エンジンが異常終了しました。不具合の可能性があります（${detail}）。モデルをもう一度読み込んでください。`,
  internal: (detail) => `予期しないエラーが発生しました（${detail}）。`,
  offline: () => "ネットワークに接続されていません。ブラウザに保存済みのデータは引き続き使えます。",
};

const sentences = catalogue(en, ja);

/** The code of anything thrown. */
export function codeOf(error: unknown): string {
  return (error as { code?: unknown } | null)?.code === undefined ? "internal" : String((error as { code: unknown }).code);
}

/** A sentence about anything thrown. */
export function explain(error: unknown): string {
  const code = codeOf(error);
  if (code === "network" && !navigator.onLine) return sentences.offline();
  // The advice of the engine's errors is for programmers; visitors have buttons for that.
  const { detail, message } = (error ?? {}) as { detail?: unknown; message?: unknown };
  const words = String(detail ?? message ?? error).replace(/[.。]+$/, "");
  const sentence = code in en ? sentences[code as keyof typeof en] : sentences.internal;
  return sentence(words);
}
