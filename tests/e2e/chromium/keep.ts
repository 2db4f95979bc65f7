/** Helpers for the tests of saving: folders that a test can look into, and failures on request. */

import type { Page } from "@playwright/test";

/**
 * Lets the folder dialogue choose folders of the origin private file system, which are real folders
 * to the page: those named in `window.folders`, one after the other, the last one again and again.
 */
export async function choosingFolders(page: Page, ...names: string[]): Promise<void> {
  await page.addInitScript((names) => {
    const folders = { folders: names };
    Object.assign(window, folders, {
      showDirectoryPicker: async () => {
        const name = (folders.folders.length > 1 ? folders.folders.shift() : folders.folders[0]) as string;
        if (name === "") throw new DOMException("The user aborted a request.", "AbortError");
        return (await navigator.storage.getDirectory()).getDirectoryHandle(name, { create: true });
      },
    });
  }, names);
}

/** The files of such a folder with the SHA-256 of their contents; nothing if it is gone. */
export async function contents(page: Page, name: string): Promise<Record<string, string> | undefined> {
  return page.evaluate(async (name) => {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle(name).catch(() => undefined);
    if (!folder) return undefined;
    const found: Record<string, string> = {};
    for await (const [file, handle] of folder.entries()) {
      const bytes = await (await (handle as FileSystemFileHandle).getFile()).arrayBuffer();
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
      found[file] = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    }
    return found;
  }, name);
}

export async function read(page: Page, folder: string, name: string): Promise<string> {
  return page.evaluate(
    async ([folder, name]) => {
      const root = await navigator.storage.getDirectory();
      const handle = await (await root.getDirectoryHandle(folder as string)).getFileHandle(name as string);
      return (await handle.getFile()).text();
    },
    [folder, name],
  );
}

/** Writes a file as another program would. */
export async function write(page: Page, folder: string, name: string, text: string): Promise<void> {
  await page.evaluate(
    async ([folder, name, text]) => {
      const root = await navigator.storage.getDirectory();
      const place = await root.getDirectoryHandle(folder as string, { create: true });
      const stream = await (await place.getFileHandle(name as string, { create: true })).createWritable();
      await stream.write(text as string);
      await stream.close();
    },
    [folder, name, text],
  );
}

/** From now on, writing waits after this many files, until {@link release}. */
export async function holdAfter(page: Page, files: number): Promise<void> {
  await page.evaluate((files) => {
    const { createWritable } = FileSystemFileHandle.prototype;
    const gate = Promise.withResolvers<void>();
    let written = 0;
    Object.assign(window, { gate, held: false });
    FileSystemFileHandle.prototype.createWritable = async function (...given) {
      if (written++ >= files) {
        Object.assign(window, { held: true });
        await gate.promise;
      }
      return createWritable.apply(this, given);
    };
  }, files);
}

export async function held(page: Page): Promise<void> {
  await page.waitForFunction(() => (window as unknown as { held: boolean }).held);
}

export async function release(page: Page): Promise<void> {
  await page.evaluate(() => (window as unknown as { gate: PromiseWithResolvers<void> }).gate.resolve());
}

/** Makes the browser refuse to write, as after a withdrawn permission, until it is asked again. */
export async function withdrawAfter(page: Page, files: number): Promise<void> {
  await page.evaluate((files) => {
    const { getFileHandle } = FileSystemDirectoryHandle.prototype;
    const { createWritable } = FileSystemFileHandle.prototype;
    let written = 0;
    let withdrawn = false;
    FileSystemFileHandle.prototype.createWritable = function (...given) {
      written++;
      return createWritable.apply(this, given);
    };
    FileSystemDirectoryHandle.prototype.getFileHandle = async function (...given) {
      // The page's private copies need no permission.
      if (this.name === "table") return getFileHandle.apply(this, given);
      if (written === files) withdrawn = true;
      if (withdrawn) throw new DOMException("The request is not allowed by the user agent.", "NotAllowedError");
      return getFileHandle.apply(this, given);
    };
    Object.assign(FileSystemHandle.prototype, {
      queryPermission: async () => (withdrawn ? "prompt" : "granted"),
      requestPermission: async () => {
        withdrawn = false;
        written++;
        return "granted";
      },
    });
  }, files);
}
