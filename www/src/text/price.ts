/** Texts about what a model costs to download. */

import { catalogue } from "./catalogue";

const en = {
  size: "Download, once",
  time: "Time",
  disk: "Disk space",
  between: (least: string, most: string) => `${least} to ${most}`,
  unmeasured: "measured on the first 100 MB",
  measuring: (loaded: string, of: string) => `measuring: ${loaded} of ${of}`,
  measured: (time: string, speed: string) => `about ${time} at ${speed}/s, as measured`,
  timeIs: (time: string) => `Time: ${time}.`,
  halfway: "You can stop at any time. Completed parts stay on this disk, and the download resumes from there, even after you close the page.",
  notStored: "This browser cannot store models, so it would be downloaded again on each visit, and a stopped download starts over.",
  download: (name: string) => `Download ${name}`,
  goOn: (name: string) => `Continue downloading ${name}`,
  use: (name: string) => `Load ${name}`,
};

const ja: typeof en = {
  size: "ダウンロード（初回のみ）",
  time: "所要時間",
  disk: "ディスク使用量",
  between: (least, most) => `${least}〜${most}`,
  unmeasured: "最初の100 MBで計測します",
  measuring: (loaded, of) => `計測中：${of} 中 ${loaded}`,
  measured: (time, speed) => `約${time}（実測 ${speed}/秒）`,
  timeIs: (time) => `所要時間：${time}。`,
  halfway: "いつでも中断できます。ダウンロードが完了した部分はこの端末に残り、ページを閉じた後でも途中から再開できます。",
  notStored: "このブラウザにはモデルを保存できないため、ページを開くたびにダウンロードが必要です。中断した場合は最初からやり直しになります。",
  download: (name) => `${name} をダウンロード`,
  goOn: (name) => `${name} のダウンロードを続ける`,
  use: (name) => `${name} を読み込む`,
};

export const priceText = catalogue(en, ja);
