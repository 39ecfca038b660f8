// One HTML file with everything in it: the page must open from a folder, with no server and no network.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { defineConfig } from "vite";

const here = dirname(fileURLToPath(import.meta.url));
const ROOT_FILES = ["index.html", "package-lock.json", "package.json", "tsconfig.json", "vite.config.mjs"];

/** The digest of all sources, which tests/show/test_page.py computes again without Node. */
function digest() {
  const sources = readdirSync(join(here, "src"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(here.length + 1).replaceAll("\\", "/"));
  const hash = createHash("sha256");
  for (const name of [...ROOT_FILES, ...sources].sort()) {
    hash.update(name + "\0" + readFileSync(join(here, name), "utf8").replaceAll("\r\n", "\n") + "\0");
  }
  return hash.digest("hex");
}

/** Puts script and style into the page, and the licence of what is built in at its top. */
function inline() {
  return {
    name: "inline",
    enforce: "post",
    generateBundle(_options, bundle) {
      const page = bundle["index.html"];
      let html = String(page.source);
      for (const [name, part] of Object.entries(bundle)) {
        if (part === page) continue;
        const file = name.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
        if (name.endsWith(".css")) {
          const css = String(part.source).trim();
          html = html.replace(new RegExp(`<link[^>]*${file}[^>]*>`), () => `<style>${css}</style>`);
        } else {
          const js = part.code.trim().replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");
          html = html.replace(new RegExp(`\\s*<script[^>]*${file}[^>]*></script>`), "");
          // After the data, which it reads.
          html = html.replace("</body>", () => `<script type="module">${js}</script>\n</body>`);
        }
        delete bundle[name];
      }
      const licence = readFileSync(join(here, "node_modules/@dagrejs/dagre/LICENSE"), "utf8").trim();
      const header = `<!--\nBuilt from web/ by \`make web\`; sources sha256 ${digest()}\n\n@dagrejs/dagre, @dagrejs/graphlib:\n${licence}\n-->`;
      page.source = html.replace(/<!doctype html>/i, () => `<!doctype html>\n${header}`);
    },
  };
}

export default defineConfig({
  root: here,
  plugins: [inline()],
  build: {
    outDir: join(here, "../src/dualtape/show/page"),
    emptyOutDir: false,
    target: "es2022",
    modulePreload: false,
    reportCompressedSize: true,
    rollupOptions: { output: { entryFileNames: "app.js", assetFileNames: "app[extname]" } },
  },
  test: { include: ["tests/**/*.test.ts"], environment: "node" },
});
