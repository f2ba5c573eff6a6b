// Bundles the site's styles, script, font and icons into embedsite/static/dist.
import { build } from "esbuild";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..");
const dist = join(root, "embedsite", "static", "dist");

// One line per icon that a template may name with {% icon "name" %}.
const ICONS = (await readFile(join(here, "icons.txt"), "utf8")).split(/\s+/).filter(Boolean);

async function sprite() {
  const symbols = await Promise.all(
    ICONS.map(async (name) => {
      const file = join(root, "node_modules", "lucide-static", "icons", `${name}.svg`);
      const svg = await readFile(file, "utf8");
      const inner = svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>"));
      return `<symbol id="${name}" viewBox="0 0 24 24">${inner.replace(/\s+/g, " ").trim()}</symbol>`;
    }),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("\n")}</svg>\n`;
}

await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
await build({
  entryPoints: {
    app: join(here, "js", "app.js"),
    map: join(here, "js", "map", "index.js"),
    api_docs: join(here, "js", "api_docs.js"),
    style: join(here, "css", "app.css"),
    admin: join(here, "css", "admin.css"),
    widget: join(here, "css", "widget.css"),
    ask_box: join(here, "css", "ask_box.css"),
  },
  outdir: dist,
  bundle: true,
  minify: true,
  sourcemap: false,
  format: "iife",
  target: ["es2022"],
  supported: { nesting: true },
  loader: { ".woff2": "file" },
  assetNames: "[name]",
  logLevel: "warning",
});
// For other sites: alone, with its styles in it.
await build({
  entryPoints: { related: join(here, "js", "related.js"), ask: join(here, "js", "ask.js") },
  outdir: dist,
  bundle: true,
  minify: true,
  format: "iife",
  target: ["es2022"],
  loader: { ".css": "text" },
  logLevel: "warning",
});
await writeFile(join(dist, "icons.svg"), await sprite());
await writeFile(join(dist, "logo.svg"), await readFile(join(here, "logo.svg")));
