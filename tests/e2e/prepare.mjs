// Makes the models that the browser tests load, and what the native engine computes with them: `node prepare.mjs GENERATE PICKSCORE FOLDER`.

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeTorchFile } from "./torch-file.mjs";

const [generate, pickscore, folder] = process.argv.slice(2);
const here = import.meta.dirname;
const fixtures = join(here, "../parity/fixtures");
const golden = JSON.parse(readFileSync(join(fixtures, "end-to-end.json"), "utf8"));

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const config = join(folder, "narrow.json");
writeFileSync(config, JSON.stringify(golden.source));
const make = (name, ...more) => {
  execFileSync(generate, ["--config", config, "--seed", String(golden.seed), "--out", join(folder, name), ...more]);
};
make("narrow");
make("sharded", "--shards", "3");
// The same weights as PyTorch's file, as a training script would save them.
mkdirSync(join(folder, "torch"));
copyFileSync(join(folder, "narrow/config.json"), join(folder, "torch/config.json"));
const torch = { prefix: "module.", wrapped: ["state_dict"] };
writeTorchFile(join(folder, "narrow/model.safetensors"), join(folder, "torch/pytorch_model.bin"), torch);

const images = golden.images.map((name) => join(fixtures, "pixels/files", name));
/** What the native engine computes on the CPU: `[prompts][images]`. */
function score(model, precision, prompts) {
  return prompts.map((prompt) => {
    const options = ["--device", "cpu", "--precision", precision, "--format", "json"];
    const json = execFileSync(pickscore, ["score", "--model", model, ...options, "--prompt", prompt, ...images], {
      stdio: ["ignore", "pipe", "ignore"],
      maxBuffer: 1 << 26,
    });
    return JSON.parse(json).images.map(({ score }) => score);
  });
}

for (const precision of ["f32", "f16", "q8"]) {
  const rows = score(join(folder, "narrow"), precision, golden.prompts);
  writeFileSync(join(folder, `narrow-${precision}.json`), JSON.stringify(rows));
}
// The model that comes with the page.
const prompts = ["a red apple", "three blue cars on a white background", "a smiling face"];
const scores = score(join(here, "../../www/public/models/pickscore-tiny"), "q8", prompts);
writeFileSync(join(folder, "tiny-q8.json"), JSON.stringify({ prompts, scores }));
const convert = ["convert", "--model", join(folder, "narrow"), "--out", join(folder, "shards")];
execFileSync(pickscore, [...convert, "--precision", "f32", "--shard-size", "6"]);
writeFileSync(join(folder, "complete"), "");
