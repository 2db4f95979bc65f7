/** Texts of the first visit, and of images that the small model was not made for. */

import { catalogue } from "./catalogue";

const en = {
  title: "Welcome",
  does: "PickScore predicts which of your images people would choose for a prompt.",
  stays: "It runs on this device: your images and prompts are not sent anywhere.",
  small: "The small model that is loaded now ranks emoji and simple drawings, such as these samples, but cannot judge photographs or renders.",
  real: (name: string) => `${name} judges those too`,
  close: "Close the introduction",
  image: "An illustration: three images on one device are ranked for the prompt “a fox”. The drawing of a fox comes first with 62 %.",
  prompt: "a fox",
  unlike: (count: number) => (count === 1 ? "One of your images looks like a photograph or painting." : `${count} of your images look like photographs or paintings.`),
  madeFor: (count: number) => `The small model that is loaded was made for drawings, so ${count === 1 ? "this image’s score means" : "their scores mean"} little.`,
  why: "How does the page detect this?",
};

const ja: typeof en = {
  title: "ようこそ",
  does: "PickScoreは、プロンプトに対して人がどの画像を選ぶかを予測します。",
  stays: "すべてこの端末で動作し、画像もプロンプトもどこにも送信しません。",
  small: "いま読み込まれている小さなモデルは、サンプルのような絵文字や簡単な絵に順位を付けられますが、写真や精細な生成画像は判断できません。",
  real: (name) => `${name} なら写真や生成画像も判断できます`,
  close: "紹介を閉じる",
  image: "図：1台の端末の中で、3枚の画像に「キツネ」というプロンプトでの順位が付きます。キツネの絵が62％で1位です。",
  prompt: "キツネ",
  unlike: (count) => `${count}枚は写真または絵画のようです。`,
  madeFor: () => "いま使っている小さなモデルは簡単な絵のために作られているので、そのスコアにはほとんど意味がありません。",
  why: "どのように判定していますか？",
};

export const welcomeText = catalogue(en, ja);
