import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** Where `npm run dev` finds the API; the built pages are served by the cloud itself. */
const api = process.env["TAKTLINE_API"] ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react()],
  server: { host: "127.0.0.1", proxy: { "/api": api } },
  build: { target: "es2022", chunkSizeWarningLimit: 700 },
});
