/** Reading a stream without leaving a buffer behind for every chunk: until they are collected, those of a model take a hundred megabytes. */

export interface Reading {
  /** The next bytes, good until the call after; nothing at the end. */
  next(): Promise<Uint8Array<ArrayBuffer> | undefined>;
  cancel(): Promise<void>;
}

/** Bytes that are read at a time. */
const PIECE = 1 << 20;

/** Reads a stream into one buffer, where the browser can. */
export function reading(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Reading {
  const reader = intoBuffers(stream);
  if (!reader) {
    const plain = stream.getReader();
    return { next: async () => (await plain.read()).value, cancel: () => plain.cancel() };
  }
  let buffer = new ArrayBuffer(PIECE);
  return {
    async next() {
      const { done, value } = await reader.read(new Uint8Array(buffer));
      if (value) buffer = value.buffer;
      return done ? undefined : value;
    },
    cancel: () => reader.cancel(),
  };
}

/** Only streams of bytes are read so, which the bodies of answers are not in every browser. */
function intoBuffers(stream: ReadableStream<Uint8Array<ArrayBuffer>>): ReadableStreamBYOBReader | undefined {
  try {
    return stream.getReader({ mode: "byob" });
  } catch {
    return undefined;
  }
}
