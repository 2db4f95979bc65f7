/** A port whose other end is closed: what is transferred to it is freed. */
const { port1: nowhere, port2 } = new MessageChannel();
port2.close();

/**
 * Frees the memory of an array that nobody reads any more. Garbage collection frees it too, but
 * only when tens of megabytes of such arrays have accumulated.
 */
export function release({ buffer }: ArrayBufferView): void {
  nowhere.postMessage(null, [buffer as ArrayBuffer]);
}
