// Reads the weights of the stored model as the library does, without an engine: 4 MB at a time,
// each while the next two are read.

const READ = 4 << 20;
const AHEAD = 2;

onmessage = async () => {
  const root = await navigator.storage.getDirectory();
  const models = await (await root.getDirectoryHandle("pickscore")).getDirectoryHandle("models");
  const { value: folder } = await models.values().next();
  const file = await (await folder.getFileHandle("weights.safetensors")).getFile();
  const start = performance.now();
  const reading = [];
  for (let at = 0; at < file.size; at += READ) {
    reading.push(file.slice(at, at + READ).arrayBuffer());
    if (reading.length > AHEAD) await reading.shift();
  }
  await Promise.all(reading);
  postMessage({ milliseconds: performance.now() - start, bytes: file.size });
};
