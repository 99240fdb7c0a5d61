// Where the names of a JavaScript or TypeScript line are defined, by TypeScript's language service: what bench/cases.py
// asks for JavaScript, TypeScript and TSX. Reads JSON lines {"file", "lines"} and answers each with
// {"LINE": [{"name", "column", "kind", "places": [[path, line]]}]}: the names that are defined in other files of the
// repository only. Lines count from 1, columns from 0 in UTF-16 units.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const readline = require("node:readline");
const ts = require(path.join(process.argv[3], "node_modules", "typescript"));

const root = fs.realpathSync(process.argv[2]);
const LEFT_OUT = new Set(["node_modules", ".git", "dist", "build", "coverage", "_cjs", "_esm", "_types"]);
const KINDS = new Set([
  "function", "class", "interface", "type", "enum", "enum member", "method", "property", "getter", "setter", "const",
  "let", "var", "constructor", "local class",
]);

function* walk(folder) {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const full = path.join(folder, entry.name);
    if (entry.isDirectory() && !LEFT_OUT.has(entry.name)) yield* walk(full);
    else if (entry.isFile()) yield full;
  }
}

const everything = [...walk(root)];
const files = everything.filter((file) => /\.([cm]?[jt]s|[jt]sx)$/.test(file) && fs.statSync(file).size < 400_000);

function packageFolders() {
  const folders = new Map();
  for (const file of everything.filter((file) => path.basename(file) === "package.json")) {
    try {
      const name = JSON.parse(fs.readFileSync(file, "utf8")).name;
      if (name) folders.set(name, path.dirname(file));
    } catch (error) {
      process.stderr.write(`${file}: ${error.message}\n`);
    }
  }
  return folders;
}

function compilerOptions() {
  const config = path.join(root, "tsconfig.json");
  const given = fs.existsSync(config)
    ? ts.parseJsonConfigFileContent(ts.readConfigFile(config, ts.sys.readFile).config ?? {}, ts.sys, root).options
    : {};
  return {
    baseUrl: given.baseUrl, paths: given.paths, pathsBasePath: given.pathsBasePath,
    allowJs: true, maxNodeModuleJsDepth: 0, noLib: false, skipLibCheck: true,
    allowImportingTsExtensions: true, noEmit: true,
    target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext, jsx: ts.JsxEmit.Preserve,
    moduleResolution: ts.ModuleResolutionKind.Bundler, customConditions: ["source"],
  };
}

const options = compilerOptions();
const packages = packageFolders();
const known = new Set(files);

// A name of one of the repository's own packages, which an installer would have linked into node_modules.
function ownPackage(name) {
  const parts = name.split("/");
  const length = name.startsWith("@") ? 2 : 1;
  const folder = packages.get(parts.slice(0, length).join("/"));
  if (!folder) return undefined;
  const inner = parts.slice(length).join("/");
  for (const base of [path.join(folder, "src", inner), path.join(folder, inner)]) {
    for (const ending of [".ts", ".tsx", ".js", "/index.ts", "/index.tsx", "/index.js"]) {
      const file = ending.startsWith("/") ? path.join(base, ending) : base + ending;
      if (known.has(file)) return { resolvedFileName: file, extension: path.extname(file) };
    }
  }
  return undefined;
}

const texts = new Map();
const host = {
  getScriptFileNames: () => files,
  getScriptVersion: () => "1",
  getScriptSnapshot: (file) => {
    if (!texts.has(file)) texts.set(file, fs.existsSync(file) ? fs.readFileSync(file, "utf8") : undefined);
    const text = texts.get(file);
    return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
  },
  getCurrentDirectory: () => root,
  getCompilationSettings: () => options,
  getDefaultLibFileName: ts.getDefaultLibFilePath,
  fileExists: ts.sys.fileExists, readFile: ts.sys.readFile, readDirectory: ts.sys.readDirectory,
  directoryExists: ts.sys.directoryExists, getDirectories: ts.sys.getDirectories,
  resolveModuleNames: (names, from) => names.map((name) =>
    ts.resolveModuleName(name, from, options, ts.sys).resolvedModule ?? ownPackage(name)),
};
const service = ts.createLanguageService(host);

function isImport(node) {
  for (let at = node; at; at = at.parent) {
    if (ts.isImportDeclaration(at) || ts.isImportEqualsDeclaration(at) || ts.isExportDeclaration(at)) return true;
    if (ts.isVariableStatement(at) && /\brequire\(/.test(at.getText())) return true;
  }
  return false;
}

function isElsewhere(source, file) {
  return file.startsWith(root + path.sep) && file !== source.fileName && !file.includes("/node_modules/");
}

function place(file, offset) {
  const line = service.getProgram().getSourceFile(file).getLineAndCharacterOfPosition(offset).line + 1;
  return [path.relative(root, file).split(path.sep).join("/"), line];
}

// A call is resolved to one overload; any of the others shows how the name is called as well.
function overloads(source, node) {
  const checker = service.getProgram().getTypeChecker();
  const found = checker.getSymbolAtLocation(node);
  const symbol = found && found.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(found) : found;
  return (symbol?.declarations ?? [])
    .filter((found) => found.name && ts.isFunctionLike(found) && isElsewhere(source, found.getSourceFile().fileName))
    .map((found) => place(found.getSourceFile().fileName, found.name.getStart()));
}

function need(source, node) {
  const definitions = service.getDefinitionAtPosition(source.fileName, node.getStart()) ?? [];
  if (!definitions.every((found) => isElsewhere(source, found.fileName) && KINDS.has(found.kind))) return undefined;
  const places = definitions.map((found) => place(found.fileName, found.textSpan.start));
  const known = new Set(places.map(String));
  places.push(...overloads(source, node).filter((other) => !known.has(String(other))));
  return definitions.length ? { name: node.text, kind: definitions[0].kind, places } : undefined;
}

function answer(file, lines) {
  const source = service.getProgram().getSourceFile(path.join(root, file));
  const wanted = new Set(lines);
  const found = {};
  const visit = (node) => {
    if (ts.isIdentifier(node)) {
      const { line, character } = source.getLineAndCharacterOfPosition(node.getStart());
      if (!wanted.has(line + 1) || isImport(node)) return;
      const one = need(source, node);
      if (one) (found[line + 1] ??= []).push({ ...one, column: character });
    }
    ts.forEachChild(node, visit);
  };
  if (source) visit(source);
  return found;
}

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const asked = JSON.parse(line);
  let found = {};
  try {
    found = answer(asked.file, asked.lines);
  } catch (error) {
    process.stderr.write(`${asked.file}: ${error.message}\n`);
  }
  process.stdout.write(JSON.stringify(found) + "\n");
});
