import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const server = process.env.CONVENE_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
    plugins: [react()],
    resolve: {
        alias: { "@convene/client": fileURLToPath(new URL("client/src/index.ts", import.meta.url)) },
        // Two copies of Yjs in one page do not know each other's types.
        dedupe: ["yjs", "y-protocols"],
    },
    build: {
        target: "es2022",
        // The CSP allows data: for images only, and fonts would be inlined too.
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
    },
    server: {
        fs: { allow: [".."] },
        proxy: {
            "/api": server,
            // The server lets a page in whose origin is its own host.
            "/ws": { target: server, ws: true, changeOrigin: true, headers: { origin: server } },
        },
    },
});
