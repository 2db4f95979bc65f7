// Memory of a browser's processes, read from Linux.

import { readdirSync, readFileSync } from "node:fs";

/** The browser's main process, found by its profile. */
export function browserProcess(profile) {
  return processes().find((pid) => {
    const command = read(pid, "cmdline");
    return command.includes(`--user-data-dir=${profile}`) && !command.includes("--type=");
  });
}

/**
 * Peak resident memory so far, in MB: of the page's renderer with its workers, of the GPU process,
 * and of all processes of the browser. Chromium also keeps a spare renderer, so only the largest
 * one counts as the page's.
 */
export function peaks(root) {
  const all = new Map();
  for (const pid of processes()) {
    const status = read(pid, "status");
    const kind = /--type=([\w-]+)/.exec(read(pid, "cmdline"))?.[1] ?? "browser";
    all.set(pid, { parent: String(number(status, "PPid")), kind, peak: number(status, "VmHWM") / 1024 });
  }
  const ours = (pid) => pid === root || (all.has(pid) && ours(all.get(pid).parent));
  const sum = { renderer: 0, gpu: 0, all: 0 };
  for (const [pid, { kind, peak }] of all) {
    if (!ours(pid)) continue;
    sum.all += peak;
    if (kind === "renderer") sum.renderer = Math.max(sum.renderer, peak);
    if (kind === "gpu-process") sum.gpu += peak;
  }
  return Object.fromEntries(Object.entries(sum).map(([name, megabytes]) => [name, Math.round(megabytes)]));
}

function processes() {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name));
}

function read(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    // The process ended meanwhile.
    return "";
  }
}

function number(status, name) {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
}
