// Rewrites a safetensors file as a zip in the layout of `torch.save`: stored entries, `data.pkl`
// first, sizes after the data.

import { readFileSync, writeFileSync } from "node:fs";
import { crc32 } from "node:zlib";

const STORAGES = { F32: "FloatStorage", F16: "HalfStorage", BF16: "BFloat16Storage" };
const BYTES = { F32: 4, F16: 2, BF16: 2 };

/**
 * Writes the tensors of `from` to `to`, with `prefix` before their names, nested in the mappings
 * named by `wrapped`.
 */
export function writeTorchFile(from, to, { prefix = "", wrapped = [] } = {}) {
  const file = readFileSync(from);
  const headerLength = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, 8 + headerLength).toString());
  const data = file.subarray(8 + headerLength);
  const tensors = Object.entries(header).filter(([name]) => name !== "__metadata__");
  const entries = [["archive/data.pkl", pickle(tensors, prefix, wrapped)], ["archive/byteorder", Buffer.from("little")]];
  for (const [index, [, { data_offsets: [begin, end] }]] of tensors.entries()) {
    entries.push([`archive/data/${index}`, data.subarray(begin, end)]);
  }
  entries.push(["archive/version", Buffer.from("3\n")]);
  writeFileSync(to, zip(entries));
}

function pickle(tensors, prefix, wrapped) {
  const parts = [Buffer.from([0x80, 2])];
  const push = (...bytes) => parts.push(...bytes.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : part)));
  const text = (value) => {
    const bytes = Buffer.from(value);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    push("X", length, bytes);
  };
  const integer = (value) => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(value);
    push("J", bytes);
  };
  const tuple = (values) => {
    push("(");
    values.forEach(integer);
    push("t");
  };
  for (const name of wrapped) {
    push("}(");
    text(name);
  }
  push("}(");
  for (const [index, [name, { dtype, shape }]] of tensors.entries()) {
    text(prefix + name);
    push("ctorch._utils\n_rebuild_tensor_v2\n", "((");
    text("storage");
    push(`ctorch\n${STORAGES[dtype]}\n`);
    text(String(index));
    text("cuda:0");
    const count = shape.reduce((product, side) => product * side, 1);
    integer(count);
    push("tQ");
    integer(0);
    tuple(shape);
    tuple(shape.map((_, at) => shape.slice(at + 1).reduce((product, side) => product * side, 1)));
    push("\x89", "ccollections\nOrderedDict\n)R", "tR");
    if (count * BYTES[dtype] > 0x7fffffff) throw new Error(`${name} is too large for this writer`);
  }
  push("u");
  for (const _ of wrapped) push("u");
  push(".");
  return Buffer.concat(parts);
}

function zip(entries) {
  const parts = [];
  const directory = [];
  let at = 0;
  const push = (part) => {
    parts.push(part);
    at += part.length;
  };
  for (const [name, bytes] of entries) {
    const path = Buffer.from(name);
    const start = at;
    // Data starts at multiples of 64 bytes.
    const padding = (64 - ((at + 30 + path.length + 4) % 64)) % 64;
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    // Sizes and checksum follow the data.
    local.writeUInt16LE(8, 6);
    local.writeUInt16LE(path.length, 26);
    local.writeUInt16LE(4 + padding, 28);
    const extra = Buffer.alloc(4 + padding, "Z");
    extra.write("FB", 0);
    extra.writeUInt16LE(padding, 2);
    const checksum = crc32(bytes);
    const descriptor = Buffer.alloc(16);
    descriptor.writeUInt32LE(0x08074b50, 0);
    descriptor.writeUInt32LE(checksum, 4);
    descriptor.writeUInt32LE(bytes.length, 8);
    descriptor.writeUInt32LE(bytes.length, 12);
    [local, path, extra, bytes, descriptor].forEach(push);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(8, 8);
    central.writeUInt32LE(checksum, 16);
    central.writeUInt32LE(bytes.length, 20);
    central.writeUInt32LE(bytes.length, 24);
    central.writeUInt16LE(path.length, 28);
    central.writeUInt32LE(start, 42);
    directory.push(central, path);
  }
  const begin = at;
  directory.forEach(push);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(at - begin, 12);
  end.writeUInt32LE(begin, 16);
  push(end);
  return Buffer.concat(parts);
}
