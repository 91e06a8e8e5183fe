import { defineConfig } from "vitest/config";

// The service that `npm run dev` shows; `mainshock monitor` listens here.
const SERVICE = "http://127.0.0.1:8765";

export default defineConfig({
  base: "./", // works below any path of a reverse proxy
  build: {
    outDir: "../src/mainshock/serve/page_assets",
    emptyOutDir: true,
    assetsInlineLimit: 0, // the page's security policy allows files only
    chunkSizeWarningLimit: 1200, // MapLibre, which comes after the page itself
    license: { fileName: "licenses.md" },
    modulePreload: { polyfill: false },
    target: "es2022",
    rolldownOptions: {
      output: {
        // MapLibre's worker: `.mjs` is unknown to some servers' lists of media types
        assetFileNames: (asset) =>
          asset.names[0]?.endsWith(".mjs") ? "assets/[name]-[hash].js" : "assets/[name]-[hash][extname]",
      },
    },
  },
  server: {
    proxy: {
      "/api": { target: SERVICE, ws: true },
      "/fdsnws": { target: SERVICE },
    },
  },
  // the style sheet itself, from which a test computes contrasts
  test: { include: ["src/**/*.test.ts"], css: { include: [/styles\.css/] } },
});
