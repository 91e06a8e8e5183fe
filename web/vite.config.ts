import { transformWithOxc, type Plugin } from "vite";
import { defineConfig } from "vitest/config";

// The service that `npm run dev` shows; `mainshock monitor` listens here.
const SERVICE = "http://127.0.0.1:8765";

const SHIPPED = "dist/maplibre-gl.mjs";
const WORKER = "maplibre-gl/dist/maplibre-gl-worker.mjs?url";

/**
 * Build MapLibre from its sources, so that page and worker share one copy of what both need.
 *
 * As shipped, its worker repeats half of the library: 147 kB more to load, compressed.
 */
function sharedMapLibre(): Plugin {
  let sources = "";
  let worker = "";
  return {
    name: "shared-maplibre",
    apply: "build",
    enforce: "pre",
    async buildStart() {
      const shipped = (await this.resolve("maplibre-gl"))?.id ?? "";
      if (!shipped.endsWith(SHIPPED)) throw new Error(`MapLibre has moved its files: ${shipped}`);
      sources = `${shipped.slice(0, -SHIPPED.length)}src`;
      worker = this.emitFile({ type: "chunk", id: `${sources}/source/worker.ts`, name: "maplibre-worker" });
    },
    resolveId(id) {
      if (id === WORKER) return `\0${WORKER}`;
      return id === "maplibre-gl" && sources !== "" ? `${sources}/index.ts` : null;
    },
    load(id) {
      return id === `\0${WORKER}` ? `export default import.meta.ROLLUP_FILE_URL_${worker};` : null;
    },
    // its classes declare again what their parents' constructors have set, which must stay
    transform(code, id) {
      if (sources === "" || !id.startsWith(sources) || !id.endsWith(".ts")) return null;
      return transformWithOxc(code, id, {
        assumptions: { setPublicClassFields: true },
        typescript: { removeClassFieldsWithoutInitializer: true },
      });
    },
  };
}

export default defineConfig({
  base: "./", // works below any path of a reverse proxy
  plugins: [sharedMapLibre()],
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
