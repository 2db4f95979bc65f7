// Reads the weights of the stored model without an engine, 4 MB at a time: synchronously, as the
// library does where it can, or asynchronously, each while the next two are read.

const READ = 4 << 20;
const AHEAD = 2;

onmessage = async ({ data: how }) => {
  const root = await navigator.storage.getDirectory();
  const models = await (await root.getDirectoryHandle("pickscore")).getDirectoryHandle("models");
  const { value: folder } = await models.values().next();
  const handle = await folder.getFileHandle("weights.safetensors");
  const { size } = await handle.getFile();
  const start = performance.now();
  await { synchronously, asynchronously }[how](handle, size);
  postMessage({ milliseconds: performance.now() - start, bytes: size });
};

async function synchronously(handle, size) {
  const access = await handle.createSyncAccessHandle({ mode: "read-only" });
  const bytes = new Uint8Array(READ);
  for (let at = 0; at < size; at += READ) access.read(bytes, { at });
  access.close();
}

async function asynchronously(handle, size) {
  const file = await handle.getFile();
  const reading = [];
  for (let at = 0; at < size; at += READ) {
    reading.push(file.slice(at, at + READ).arrayBuffer());
    if (reading.length > AHEAD) await reading.shift();
  }
  await Promise.all(reading);
}
