/** Texts about tastes: scorers of the visitor’s own taste. */

import { catalogue } from "./catalogue";
import { codeOf, explain } from "./errors";

const en = {
  heading: "My taste",
  lead: "A scorer learned from your own choices on Judge, on top of the loaded model. It stays in this browser unless you export it, and contributions never contain it.",
  firstName: "My taste",
  learn: (choices: string) => `Learn my taste from ${choices} choices`,
  learnAgain: (choices: string) => `Learn again from ${choices} choices`,
  bringIn: "Import a taste",
  stop: "Stop",
  readingImages: "Reading the images of your choices…",
  fitting: "Learning, and measuring on choices left out…",
  needsModel: "Load a model first.",
  needsEmbeddings: (model: string) => `${model} has no image embeddings, which a taste needs.`,
  needsStored: (model: string) => `${model} is not stored in this browser, so a taste could not be recognised as belonging to it.`,
  needsChoices: "You have not judged any pairs yet.",
  onTopOf: (model: string) => `On top of ${model}.`,
  interval: (value: string, low: string, high: string) => `${value} (95% interval ${low} to ${high})`,
  range: (low: string, high: string) => `(${low} to ${high})`,
  measured: (taste: string, model: string, base: string, tested: string) => `Predicts ${taste} of ${tested} choices between images that it had not seen; ${model} predicts ${base} of them.`,
  learnedFrom: (choices: string) => `Learned from ${choices} choices.`,
  offered: "It predicts your choices measurably better than the model alone.",
  about: (more: string) => `Not measurably better than the model yet: that takes roughly ${more} more choices.`,
  atLeast: (more: string) => `Not measurably better than the model yet: at least ${more} more choices are needed to tell.`,
  notOffered: "Not measurably better than the model.",
  leftOut: (parts: string) => `Not learned from: ${parts}.`,
  learnsVisible: (count: string) => `Also learn from ${count} choices that were made while scores were visible.`,
  visible: (count: string) => `${count} made while scores were visible`,
  skipped: (count: string) => `${count} skipped`,
  controls: (count: string) => `${count} control pairs`,
  gone: (count: string) => `${count} whose images are gone`,
  comma: ", ",
  use: "Use on Score",
  name: "Name",
  rename: "Rename",
  export: "Export",
  delete: "Delete",
  deleted: (name: string) => `${name} was deleted.`,
  broughtIn: (name: string) => `${name} was imported.`,
  undo: "Undo",
  save: "Save",
  cancel: "Cancel",
  words: "Words for this taste",
  wordsAbout: "How far each text lies along your taste, compared with the other texts. Filled dots: the 95% interval does not contain zero.",
  wordsNeedModel: (model: string) => `Load ${model} to compare texts with this taste.`,
  wordsOneEach: "Texts to compare, one per line",
  editWords: "Edit the texts",
  word: "Text",
  along: "Along your taste",
  more: "You prefer this image more than people do.",
  less: "You prefer this image less than people do.",
  same: "You prefer this image about as much as people do, as far as your choices show.",
  problemFile: (detail: string) => `This file is not a taste that can be used (${detail}).`,
  problemScorer: (name: string) => `This taste was learned on top of another model (${name}). Load that model and import it again.`,
  problemNoScorer: (name: string) => `Load the model that this taste was learned on top of (${name}), and import it again.`,
  problemNothing: "None of your choices can be learned from: pairs were skipped, were control pairs, or their images are gone.",
  problemTaste: (detail: string) => `The taste cannot be computed (${detail}).`,
};

const ja: typeof en = {
  heading: "自分の好み",
  lead: "「判定」でのあなた自身の選択から学習し、読み込んだモデルに上乗せする採点モデルです。書き出さない限りこのブラウザの外に出ることはなく、提供データにも含まれません。",
  firstName: "自分の好み",
  learn: (choices) => `${choices}件の選択から好みを学習`,
  learnAgain: (choices) => `${choices}件の選択から学習し直す`,
  bringIn: "好みを読み込む",
  stop: "中止",
  readingImages: "選択した画像を読み込んでいます…",
  fitting: "学習しながら、学習に使わない選択で精度を測定しています…",
  needsModel: "先にモデルを読み込んでください。",
  needsEmbeddings: (model) => `${model} には画像の埋め込みがないため、好みを学習できません。`,
  needsStored: (model) => `${model} はこのブラウザに保存されていないため、好みとの対応を確認できません。`,
  needsChoices: "まだペアを判定していません。",
  onTopOf: (model) => `ベースのモデル：${model}`,
  interval: (value, low, high) => `${value}（95%区間 ${low}〜${high}）`,
  range: (low, high) => `（${low}〜${high}）`,
  measured: (taste, model, base, tested) => `学習に使っていない画像同士の選択${tested}件での正答率は${taste}です。${model} だけでは${base}です。`,
  learnedFrom: (choices) => `${choices}件の選択から学習しました。`,
  offered: "モデルだけの場合より、あなたの選択を有意に高い精度で予測します。",
  about: (more) => `モデルだけの場合との差はまだ確認できません。あと約${more}件の選択が必要です。`,
  atLeast: (more) => `モデルだけの場合との差はまだ確認できません。判断するには、少なくともあと${more}件の選択が必要です。`,
  notOffered: "モデルだけの場合との差は確認できません。",
  leftOut: (parts) => `学習に使わなかった選択：${parts}`,
  learnsVisible: (count) => `スコアを表示した状態での選択（${count}件）も学習に使う`,
  visible: (count) => `スコアを表示した状態での選択 ${count}件`,
  skipped: (count) => `スキップ ${count}件`,
  controls: (count) => `確認用ペア ${count}件`,
  gone: (count) => `画像が残っていないもの ${count}件`,
  comma: "、",
  use: "「採点」で使う",
  name: "名前",
  rename: "名前を変更",
  export: "書き出す",
  delete: "削除",
  deleted: (name) => `${name} を削除しました。`,
  broughtIn: (name) => `${name} を読み込みました。`,
  undo: "元に戻す",
  save: "保存",
  cancel: "キャンセル",
  words: "この好みを表す言葉",
  wordsAbout: "各テキストがあなたの好みの方向にどれだけ近いかを、ほかのテキストと比べて示します。塗りつぶした点は、95%区間が0を含まないことを表します。",
  wordsNeedModel: (model) => `テキストと比べるには ${model} を読み込んでください。`,
  wordsOneEach: "比べるテキスト（1行に1つ）",
  editWords: "テキストを編集",
  word: "テキスト",
  along: "好みの方向",
  more: "あなたはこの画像を、一般の人よりも好みます。",
  less: "あなたはこの画像を、一般の人ほど好みません。",
  same: "これまでの選択から見る限り、この画像の好みは一般の人と同じくらいです。",
  problemFile: (detail) => `このファイルは好みのデータとして使用できません（${detail}）。`,
  problemScorer: (name) => `この好みは別のモデル（${name}）をもとに学習されています。そのモデルを読み込んでから、もう一度読み込んでください。`,
  problemNoScorer: (name) => `この好みのもとになったモデル（${name}）を読み込んでから、もう一度読み込んでください。`,
  problemNothing: "学習に使える選択がありません。スキップされたか、確認用ペアか、画像が残っていないものだけです。",
  problemTaste: (detail) => `好みを計算できません（${detail}）。`,
};

export const tasteText = catalogue(en, ja);

/** A sentence about anything thrown while a taste is learned, read or stored. */
export function explainTaste(error: unknown): string {
  const { message = "" } = (error ?? {}) as { message?: string };
  switch (codeOf(error)) {
    case "taste-file":
      return tasteText.problemFile(message);
    case "taste-scorer":
      return tasteText.problemScorer(message);
    case "no-scorer":
      return tasteText.problemNoScorer(message);
    case "nothing-to-learn":
      return tasteText.problemNothing;
    case "taste":
      return tasteText.problemTaste(message);
    default:
      return explain(error);
  }
}
