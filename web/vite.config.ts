import { defineConfig } from "vitest/config";

// The page is served by the daemon below /ui/ under a policy without inline scripts and styles, so
// nothing is inlined. For `npm run dev`, GRAPEVINE_URL names the daemon that answers /v1.
export default defineConfig({
  base: "/ui/",
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Pages of text and the lab are loaded when they are opened.
    chunkSizeWarningLimit: 400,
  },
  server: {
    // The walk shows a program of ../examples as it is.
    fs: { allow: [".."] },
    proxy: {
      "/v1": { target: process.env["GRAPEVINE_URL"] ?? "http://127.0.0.1:9470", ws: true },
    },
  },
  test: { include: ["src/**/*.test.ts"] },
});
