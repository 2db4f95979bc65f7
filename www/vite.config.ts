import { defineConfig } from "vite";

export default defineConfig({
  // Works under any sub-path of any host.
  base: "./",
  build: {
    outDir: "../dist",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: false,
    rollupOptions: {
      // The page uses the library as everybody else does: the built file, by its address.
      external: [/\/lib\/pickscore\.js$/],
    },
  },
});
