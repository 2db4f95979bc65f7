/**
 * What the engine says about devices and precisions, in the visitor's language. The engine's own
 * sentences are English; one that is not known here is shown as it is.
 */

import { language } from "./language";

const JAPANESE: readonly [RegExp, string][] = [
  [/^The CPU was requested\.$/, "CPUが指定されました。"],
  [/^The precision (\S+) was requested\.$/, "精度 $1 が指定されました。"],
  [/^The model is small enough for f32\.$/, "モデルが小さいため、f32で動作します。"],
  [/^The GPU supports f16, which takes half the memory of f32\.$/, "GPUがf16に対応しています。f16のメモリ使用量はf32の半分です。"],
  [/^f16 takes half the memory of f32\.$/, "f16のメモリ使用量はf32の半分です。"],
  [/^q8 takes little more than a quarter of the memory of f32\.$/, "q8のメモリ使用量はf32の4分の1強です。"],
  [/^On this GPU q8-fast is not faster than q8, which is more accurate\.$/, "このGPUではq8-fastがq8より速くないため、より正確なq8で計算します。"],
  [/^WebGPU works, but (.+) is emulated on the CPU and slow\.$/, "WebGPUは動作しますが、$1 はCPUによるエミュレーションのため低速です。"],
  [/^WebGPU works on (.+) with 16-bit arithmetic\.$/, "WebGPUが $1 で動作します（16ビット演算に対応）。"],
  [/^WebGPU works on (.+)\.$/, "WebGPUが $1 で動作します。"],
  [/^WebGPU requires a page loaded over HTTPS or from localhost;.*$/, "WebGPUには、HTTPSまたはlocalhostから読み込んだページが必要です。代わりに、より低速なCPUを使います。"],
  [/^This browser has no WebGPU;.*$/, "このブラウザはWebGPUに対応していません。代わりに、より低速なCPUを使います。"],
  [/^This browser has WebGPU, but no graphics adapter that it can use;.*$/, "このブラウザはWebGPUに対応していますが、使用できるグラフィックスアダプターがありません。代わりに、より低速なCPUを使います。"],
  [/^WebGPU failed to start \((.*)\);.*$/, "WebGPUを開始できませんでした（$1）。代わりに、より低速なCPUを使います。"],
  [/^The graphics adapter (.+) does not support WebGPU's timestamp-query.*$/, "グラフィックスアダプター $1 は、必要な機能（WebGPUのtimestamp-query）に対応していません。代わりに、より低速なCPUを使います。"],
  [/^The graphics adapter (.+) is not sufficient \((.*)\);.*$/, "グラフィックスアダプター $1 の性能が足りません（$2）。代わりに、より低速なCPUを使います。"],
];

export function engineWords(words: string): string {
  if (language.value === "en") return words;
  const [pattern, japanese] = JAPANESE.find(([pattern]) => pattern.test(words)) ?? [];
  return pattern && japanese !== undefined ? words.replace(pattern, japanese) : words;
}
