import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/** Where `npm run dev` finds the API; the built pages are served by the cloud itself. */
const api = process.env["TAKTLINE_API"] ?? "http://127.0.0.1:8000";

const REFERENCE_FILES = ["swagger-ui-bundle.js", "swagger-ui.css"];

/** The API's reference page (/docs) gets its files from us: a plant without internet must see it too. */
function apiReference(): Plugin {
  const { resolve } = createRequire(import.meta.url);
  return {
    name: "api-reference",
    generateBundle() {
      for (const name of REFERENCE_FILES) {
        const source = readFileSync(resolve(`swagger-ui-dist/${name}`));
        this.emitFile({ type: "asset", fileName: `reference/${name}`, source });
      }
    },
  };
}

export default defineConfig({
  plugins: [react(), apiReference()],
  server: { host: "127.0.0.1", proxy: { "/api": api } },
  build: { target: "es2022", chunkSizeWarningLimit: 700 },
});
