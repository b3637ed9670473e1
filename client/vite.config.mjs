// Every file directly in src/ is the entry of one page; what pages share lies in src/lib/.
import { readdirSync } from "node:fs";
import { defineConfig } from "vite";

const entries = readdirSync(new URL("./src/", import.meta.url)).filter((name) => name.endsWith(".ts"));

export default defineConfig({
  publicDir: false,
  base: "./", // files find each other wherever STATIC_URL puts them
  build: {
    outDir: "../archive/static/archive/client",
    emptyOutDir: true,
    manifest: "manifest.json",
    modulePreload: false, // its polyfill is for browsers that do not know modules of today
    target: "es2022",
    assetsInlineLimit: 0,
    rollupOptions: {
      input: entries.map((name) => `src/${name}`),
      output: {
        entryFileNames: "[name].[hash].js",
        chunkFileNames: "[name].[hash].js",
        assetFileNames: (asset) => `[name].[hash]${asset.names[0]?.includes(".") ? "[extname]" : ".txt"}`, // a licence has no ending
        hashCharacters: "hex", // whitenoise knows by it what never changes
      },
    },
  },
});
