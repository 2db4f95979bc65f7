// The conditions of a run: date, machine, versions.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import { join } from "node:path";

export function machine(root) {
  const git = (...args) => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
  const version = (name) => JSON.parse(readFileSync(join(import.meta.dirname, "node_modules", name, "package.json"), "utf8")).version;
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: { processor: cpus()[0]?.model ?? "", cores: availableParallelism(), gigabytes: Math.round(totalmem() / 2 ** 30) },
    versions: { pickscore: git("rev-parse", "--short", "HEAD"), "onnxruntime-web": version("onnxruntime-web"), "transformers.js": version("@huggingface/transformers"), node: process.versions.node },
  };
}
