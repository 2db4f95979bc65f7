// Loads a model on the CPU in f16 and reads its stored file.

globalThis.bench = {
  /** Milliseconds of loading the model, and where it came from. */
  async load() {
    const { Scorer } = await import("../lib/pickscore.js");
    const start = performance.now();
    const scorer = await Scorer.load({ model: new URL("../model/", import.meta.url).href, device: "cpu", precision: "f16" });
    const milliseconds = performance.now() - start;
    const { source } = scorer.info;
    await scorer.dispose();
    return { milliseconds, source };
  },

  /** Milliseconds of reading the stored file in a worker in one way, and its size. */
  async read(how) {
    const worker = new Worker(new URL("./stored-worker.mjs", import.meta.url), { type: "module" });
    const read = new Promise((resolve) => (worker.onmessage = ({ data }) => resolve(data)));
    worker.postMessage(how);
    return read.finally(() => worker.terminate());
  },
};
