/**
 * Reads a stream into one buffer. A buffer per chunk would take a hundred megabytes until garbage
 * collection.
 */

export interface Reading {
  /** The next bytes, valid until the next call; `undefined` at the end. */
  next(): Promise<Uint8Array<ArrayBuffer> | undefined>;
  cancel(): Promise<void>;
}

/** Bytes per read. */
const PIECE = 1 << 20;

/** Reads a stream, into one buffer if the browser supports that. */
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

/**
 * A BYOB reader, if this is a byte stream. Response bodies are not byte streams in all browsers.
 */
function intoBuffers(stream: ReadableStream<Uint8Array<ArrayBuffer>>): ReadableStreamBYOBReader | undefined {
  try {
    return stream.getReader({ mode: "byob" });
  } catch {
    return undefined;
  }
}
