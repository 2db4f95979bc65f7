export default {
  base: "./",
  // The package brings its own worker and wasm, which Vite's development server would look for in the wrong place.
  optimizeDeps: { exclude: ["pickscore"] },
};
