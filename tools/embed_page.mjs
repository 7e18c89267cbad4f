// Puts the files of a folder into two sources: page_assets.S holds the bytes, plain and compressed,
// page_assets.cpp the table of them. embed_page.mjs FOLDER TARGET
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { gzipSync } from "node:zlib";

const mediaTypes = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  ico: "image/x-icon",
  js: "text/javascript; charset=utf-8",
  json: "application/json",
  png: "image/png",
  svg: "image/svg+xml",
  woff2: "font/woff2",
};

function filesOf(folder) {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const path = join(folder, name);
      return statSync(path).isDirectory() ? filesOf(path) : [path];
    });
}

const [source, target] = process.argv.slice(2);
const assembly = ["    .section .rodata"];
const declarations = [];
const rows = [];
let gzipBytes = 0;
for (const [index, file] of filesOf(source).entries()) {
  const path = relative(source, file);
  const mediaType = mediaTypes[path.split(".").pop()];
  if (mediaType === undefined) throw new Error(`${path}: no media type is known for it`);
  const bytes = readFileSync(file);
  const zipped = join(target, `asset${index}.gz`);
  const compressed = gzipSync(bytes, { level: 9 });
  gzipBytes += compressed.length;
  writeFileSync(zipped, compressed);
  const tag = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
  const views = [["plain", file], ["gzip", zipped]].map(([kind, from]) => {
    const symbol = `grapevine_page_${index}_${kind}`;
    const size = statSync(from).size;
    assembly.push(`    .global ${symbol}`, `${symbol}:`, `    .incbin "${from}"`);
    declarations.push(`extern "C" const char ${symbol}[];`);
    return `{${symbol}, ${size}}`;
  });
  const isNamedByContent = path.startsWith("assets/");
  rows.push(
    `    {"${path}", "${mediaType}", "\\"${tag}\\"", ${views.join(", ")}, ${isNamedByContent}},`,
  );
}
assembly.push('    .section .note.GNU-stack,"",@progbits', "");
writeFileSync(join(target, "page_assets.S"), assembly.join("\n"));
writeFileSync(
  join(target, "page_assets.cpp"),
  [
    '#include "daemon/page_assets.hpp"',
    "",
    "#include <array>",
    "",
    ...declarations,
    "",
    "namespace grapevine::daemon {",
    "",
    "std::span<const api::PageAsset> page_assets() {",
    `    static const std::array<api::PageAsset, ${rows.length}> assets = {{`,
    ...rows.map((row) => `    ${row}`),
    "    }};",
    "    return assets;",
    "}",
    "",
    "}  // namespace grapevine::daemon",
    "",
  ].join("\n"),
);
console.log(`page: ${rows.length} files, ${gzipBytes} bytes compressed`);
