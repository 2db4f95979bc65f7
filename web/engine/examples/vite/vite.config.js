export default {
  base: "./",
  // Prebundling would break the URLs of the package's worker and wasm.
  optimizeDeps: { exclude: ["pickscore"] },
};
