// This engine through its public API. Images are files of the model's size; the measured time
// includes decoding, hashing and resizing.

import { bitmap } from "./inputs.mjs";

export class Engine {
  static async load({ device, precision, weights = "" }) {
    const { PickScore } = await import("../lib/pickscore.js");
    const engine = new Engine();
    engine.scorer = await PickScore.load({ model: new URL(`../model/${weights}`, import.meta.url).href, device, precision });
    const { adapter, threads, engineMemory, logitScale, reasons } = engine.scorer.info;
    engine.info = { adapter, threads, logitScale, engineMegabytes: Math.round(engineMemory / 1e6), reasons };
    return engine;
  }

  prepareImages = (pictures, size) => pictures.map((levels) => bitmap(levels, size));
  prepareTexts = (prompts) => prompts;
  images = (files) => this.scorer.embedImages(files);
  texts = (prompts) => this.scorer.embedText(prompts);
  score = async (prompt, files) => (await this.scorer.score(prompt, files)).scores;

  /** Rewards `[prompts][images]`. After the first call, the images are in the library's cache. */
  async rewards(files, prompts) {
    const found = [];
    for (const prompt of prompts) found.push((await this.scorer.score(prompt, files)).scores);
    return found;
  }

  /** The GPU is used in the worker, which answers on a channel. */
  kernels() {
    const channel = new BroadcastChannel("profile");
    return new Promise((resolve) => {
      channel.onmessage = ({ data }) => {
        channel.close();
        resolve(data);
      };
      channel.postMessage("kernels");
    });
  }
}
