// Builds src/tgac/kit/web/static/dist: the style sheet, the scripts, the icon sprite and a manifest of their names.
// `--check` builds into a temporary folder and compares with what is committed.
import {execFileSync} from "node:child_process";
import {createHash} from "node:crypto";
import {cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join, dirname} from "node:path";
import {fileURLToPath} from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, "..", "src", "tgac", "kit", "web", "static");
const modules = join(here, "node_modules");
const checking = process.argv.includes("--check");
const work = mkdtempSync(join(tmpdir(), "tgac-frontend-"));
const out = join(work, "dist");
mkdirSync(out);

const manifest = {};

function put(name, content) {
  const text = content.replace(/[ \t]+$/gm, "").trimEnd() + "\n";
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 10);
  const dot = name.lastIndexOf(".");
  manifest[name] = `${name.slice(0, dot)}-${hash}${name.slice(dot)}`;
  writeFileSync(join(out, manifest[name]), text);
}

function styles() {
  const built = join(work, "app.css");
  execFileSync(join(modules, ".bin", "tailwindcss"), ["-i", join(here, "app.css"), "-o", built], {cwd: here, stdio: "pipe"});
  return readFileSync(built, "utf8");
}

function symbol(line) {
  const [name, file = name] = line.split("=");
  const svg = readFileSync(join(modules, "lucide-static", "icons", `${file}.svg`), "utf8");
  const shapes = [...svg.matchAll(/<(?:path|rect|circle|line|polyline|polygon|ellipse)\s[^>]*\/>/g)].map((match) => match[0]);
  return `  <symbol id="${name}" viewBox="0 0 24 24">\n    ${shapes.join("\n    ")}\n  </symbol>`;
}

function icons() {
  const names = readFileSync(join(here, "icons.txt"), "utf8").split("\n").filter(Boolean);
  manifest.icons = names.map((line) => line.split("=")[0]);
  return `<svg xmlns="http://www.w3.org/2000/svg">\n${names.map(symbol).join("\n")}\n</svg>`;
}

function licences() {
  const parts = ["htmx.org", "lucide-static", "tailwindcss", "daisyui"].map((name) => {
    const {version} = JSON.parse(readFileSync(join(modules, name, "package.json"), "utf8"));
    return `${name} ${version}\n${"=".repeat(40)}\n${readFileSync(join(modules, name, "LICENSE"), "utf8").trim()}\n`;
  });
  writeFileSync(join(out, "LICENSES.txt"), parts.join("\n\n"));
}

put("app.css", styles());
put("app.js", readFileSync(join(here, "app.js"), "utf8"));
put("favicon.svg", readFileSync(join(here, "favicon.svg"), "utf8"));
// In one file: htmx begins by a timer, which may run before a second deferred script has come.
put("htmx.js", ["htmx.js", "ext/hx-sse.js"].map((name) => readFileSync(join(modules, "htmx.org", "dist", name), "utf8")).join("\n"));
put("icons.svg", icons());
licences();
writeFileSync(join(out, "manifest.json"), JSON.stringify(manifest, null, 1) + "\n");

function differences(one, other) {
  const names = new Set([one, other].flatMap((folder) => (existsSync(folder) ? readdirSync(folder) : [])));
  return [...names].filter((name) => {
    const [a, b] = [join(one, name), join(other, name)];
    return !existsSync(a) || !existsSync(b) || !readFileSync(a).equals(readFileSync(b));
  });
}

const target = join(source, "dist");
const differing = differences(out, target);
if (!checking) {
  rmSync(target, {recursive: true, force: true});
  cpSync(out, target, {recursive: true});
}
rmSync(work, {recursive: true, force: true});
if (checking && differing.length) {
  console.error(`static/dist is not what the sources give: ${differing.join(", ")}. Run: npm ci && npm run build`);
  process.exit(1);
}
