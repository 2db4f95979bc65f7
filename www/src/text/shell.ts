/** Texts of the shell. */

import { catalogue } from "./catalogue";

const en = {
  skip: "Skip to content",
  screens: "Screens",
  score: "Score",
  judge: "Judge",
  contribute: "Contribute",
  models: "Models",
  dismiss: "Dismiss",
  language: "Language",
  automatic: "Automatic",
  theme: "Theme",
  light: "Light",
  dark: "Dark",
  privacy: "Privacy",
  promise: "Everything runs on this device. Your images stay here.",
  noModel: "No model",
  modelReady: (name: string, where: string) => `${name}, ${where}`,
  modelLoading: (name: string) => `${name} is loading`,
  onGpu: "on the GPU",
  onCpu: "on the CPU",
  updateReady: "A new version of this page is ready.",
  reload: "Reload",
  screenFailed: "This screen could not be loaded. Check the connection and try again.",
  tryAgain: "Try again",
};

const ja: typeof en = {
  skip: "本文へ移動",
  screens: "画面",
  score: "採点",
  judge: "判定",
  contribute: "提供",
  models: "モデル",
  dismiss: "閉じる",
  language: "言語",
  automatic: "自動",
  theme: "テーマ",
  light: "ライト",
  dark: "ダーク",
  privacy: "プライバシー",
  promise: "すべてこの端末で動作します。画像が外部に送信されることはありません。",
  noModel: "モデルなし",
  modelReady: (name, where) => `${name}（${where}）`,
  modelLoading: (name) => `${name} を読み込み中`,
  onGpu: "GPU",
  onCpu: "CPU",
  updateReady: "このページの新しいバージョンがあります。",
  reload: "再読み込み",
  screenFailed: "この画面を読み込めませんでした。接続を確認して、もう一度お試しください。",
  tryAgain: "再試行",
};

export const shellText = catalogue(en, ja);
