/** nginx itself, with the documented configuration. */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const CONFIGURATION = resolve(import.meta.dirname, "../../www/deploy/nginx.conf");

export class Nginx {
  private constructor(
    private readonly process: ChildProcess,
    private readonly folder: string,
    /** The page's address. */
    readonly url: string,
  ) {}

  /** Serves `dist` with `www/deploy/nginx.conf`; only address and folder are replaced. */
  static async start(dist: string, port: number): Promise<Nginx> {
    const folder = mkdtempSync(join(tmpdir(), "pickscore-nginx-"));
    const server = readFileSync(CONFIGURATION, "utf8").replace("listen 80;", `listen 127.0.0.1:${port};`).replaceAll("/var/www/pickscore/dist", resolve(dist));
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder}/${name};`).join("\n");
    mkdirSync(join(folder, "logs"));
    const file = join(folder, "nginx.conf");
    const main = `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log; events {}`;
    writeFileSync(file, `${main}\nhttp {\ninclude /etc/nginx/mime.types;\naccess_log off;\n${temporary}\n${server}\n}\n`);
    const process = spawn("/usr/sbin/nginx", ["-p", folder, "-c", file], { stdio: ["ignore", "inherit", "inherit"] });
    const nginx = new Nginx(process, folder, `http://127.0.0.1:${port}/pickscore/`);
    for (let tries = 0; tries < 50; tries += 1) {
      if (await fetch(nginx.url).then(({ ok }) => ok, () => false)) return nginx;
      await new Promise((done) => setTimeout(done, 100));
    }
    const log = readFileSync(join(folder, "error.log"), "utf8");
    await nginx.stop();
    throw new Error(`nginx does not serve the page: ${log}`);
  }

  async stop(): Promise<void> {
    const ended = new Promise((done) => this.process.once("exit", done));
    this.process.kill();
    await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
