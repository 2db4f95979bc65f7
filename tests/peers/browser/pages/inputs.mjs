// Images and prompts that no engine has seen before, each generated from a number.

/** A generator of 32-bit integers. */
function numbers(seed) {
  let state = (seed * 2654435761) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    // The high bits are the most random ones.
    return state >>> 8;
  };
}

/** Levels `[size, size, 3]`: areas of colour with grain. */
export function picture(seed, size) {
  const next = numbers(seed);
  const fields = Array.from({ length: 3 * 64 }, () => next() % 192);
  const levels = new Uint8Array(size * size * 3);
  let at = 0;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const field = ((y * 8) / size | 0) * 8 + ((x * 8) / size | 0);
      for (let channel = 0; channel < 3; channel++) levels[at++] = fields[channel * 64 + field] + (next() & 63);
    }
  }
  return levels;
}

const LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";

/** A prompt of this many words, each a letter or digit, so that `ids` can encode it. */
export function prompt(seed, words) {
  const next = numbers(seed);
  return Array.from({ length: words }, () => LETTERS[next() % LETTERS.length]).join(" ");
}

/** Number of positions of CLIP's context. */
const CONTEXT = 77;

/**
 * Token ids of such a prompt. CLIP's vocabulary begins with the bytes (from "!" on), followed by
 * the bytes that end a word.
 */
export function ids(prompt) {
  const [start, end] = [49406, 49407];
  const words = prompt.split(" ").map((letter) => 256 + letter.charCodeAt(0) - 33);
  return [start, ...words, ...Array.from({ length: CONTEXT - 1 - words.length }, () => end)];
}

/**
 * Token ids of such a prompt for ImageReward, which has 35 positions, by the places of letters and
 * digits in BERT's vocabulary. The padding is 0.
 */
export function bertIds(prompt) {
  const [start, end] = [101, 102];
  const words = prompt.split(" ").map((letter) => letter.charCodeAt(0) + (letter >= "a" ? 1037 - 97 : 1014 - 48));
  return [start, ...words, end, ...Array.from({ length: 33 - words.length }, () => 0)];
}

/** An image file with these levels that takes almost no time to decode: a bitmap. */
export function bitmap(levels, size) {
  const row = Math.ceil((size * 3) / 4) * 4;
  const bytes = new Uint8Array(54 + row * size);
  const view = new DataView(bytes.buffer);
  bytes.set([0x42, 0x4d]);
  view.setUint32(2, bytes.length, true);
  view.setUint32(10, 54, true);
  view.setUint32(14, 40, true);
  view.setInt32(18, size, true);
  view.setInt32(22, size, true);
  view.setUint16(26, 1, true);
  view.setUint16(28, 24, true);
  view.setUint32(34, row * size, true);
  for (let y = 0; y < size; y++) {
    // BMP stores rows from the bottom up, blue first.
    let to = 54 + (size - 1 - y) * row;
    for (let from = y * size * 3; from < (y + 1) * size * 3; from += 3) {
      bytes[to++] = levels[from + 2];
      bytes[to++] = levels[from + 1];
      bytes[to++] = levels[from];
    }
  }
  const file = new Blob([bytes], { type: "image/bmp" });
  release(bytes);
  return file;
}

/** A port whose other end is closed: what is transferred to it is freed. */
const { port1: nowhere, port2 } = new MessageChannel();
port2.close();

/** Frees an array, so that this page's garbage does not count as an engine's memory. */
export function release({ buffer }) {
  nowhere.postMessage(null, [buffer]);
}
