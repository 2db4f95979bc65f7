// Decodes and embeds generated images.

/** Number of different images of each kind; bytes after their end make files that differ. */
const DIFFERENT = 4;
/** Width, height, type and quality. The files are as large as usual photographs and renders. */
const KINDS = { pngs: [1024, 1024, "image/png"], jpegs: [4000, 3000, "image/jpeg", 0.9] };

const originals = {};
let next = 0;
let scorer;
let workers;

/** A picture with smooth parts, edges and some noise, like a photograph. */
async function draw([width, height, type, quality], seed) {
  let state = seed * 2654435761 + 1;
  const random = () => ((state = (Math.imul(state, 1664525) + 1013904223) >>> 0), state / 2 ** 32);
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  for (let at = 0; at < 150; at++) {
    const [x, y, r] = [random() * width, random() * height, (random() * width) / 5];
    const gradient = context.createRadialGradient(x, y, 0, x, y, r);
    const color = () => `rgb(${random() * 255} ${random() * 255} ${random() * 255})`;
    gradient.addColorStop(0, color());
    gradient.addColorStop(1, color());
    context.fillStyle = gradient;
    context.beginPath();
    context.ellipse(x, y, r, r * random(), random() * 3, 0, 7);
    context.fill();
  }
  const image = context.getImageData(0, 0, width, height);
  for (let at = 0; at < image.data.length; at++) if (at % 4 < 3) image.data[at] += random() * 6 - 3;
  context.putImageData(image, 0, 0);
  return canvas.convertToBlob({ type, quality });
}

/** Files that no call has seen. */
function files(counts) {
  return Object.entries(counts).flatMap(([kind, count]) =>
    Array.from({ length: count }, (_, at) => {
      const original = originals[kind][at % DIFFERENT];
      return new File([original, new Uint32Array([next++])], `${kind}-${at}`, { type: original.type });
    }),
  );
}

globalThis.bench = {
  async load({ model, device, decoder, worker }) {
    for (const [kind, of] of Object.entries(KINDS)) {
      originals[kind] = await Promise.all(Array.from({ length: DIFFERENT }, (_, seed) => draw(of, seed + 1)));
    }
    console.info(Object.entries(originals).map(([kind, blobs]) => `${kind}: ${blobs.map(({ size }) => size)}`).join(", "));
    const { Scorer } = await import(new URL("../lib/pickscore.js", location.href).href);
    scorer = await Scorer.load({ model, device, precision: "f32", cache: "off" });
    // Also starts the library's workers.
    await scorer.embedImages(files({ pngs: 8 }));
    if (!decoder) return;
    const module = await WebAssembly.compileStreaming(fetch(decoder));
    workers = await Promise.all(
      Array.from({ length: navigator.hardwareConcurrency }, async () => {
        const made = new Worker(worker, { type: "module" });
        const ready = new Promise((resolve) => (made.onmessage = resolve));
        made.postMessage({ module, size: scorer.info.imageSize });
        await ready;
        return made;
      }),
    );
  },

  /** Milliseconds of decoding on all cores, without computing. */
  async decode(counts) {
    const images = files(counts);
    const start = performance.now();
    await Promise.all(
      workers.map((worker) => {
        return new Promise((resolve) => {
          let working = 0;
          const give = () => {
            // One is decoded, one is read.
            for (; working < 2 && images.length > 0; working++) worker.postMessage({ image: images.shift() });
            if (working === 0) resolve();
          };
          worker.onmessage = () => {
            working--;
            give();
          };
          give();
        });
      }),
    );
    return performance.now() - start;
  },

  /** Milliseconds from files to embeddings. */
  async embed(counts) {
    const images = files(counts);
    const start = performance.now();
    await scorer.embedImages(images);
    return performance.now() - start;
  },
};
