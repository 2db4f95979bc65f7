/** Texts of saved summaries. */

import { catalogue } from "./catalogue";
import { percent } from "./format";

const en = {
  heading: "Save the results",
  words: "Saves these results as one file on this device: ratings with intervals, agreement with each scorer, images and models. It contains your prompts and file names. Nothing is sent anywhere.",
  withImages: "Include small copies of the images",
  save_html: "Save as HTML",
  save_png: "Save as PNG",
  save_svg: "Save as SVG",
  making: "Drawing…",
  saved: (name: string) => `Saved as ${name}.`,
  missing: (count: number) => (count === 1 ? "1 image could not be included." : `${count} images could not be included.`),
  failed: (detail: string) => `The file could not be made (${detail}). Your choices are not affected.`,

  title: "Preference ranking",
  agreement: "How often scorers agree with these choices",
  agreementNote: "The share of choices in which the scorer prefers the chosen image, with its 95% interval. A tie on one side only counts as half. Random guessing gives 50%.",
  share: (share: number) => percent(share, 0),
  shareColumn: "Agreement and interval (chart)",
  agrees: "Agreement",
  again: "The same person, asked again",
  ratings: "Ratings are computed from these choices (Bradley–Terry with ties) and centred on 1,000. The higher of two is preferred 64 times in 100 if it leads by 100, and 10 times in 11 if it leads by 400. The lines show 95% intervals; where they overlap a lot, the order may be due to chance.",
  models: "Models",
  images: "Images",
  firstOf: (shown: string, all: string) => `The first ${shown} of ${all}.`,
  moreRankings: (count: string) => `${count} more prompts are in the HTML file.`,
  controls: (passed: string, asked: string) => `The original image was preferred in ${passed} of ${asked} control pairs.`,
  origin: "Made with PickScore in a browser, on one person’s device.",
};

const ja: typeof en = {
  heading: "結果の保存",
  words: "この結果（レーティングと区間、各採点モデルとの一致率、画像とモデルの順位）を1つのファイルとしてこの端末に保存します。ファイルにはプロンプトとファイル名が含まれます。外部には送信しません。",
  withImages: "画像の縮小コピーを含める",
  save_html: "HTMLで保存",
  save_png: "PNGで保存",
  save_svg: "SVGで保存",
  making: "作成中…",
  saved: (name) => `${name} として保存しました。`,
  missing: (count) => `${count}枚の画像は含められませんでした。`,
  failed: (detail) => `ファイルを作成できませんでした（${detail}）。判定結果への影響はありません。`,

  title: "好みのランキング",
  agreement: "採点モデルとの一致率",
  agreementNote: "選ばれた画像を採点モデルも高く評価した割合と、その95%区間です。片方だけが引き分けの場合は半分として数えます。ランダムに選ぶと50%になります。",
  share: (share) => percent(share, 0),
  shareColumn: "一致率と区間（図）",
  agrees: "一致率",
  again: "同じ人への再質問",
  ratings: "この選択から求めたレーティングです（引き分けのあるBradley–Terry）。中心は1000です。差が100なら100回中64回、400なら11回中10回、上位のほうが選ばれます。線は95％区間です。大きく重なる場合、順位の差は偶然かもしれません。",
  models: "モデル",
  images: "画像",
  firstOf: (shown, all) => `${all}件のうち上位${shown}件です。`,
  moreRankings: (count) => `残り${count}個のプロンプトはHTMLファイルに含まれます。`,
  controls: (passed, asked) => `確認用の${asked}組のうち${passed}組で、元の画像が選ばれました。`,
  origin: "PickScoreを使い、個人の端末のブラウザで作成しました。",
};

export const reportText = catalogue(en, ja);
