import { readFileSync } from "node:fs";
import { defineConfig } from "vite";

const { version } = JSON.parse(readFileSync(new URL("../web/engine/package.json", import.meta.url), "utf8"));

export default defineConfig({
  // Works under any sub-path of any host.
  base: "./",
  define: { RELEASED_VERSION: JSON.stringify(version) },
  worker: { format: "es", rollupOptions: { output: { hashCharacters: "hex", entryFileNames: "assets/[name].[hash:10].js" } } },
  build: {
    outDir: "../dist",
    emptyOutDir: true,
    // `finish.mjs` reads what needs what, and takes it away.
    manifest: "manifest.chunks.json",
    target: "es2022",
    // Themes are `light-dark()`, which no older browser that runs the engine lacks.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    modulePreload: false,
    // Inlined files would be `data:` addresses, which the content security policy refuses.
    assetsInlineLimit: 0,
    rollupOptions: {
      // The names that `serve.mjs` and the headers of hosts take for files that never change.
      output: {
        hashCharacters: "hex",
        entryFileNames: "assets/[name].[hash:10].js",
        chunkFileNames: "assets/[name].[hash:10].js",
        assetFileNames: "assets/[name].[hash:10][extname]",
      },
      // The page uses the library as everybody else does: the built file, by its address.
      external: [/\/lib\/pickscore\.js$/],
    },
  },
});
