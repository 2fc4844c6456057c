import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const server = process.env.KISEKI_BASE_URL ?? "http://127.0.0.1:8080";

/** Paths that the server answers; everything else is a page of the UI. */
const served = ["/api", "/graphql", "/files", "/health", "/ready", "/metrics"];

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    outDir: fileURLToPath(new URL("../server/src/kiseki_server/_web", import.meta.url)),
    emptyOutDir: true,
    assetsDir: "assets",
    target: "es2022",
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      output: {
        // A browser asks for six files at a time: what every page needs comes in a few.
        codeSplitting: {
          groups: [
            {
              name: "libraries",
              test: /node_modules[\\/](react|react-dom|scheduler|react-i18next|i18next|@tanstack[\\/](react-|query-|router-|history|store)|use-sync-external-store)/,
              priority: 30,
            },
            {
              name: "parts",
              test: /node_modules[\\/](radix-ui|@radix-ui|@floating-ui)/,
              priority: 20,
            },
            {
              name: "shared",
              test: /src[\\/](ui|lib|api|i18n|app|features[\\/][^\\/]+\.tsx?$)/,
              minShareCount: 3,
              priority: 10,
            },
          ],
        },
      },
    },
  },
  worker: { format: "es" },
  server: {
    host: "127.0.0.1",
    port: 5173,
    proxy: Object.fromEntries(served.map((path) => [path, { target: server }])),
  },
  test: {
    environment: "jsdom",
    setupFiles: ["./tests/setup.ts"],
    include: ["src/**/*.test.{ts,tsx}", "tests/**/*.test.{ts,tsx}"],
    css: false,
    restoreMocks: true,
    maxWorkers: 1,
  },
});
