// Makes the models for the browser tests and the native engine's results:
// `node prepare.mjs GENERATE PICKSCORE FOLDER`.

import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
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
// The same weights as a PyTorch file, as a training script would save them.
mkdirSync(join(folder, "torch"));
copyFileSync(join(folder, "narrow/config.json"), join(folder, "torch/config.json"));
const torch = { prefix: "module.", wrapped: ["state_dict"] };
writeTorchFile(join(folder, "narrow/model.safetensors"), join(folder, "torch/pytorch_model.bin"), torch);

// Small models of every scorer, as their authors publish them: see scorers.ts.
const stored = join(fixtures, "scorers");
const write = (from, to) => {
  const made = join(folder, "made");
  execFileSync(generate, ["--stored", join(stored, `${from}.zlib`), "--out", made]);
  mkdirSync(dirname(to), { recursive: true });
  renameSync(join(made, from), to);
};
const { cases } = JSON.parse(readFileSync(join(stored, "scorers.json"), "utf8"));
for (const [index, { files, config }] of cases.entries()) {
  const place = join(folder, "scorers", String(index));
  for (const [from, to] of Object.entries(files)) write(from, join(place, to));
  for (const [name, json] of Object.entries(config ?? {})) writeFileSync(join(place, name), JSON.stringify(json));
}
write("image-reward.pt", join(folder, "scorers/ImageReward.pt"));
for (const name of ["HPS_v2_compressed.pt", "HPS_v2.1_compressed.pt"]) write(name, join(folder, "scorers", name));
// A model with embeddings as long as OpenAI's ViT-B/32, for one of LAION's heads.
const source = { ...golden.source, projection_dim: 512 };
writeFileSync(config, JSON.stringify(source));
make("wide");
copyFileSync(join(fixtures, "torch/heads/sa_0_4_vit_b_32_linear.pth"), join(folder, "wide/sa_0_4_vit_b_32_linear.pth"));
copyFileSync(join(fixtures, "torch/heads/sa_0_4_vit_b_32_linear.pth"), join(folder, "head.pth"));

const images = golden.images.map((name) => join(fixtures, "pixels/files", name));
/** The native engine's scores on the CPU: `[prompts][images]`. */
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

/** The first digits of a scorer's identity, which the command says when it refuses a taste. */
function identityOf(model) {
  const taste = {
    ...{ format: "pickscore-taste", version: 1, name: "none", choices: 0, ties: 0, accuracy: null, dimensions: 1, alpha: 1, tie: null },
    scorer: { name: "pickscore", fingerprint: "0".repeat(64), scale: 1 },
    weights: Buffer.alloc(4).toString("base64"),
    uncertainty: { weights: 1, alpha: 1, reductions: [], directions: "" },
  };
  const file = join(folder, "taste.json");
  writeFileSync(file, JSON.stringify(taste));
  const run = spawnSync(pickscore, ["taste", "apply", "--model", model, "--taste", file, "--prompt", "a fox", images[0]], { encoding: "utf8" });
  const identity = /not pickscore \(([0-9a-f]{8})\)/.exec(run.stderr)?.[1];
  if (!identity) throw new Error(`the command does not refuse another scorer's taste: ${run.stderr}`);
  return identity;
}

for (const precision of ["f32", "f16", "q8"]) {
  const rows = score(join(folder, "narrow"), precision, golden.prompts);
  writeFileSync(join(folder, `narrow-${precision}.json`), JSON.stringify(rows));
}
// The model that comes with the page.
const prompts = ["a red apple", "three blue cars on a white background", "a smiling face"];
const tiny = join(here, "../../www/public/models/pickscore-tiny");
const scores = score(tiny, "q8", prompts);
writeFileSync(join(folder, "tiny-q8.json"), JSON.stringify({ prompts, scores, identity: identityOf(tiny) }));
const convert = ["convert", "--model", join(folder, "narrow"), "--out", join(folder, "shards")];
execFileSync(pickscore, [...convert, "--precision", "f32", "--shard-size", "6"]);
writeFileSync(join(folder, "complete"), "");
