import { Browser } from "/work/wt-bench/tests/peers/browser/chromium.mjs";
import { Server } from "/work/wt-bench/tests/peers/browser/server.mjs";
const executable = process.argv[2] ?? "/usr/bin/chromium";
const s = await Server.start({ pages: "/work/wt-bench/tests/peers/browser/pages" });
const b = await Browser.start({ adapter: "swiftshader", executable });
await b.open(`${s.guest().url}pages/matmul.html`);
console.log(await b.call("adapter"));
for (let i = 0; i < 2; i++)
for (const fused of [true, false]) for (const [rows, columns] of [[4,4],[4,8],[8,8]]) {
  const r = await b.call("matmul", { m: 512, k: 1024, n: 1024, rows, columns, fused });
  console.log(fused, rows, columns, (1024 / r.milliseconds).toFixed(2), r.error);
}
await b.close(); s.stop();
