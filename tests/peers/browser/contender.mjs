// One engine in a separate browser: loads it, checks it, and times its calls.

import { statSync } from "node:fs";
import { join } from "node:path";
import { Browser } from "./chromium.mjs";
import { downloaded } from "./download.mjs";
import { casesOf, ENGINES, LARGEST, LOWEST } from "./places.mjs";

export class Contender {
  /** Starts a browser and loads the model. `first`: a module that runs before the engine. */
  static async start({ engine, precision, place, server, model, check, executable, first, precise = false }) {
    const contender = new Contender();
    const guest = server.guest({ isolated: place.threads !== 1, first });
    const browser = await Browser.start({ adapter: place.adapter, executable, precise });
    Object.assign(contender, { engine, precision, browser, guest, name: `${ENGINES[engine]} ${precision}`, turns: 0 });
    const result = { engine, precision, cases: {} };
    contender.result = result;
    try {
      await browser.open(`${guest.url}pages/engine.html?engine=${engine}${first && engine === "ort" ? "&profile" : ""}`);
      const settings = { device: place.device, precision, threads: place.threads, external: external(model, precision), weights: check.weights };
      const { milliseconds, ...info } = await browser.call("load", settings, check.size);
      Object.assign(result, { load: milliseconds, info, chromium: browser.version });
      // This is measured before anything else, because it is what a visitor waits for. It includes
      // shader compilation.
      const [image, prompt] = casesOf(check);
      result.first = { image: await contender.time(image), ...(prompt.images ? {} : { prompt: await contender.time(prompt) }) };
      Object.assign(result, await browser.call("check", check));
      const { cosine, difference } = result;
      const isSame = check.rewards ? difference <= LARGEST : cosine >= LOWEST[engine][precision];
      if (!isSame) throw new Error(`it computes something else: ${check.rewards ? `its rewards differ from PyTorch's by ${difference} of their spread` : `the cosine to PyTorch's embeddings is ${cosine}`}`);
      result.memory = { loaded: browser.peaks() };
    } catch (error) {
      result.failure = String(error.message ?? error).split("\n")[0];
      console.error(`  ${contender.name}: ${result.failure}`);
    }
    return contender;
  }

  get failed() {
    return this.result.failure !== undefined;
  }

  /** Milliseconds of a call with new inputs. */
  time(call) {
    return this.browser.call("time", call, ++this.turns);
  }

  /** Records peak memory and downloads, and closes the browser. */
  async finish() {
    if (!this.failed) {
      this.result.memory.end = this.browser.peaks();
      this.result.download = downloaded(this.guest.files);
    }
    await this.browser.close();
    return this.result;
  }
}

/** The towers whose weights are in a separate file. */
function external(model, precision) {
  const file = { f32: "model", f16: "f16", q8: "q8" }[precision];
  const there = (tower) => statSync(join(model, "onnx", tower, `${file}.data`), { throwIfNoEntry: false }) !== undefined;
  return { vision: there("vision"), text: there("text") };
}
