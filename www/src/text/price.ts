/** Texts about what a model costs to download. */

import { catalogue } from "./catalogue";

const en = {
  size: "Download, once",
  time: "Time",
  disk: "On this disk",
  between: (least: string, most: string) => `${least} to ${most}`,
  unmeasured: "measured on the first 100 MB",
  measuring: (loaded: string, of: string) => `measuring: ${loaded} of ${of}`,
  measured: (time: string, speed: string) => `about ${time} at ${speed}/s, as measured`,
  timeIs: (time: string) => `Time: ${time}.`,
  halfway: "You can stop at any time. What has been downloaded stays on this disk, and the download continues from there, also after closing the page.",
  notStored: "This browser cannot store models, so it would be downloaded again on each visit, and a stopped download starts over.",
  download: (name: string) => `Download ${name}`,
  goOn: (name: string) => `Continue downloading ${name}`,
  use: (name: string) => `Load ${name}`,
};

const ja: typeof en = {
  size: "ダウンロード（初回のみ）",
  time: "時間",
  disk: "ディスク使用量",
  between: (least, most) => `${least}〜${most}`,
  unmeasured: "最初の100 MBで計測します",
  measuring: (loaded, of) => `計測中：${of} 中 ${loaded}`,
  measured: (time, speed) => `約${time}（実測 ${speed}/秒）`,
  timeIs: (time) => `時間：${time}。`,
  halfway: "いつでも中断できます。ダウンロード済みの部分はこのディスクに残り、ページを閉じたあとでも続きから再開します。",
  notStored: "このブラウザはモデルを保存できないため、訪問のたびにダウンロードが必要で、中断すると最初からになります。",
  download: (name) => `${name} をダウンロード`,
  goOn: (name) => `${name} のダウンロードを続ける`,
  use: (name) => `${name} を読み込む`,
};

export const priceText = catalogue(en, ja);
