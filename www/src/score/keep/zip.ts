/**
 * Writes a zip piece by piece: files are stored as they are, because images do not compress, and
 * only one is in memory at a time. Zip64 (APPNOTE 4.3) where sizes or counts need it.
 */

const encoder = new TextEncoder();
/** Largest value of a 32-bit and a 16-bit field; it means that the zip64 field has the value. */
const FULL = 0xffffffff;
const FULL_SHORT = 0xffff;
/** Names are UTF-8. */
const UTF8 = 1 << 11;

interface Entry {
  name: Uint8Array;
  crc: number;
  size: number;
  offset: number;
  time: number;
  date: number;
}

export class ZipWriter {
  readonly #write: (piece: Uint8Array<ArrayBuffer>) => Promise<void>;
  readonly #entries: Entry[] = [];
  #offset = 0;

  constructor(write: (piece: Uint8Array<ArrayBuffer>) => Promise<void>) {
    this.#write = write;
  }

  /** The number of bytes written. */
  get bytes(): number {
    return this.#offset;
  }

  async add(name: string, bytes: Uint8Array<ArrayBuffer>, modified: Date): Promise<void> {
    const entry: Entry = { name: encoder.encode(name), crc: await crc32(bytes), size: bytes.byteLength, offset: this.#offset, ...stamp(modified) };
    await this.#put(local(entry));
    await this.#put(bytes);
    this.#entries.push(entry);
  }

  /** Writes the directory, which ends the zip. */
  async finish(): Promise<void> {
    const start = this.#offset;
    for (const entry of this.#entries) await this.#put(central(entry));
    await this.#put(end(this.#entries.length, start, this.#offset - start));
  }

  async #put(piece: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.#write(piece);
    this.#offset += piece.byteLength;
  }
}

/** Little-endian fields: `[bytes, value]` each. */
function fields(...all: [size: 2 | 4 | 8, value: number][]): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(all.reduce((sum, [size]) => sum + size, 0)));
  let at = 0;
  for (const [size, value] of all) {
    if (size === 2) view.setUint16(at, value, true);
    else if (size === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += size;
  }
  return new Uint8Array(view.buffer);
}

function joined(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.byteLength;
  }
  return all;
}

/** The header before a file. A file of 4 GB cannot be an image that is in memory as a whole. */
function local({ name, crc, size, time, date }: Entry): Uint8Array<ArrayBuffer> {
  return joined(fields([4, 0x04034b50], [2, 20], [2, UTF8], [2, 0], [2, time], [2, date], [4, crc], [4, size], [4, size], [2, name.byteLength], [2, 0]), name);
}

/** A file's entry in the directory. */
function central({ name, crc, size, offset, time, date }: Entry): Uint8Array<ArrayBuffer> {
  const far = offset >= FULL;
  const extra = far ? fields([2, 1], [2, 8], [8, offset]) : new Uint8Array();
  const version = far ? 45 : 20;
  const head = fields(
    [4, 0x02014b50], [2, version], [2, version], [2, UTF8], [2, 0], [2, time], [2, date], [4, crc], [4, size], [4, size],
    [2, name.byteLength], [2, extra.byteLength], [2, 0], [2, 0], [2, 0], [4, 0], [4, far ? FULL : offset],
  );
  return joined(head, name, extra);
}

function end(count: number, start: number, size: number): Uint8Array<ArrayBuffer> {
  const large = count >= FULL_SHORT || start + size >= FULL;
  const zip64 = large
    ? joined(
        fields([4, 0x06064b50], [8, 44], [2, 45], [2, 45], [4, 0], [4, 0], [8, count], [8, count], [8, size], [8, start]),
        fields([4, 0x07064b50], [4, 0], [8, start + size], [4, 1]),
      )
    : new Uint8Array();
  const short = Math.min(count, FULL_SHORT);
  return joined(zip64, fields([4, 0x06054b50], [2, 0], [2, 0], [2, short], [2, short], [4, Math.min(size, FULL)], [4, Math.min(start, FULL)], [2, 0]));
}

/** A time as MS-DOS fields, which begin in 1980 and count two seconds. */
function stamp(moment: Date): { time: number; date: number } {
  const year = Math.min(127, Math.max(0, moment.getFullYear() - 1980));
  return {
    time: (moment.getHours() << 11) | (moment.getMinutes() << 5) | (moment.getSeconds() >> 1),
    date: (year << 9) | ((moment.getMonth() + 1) << 5) | moment.getDate(),
  };
}

/** Eight tables of 256 entries, for eight bytes at a time; made when first needed. */
let tables: Uint32Array | undefined;

function makeTables(): Uint32Array {
  const all = new Uint32Array(8 * 256);
  for (let index = 0; index < 256; index++) {
    let value = index;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    all[index] = value;
  }
  for (let index = 256; index < all.length; index++) {
    const before = all[index - 256] as number;
    all[index] = (before >>> 8) ^ (all[before & 255] as number);
  }
  return all;
}

/** Bytes between two pauses, which keep the page responsive. */
const AT_ONCE = 1 << 20;

/** The CRC-32 of IEEE 802.3. */
async function crc32(bytes: Uint8Array): Promise<number> {
  tables ??= makeTables();
  let crc = FULL;
  for (let start = 0; start < bytes.length; start += AT_ONCE) {
    if (start > 0) await new Promise((resolve) => setTimeout(resolve));
    crc = advance(tables, crc, bytes.subarray(start, start + AT_ONCE));
  }
  return (crc ^ FULL) >>> 0;
}

// Every index is within its array: a table's are masked to 256 entries.
function advance(table: Uint32Array, before: number, bytes: Uint8Array): number {
  let crc = before;
  let at = 0;
  const whole = bytes.length - (bytes.length % 8);
  while (at < whole) {
    const low = crc ^ ((bytes[at++] as number) | ((bytes[at++] as number) << 8) | ((bytes[at++] as number) << 16) | ((bytes[at++] as number) << 24));
    crc = (table[1792 + (low & 255)] as number) ^ (table[1536 + ((low >>> 8) & 255)] as number) ^ (table[1280 + ((low >>> 16) & 255)] as number) ^ (table[1024 + (low >>> 24)] as number);
    crc ^= (table[768 + (bytes[at++] as number)] as number) ^ (table[512 + (bytes[at++] as number)] as number) ^ (table[256 + (bytes[at++] as number)] as number) ^ (table[bytes[at++] as number] as number);
  }
  while (at < bytes.length) crc = (crc >>> 8) ^ (table[(crc ^ (bytes[at++] as number)) & 255] as number);
  return crc;
}
