// Builds the dashboard into a directory: node build/build.mjs DIRECTORY. It fails when the whole is too large.
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { worldMap } from "./map.mjs";

// How many bytes a browser may have to load, packed.
const budget = 300_000;

const out = process.argv[2];
if (!out) {
  console.error("name the directory to build into: node build/build.mjs DIRECTORY");
  process.exit(2);
}

const result = await build({
  entryPoints: { main: "src/main.tsx", theme: "src/theme.ts" },
  outdir: join(out, "assets"),
  entryNames: "[name]-[hash]",
  bundle: true,
  format: "iife",
  target: ["es2022"],
  jsx: "automatic",
  jsxImportSource: "preact",
  minify: true,
  legalComments: "none", // the licences are in licences.txt
  metafile: true,
  write: false,
  plugins: [worldMap],
  logLevel: "warning",
});

await mkdir(out, { recursive: true });
await rm(join(out, "assets"), { recursive: true, force: true });
await mkdir(join(out, "assets"));
const names = new Map(); // of what was main.js, with its hash
let packed = 0;
for (const file of result.outputFiles) {
  const name = basename(file.path);
  names.set(name.replace(/-[A-Z0-9]+\./, "."), name);
  packed += gzipSync(file.contents).length;
  await writeFile(join(out, "assets", name), file.contents);
}
const licences = await licencesOf(result.metafile);
const licencesName = `licences-${createHash("sha256").update(licences).digest("hex").slice(0, 8).toUpperCase()}.txt`;
await writeFile(join(out, "assets", licencesName), licences);
names.set("licences.txt", licencesName);

const page = (await readFile("src/index.html", "utf8")).replace(/\{\{(.+?)\}\}/g, (_, name) => {
  if (!names.has(name)) throw new Error(`src/index.html names ${name}, which was not built`);
  return "/dashboard/assets/" + names.get(name);
});
await writeFile(join(out, "index.html"), page);
packed += gzipSync(page).length;

const size = `${(packed / 1000).toFixed(0)} kB packed, of ${budget / 1000} kB allowed`;
if (packed > budget) {
  console.error(`the dashboard is too large: ${size}; take something out`);
  process.exit(1);
}
console.log(`built the dashboard: ${size}`);

// licencesOf collects the licence texts of the packages that are bundled.
async function licencesOf(metafile) {
  const packages = new Set();
  for (const input of Object.keys(metafile.inputs)) {
    const found = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (found && extname(input)) packages.add(found[1]);
  }
  packages.add("world-atlas"); // the map is made from it
  let text = "The dashboard contains these packages.\n";
  for (const name of [...packages].sort()) {
    const folder = join("node_modules", name);
    const { version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
    if (!file) throw new Error(`the package ${name} has no licence file`);
    text += `\n${name} ${version}\n\n${await readFile(join(folder, file), "utf8")}`;
  }
  return text;
}
