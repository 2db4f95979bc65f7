/** What went wrong, in a sentence for the visitor: by the engine's stable code, with the engine's own words where they name a file or a number. */

import { catalogue } from "./catalogue";

const en = {
  aborted: () => "Stopped.",
  "bad-argument": (detail: string) => `The page asked the engine for something wrong, which is a fault of ours (${detail}).`,
  disposed: () => "The model has been unloaded; load it again.",
  "not-found": (detail: string) => `There is no model at this address (${detail}).`,
  network: (detail: string) => `The connection failed: ${detail}. What has come is kept, and loading again goes on from there.`,
  "model-changed": () => "The files changed on the server during the download; load the model again.",
  "not-clip": (detail: string) => `This is another kind of model (${detail}); choose a CLIP model.`,
  "model-config": (detail: string) => `The model's configuration cannot be used (${detail}).`,
  "model-weights": (detail: string) => `The model's weights cannot be used (${detail}).`,
  "model-manifest": (detail: string) => `The model's list of shards cannot be used (${detail}).`,
  precision: (detail: string) => `The model does not fit this precision (${detail}); choose another.`,
  "storage-full": () => "This browser grants too little space to keep the model; free some, or load it without keeping it.",
  storage: (detail: string) => `This browser's storage failed (${detail}); load the model without keeping it.`,
  "no-webgpu": (detail: string) => `The GPU cannot be used here (${detail}); choose the CPU.`,
  "device-failed": (detail: string) => `The GPU computes wrongly or failed (${detail}); choose the CPU.`,
  "device-lost": () => "The GPU was taken away and the model could not be loaded again; load it once more, or choose the CPU.",
  "out-of-memory": () => "There is too little memory for this model; choose a lower precision, let the towers take turns, or take a smaller model.",
  "empty-prompt": () => "The prompt is empty.",
  "image-format": (detail: string) => `This file cannot be read as an image (${detail}).`,
  "image-too-large": (detail: string) => `The image is too large (${detail}).`,
  "image-damaged": (detail: string) => `The image is damaged or incomplete (${detail}).`,
  crashed: (detail: string) => `The engine stopped, which is a fault of ours (${detail}); load the model again.`,
  internal: (detail: string) => `Something went wrong that should not (${detail}).`,
  offline: () => "There is no connection to the network; what is stored in this browser still works.",
};

const ja: typeof en = {
  aborted: () => "停止しました。",
  "bad-argument": (detail) => `エンジンへの指示に誤りがありました。このページの不具合です（${detail}）。`,
  disposed: () => "モデルは解放されています。もう一度読み込んでください。",
  "not-found": (detail) => `このアドレスにモデルがありません（${detail}）。`,
  network: (detail) => `接続に失敗しました：${detail}。取得済みの部分は保存され、次はその続きから始まります。`,
  "model-changed": () => "ダウンロード中にサーバー上のファイルが変わりました。もう一度読み込んでください。",
  "not-clip": (detail) => `別の種類のモデルです（${detail}）。CLIPモデルを選んでください。`,
  "model-config": (detail) => `モデルの設定ファイルを使用できません（${detail}）。`,
  "model-weights": (detail) => `モデルの重みを使用できません（${detail}）。`,
  "model-manifest": (detail) => `モデルの分割一覧を使用できません（${detail}）。`,
  precision: (detail) => `この精度では読み込めません（${detail}）。別の精度を選んでください。`,
  "storage-full": () => "モデルを保存する空き容量が足りません。空きを作るか、保存せずに読み込んでください。",
  storage: (detail) => `ブラウザの保存領域でエラーが起きました（${detail}）。保存せずに読み込んでください。`,
  "no-webgpu": (detail) => `GPUを使用できません（${detail}）。CPUを選んでください。`,
  "device-failed": (detail) => `GPUの計算が正しくないか、失敗しました（${detail}）。CPUを選んでください。`,
  "device-lost": () => "GPUが使えなくなり、モデルを再度読み込めませんでした。もう一度読み込むか、CPUを選んでください。",
  "out-of-memory": () => "メモリが足りません。精度を下げる、タワーを交互に載せる、または小さいモデルを選んでください。",
  "empty-prompt": () => "プロンプトが空です。",
  "image-format": (detail) => `画像として読み込めないファイルです（${detail}）。`,
  "image-too-large": (detail) => `画像が大きすぎます（${detail}）。`,
  "image-damaged": (detail) => `画像が壊れているか、途中で切れています（${detail}）。`,
  crashed: (detail) => `エンジンが停止しました。このページの不具合です（${detail}）。モデルをもう一度読み込んでください。`,
  internal: (detail) => `予期しないエラーが起きました（${detail}）。`,
  offline: () => "ネットワークに接続されていません。ブラウザに保存済みのものは使えます。",
};

const sentences = catalogue(en, ja);

/** The code of whatever was thrown. */
export function codeOf(error: unknown): string {
  return (error as { code?: unknown } | null)?.code === undefined ? "internal" : String((error as { code: unknown }).code);
}

/** One sentence about whatever was thrown. */
export function explain(error: unknown): string {
  const code = codeOf(error);
  if (code === "network" && !navigator.onLine) return sentences.offline();
  const message = error instanceof Error || typeof (error as { message?: unknown })?.message === "string" ? (error as Error).message : String(error);
  const sentence = code in en ? sentences[code as keyof typeof en] : sentences.internal;
  return sentence(plainWords(message));
}

/** The engine's messages advise programmers; the visitor has buttons for that. */
function plainWords(message: string): string {
  return message
    .replace(/[;,:]? (or )?(take|load|load it|load the model)( a lower precision or)?( again)?( with)? `[^`]*`/g, "")
    .replace(/[.。]+$/, "");
}
