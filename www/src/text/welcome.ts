/** Texts of the first visit, and of images that the small model was not made for. */

import { catalogue } from "./catalogue";

const en = {
  title: "Welcome",
  does: "PickScore predicts which of your images people would choose for a prompt.",
  stays: "It runs on this device: your images and prompts are not sent anywhere.",
  small: "The small model that is loaded now ranks emoji and simple drawings, such as these samples, but cannot judge photographs or renders.",
  real: (name: string) => `${name} judges those too`,
  close: "Close the introduction",
  closeNotice: "Close this notice",
  image: "An illustration: three images on one device are ranked for the prompt “a fox”. The drawing of a fox comes first with 62%.",
  prompt: "a fox",
  unlike: (count: number) => (count === 1 ? "One of your images looks like a photograph or painting." : `${count} of your images look like photographs or paintings.`),
  madeFor: (count: number) => `The small model that is loaded was made for drawings, so ${count === 1 ? "this image’s score means" : "their scores mean"} little.`,
  why: "How does the page detect this?",
};

const ja: typeof en = {
  title: "ようこそ",
  does: "PickScoreは、プロンプトに対して人がどの画像を選ぶかを予測するツールです。",
  stays: "すべてこの端末で動作し、画像もプロンプトも外部に送信しません。",
  small: "現在読み込まれている小さなモデルは、サンプルのような絵文字や簡単なイラスト向けで、写真や高精細な生成画像の評価には適していません。",
  real: (name) => `${name} なら写真や生成画像も評価できます`,
  close: "案内を閉じる",
  closeNotice: "このお知らせを閉じる",
  image: "図：1台の端末の中で、3枚の画像にプロンプト「キツネ」に対する順位が付いています。キツネの絵が62%で1位です。",
  prompt: "キツネ",
  unlike: (count) => `${count}枚の画像は、写真または絵画のようです。`,
  madeFor: () => "現在の小さなモデルは簡単なイラスト向けのため、これらの画像のスコアは参考になりません。",
  why: "どのように検出していますか？",
};

export const welcomeText = catalogue(en, ja);
