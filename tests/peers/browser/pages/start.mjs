// A visit of a page that loads the small model and scores one image. The address names the device:
// `start.html?device=cpu`.

const SAMPLE = "../samples/fluent-emoji/fox-on-blue.png";

globalThis.bench = {
  /** Milliseconds from the load to the end of each of its stages and to the first score. */
  async visit() {
    const image = await (await fetch(new URL(SAMPLE, import.meta.url))).blob();
    const { Scorer } = await import("../lib/pickscore.js");
    const device = new URLSearchParams(location.search).get("device");
    const start = performance.now();
    const since = () => performance.now() - start;
    const stages = {};
    let stage;
    const scorer = await Scorer.load({
      model: new URL("../small/", import.meta.url).href,
      device,
      onProgress: (progress) => {
        if (stage && stage !== progress.stage) stages[stage] = since();
        stage = progress.stage;
      },
    });
    stages[stage] = since();
    const { scores } = await scorer.score("a fox", [image]);
    stages.score = since();
    const { source, threads, precision } = scorer.info;
    await scorer.dispose();
    return { stages, scores, source, threads, precision };
  },
};
