import { readFileSync } from "node:fs";
import { defineConfig } from "vite";

const { version } = JSON.parse(readFileSync(new URL("../web/engine/package.json", import.meta.url), "utf8"));

export default defineConfig({
  // Relative addresses work under any path.
  base: "./",
  define: { RELEASED_VERSION: JSON.stringify(version) },
  worker: { format: "es", rollupOptions: { output: { hashCharacters: "hex", entryFileNames: "assets/[name].[hash:10].js" } } },
  build: {
    outDir: "../dist",
    emptyOutDir: true,
    // `finish.mjs` reads the manifest of dependencies and removes it.
    manifest: "manifest.chunks.json",
    target: "es2022",
    // The themes use `light-dark()`, which every browser that can run the engine has.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    modulePreload: false,
    // Inlined files would be `data:` addresses, which the content security policy blocks.
    assetsInlineLimit: 0,
    rollupOptions: {
      // `serve.mjs` and the hosts' headers treat names of this form as immutable.
      output: {
        hashCharacters: "hex",
        entryFileNames: "assets/[name].[hash:10].js",
        chunkFileNames: "assets/[name].[hash:10].js",
        assetFileNames: "assets/[name].[hash:10][extname]",
      },
      // The page uses the library as everyone else does: the built file, from its address.
      external: [/\/lib\/pickscore\.js$/],
    },
  },
});
