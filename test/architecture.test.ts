import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { ownVersion } from "../src/core/version.ts";
import { folders, foldersTable } from "./folders.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

const allowed: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  folders.map(({ name, mayImport }) => [name, mayImport]),
);

/** Node modules that a folder must not import. */
const forbidden: Readonly<Record<string, RegExp>> = {
  core: /^node:(?!url$)/,
  protocol: /^node:/,
};
/** Globals that wait, or that read the clock, the environment or a stream. */
const clocks =
  /\b(setTimeout|setInterval|setImmediate|Date\.now|new Date|performance\.|process\.(env|stdin|stdout|stderr|hrtime|on))/;

interface Source {
  /** The path below src. */
  readonly path: string;
  readonly folder: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const sources: readonly Source[] = (readdirSync(`${root}/src`, { recursive: true }) as string[])
  .filter((path) => path.endsWith(".ts"))
  .map((path) => {
    const text = readFileSync(`${root}/src/${path}`, "utf8");
    const imports = [
      ...text.matchAll(/(?:^(?:import|export)\b[^;]*?\bfrom|^import|\bimport\()\s*"([^"]+)"/gm),
    ].map(([, name]) => name!);
    return { path, folder: folderOf(path), text, imports };
  });

function folderOf(path: string): string {
  return path.split("/")[0]!;
}

/** Returns the imported files of src as paths below src. */
function importedFiles({ path, imports }: Source): readonly string[] {
  return imports.filter((name) => name.startsWith(".")).map((name) => posix.join(posix.dirname(path), name));
}

describe("the layers of src", () => {
  it("every folder of src is in the table of layers", () => {
    expect(
      [...new Set(sources.map(({ folder }) => folder))].filter((folder) => !(folder in allowed)),
    ).toEqual([]);
  });

  it("the README's table of folders is up to date (UPDATE_README=1 renews it)", () => {
    const path = `${root}/README.md`;
    const text = readFileSync(path, "utf8");
    const renewed = text.replace(/^\| folder \|.*?(?=\n\n)/ms, () => foldersTable());
    if (process.env.UPDATE_README === "1") writeFileSync(path, renewed);
    else expect(renewed).toBe(text);
  });

  it.each(Object.keys(allowed))("%s imports only layers below it", (folder) => {
    const wrong = sources
      .filter((source) => source.folder === folder)
      .flatMap((source) =>
        importedFiles(source)
          .filter((file) => folderOf(file) !== folder && !allowed[folder]!.includes(folderOf(file)))
          .map((file) => `${source.path} imports ${file}`),
      );
    expect(wrong).toEqual([]);
  });

  it.each(Object.keys(forbidden))("%s does no input or output", (folder) => {
    const wrong = sources
      .filter((source) => source.folder === folder)
      .flatMap(({ path, text, imports }) => [
        ...imports.filter((name) => forbidden[folder]!.test(name)).map((name) => `${path} imports ${name}`),
        ...(clocks.test(text) ? [`${path} uses ${clocks.exec(text)![0]}`] : []),
      ]);
    expect(wrong).toEqual([]);
  });

  it.each(["plugins", "filters"])("none of the %s imports another one", (folder) => {
    const nameOf = (path: string): string => path.split("/")[1]!.replace(/\.ts$/, "");
    const wrong = sources
      .filter((source) => source.folder === folder)
      .flatMap((source) =>
        importedFiles(source)
          .filter((file) => folderOf(file) === folder && nameOf(file) !== nameOf(source.path))
          .map((file) => `${source.path} imports ${file}`),
      );
    expect(wrong).toEqual([]);
  });

  it("only the plugin nbd imports the client", () => {
    const clients = sources.filter(
      (source) =>
        source.folder === "plugins" && importedFiles(source).some((file) => folderOf(file) === "client"),
    );
    expect(clients.filter(({ path }) => !/^plugins\/nbd\b/.test(path)).map(({ path }) => path)).toEqual([]);
  });

  it("the only npm dependency is node-gyp-build, the loader of the addon", () => {
    const packages = sources.flatMap(({ imports }) => imports.filter((name) => !/^(\.|node:)/.test(name)));
    expect([...new Set(packages)]).toEqual(["node-gyp-build"]);
  });

  it("the entry files contain only exports", () => {
    for (const path of ["index.ts", "plugin.ts", "testing.ts"]) {
      const { text } = sources.find((source) => source.path === path)!;
      expect(
        text.replaceAll(/export (type )?(\{[^}]*\}|\*) from "[^"]+";|\/\*\*?[\s\S]*?\*\/|\/\/.*/g, "").trim(),
        path,
      ).toBe("");
    }
  });
});

describe("the sources", () => {
  it("no source file is longer than 300 lines", () => {
    const long = sources.filter(({ text }) => text.split("\n").length > 300).map(({ path }) => path);
    expect(long).toEqual([]);
  });

  it("no source asks for the class of an error: those of another realm have another one", () => {
    const asking = sources.filter(({ text }) => /(?<!`)instanceof (Aggregate|Range|Type)?Error\b/.test(text));
    expect(asking.map(({ path }) => path)).toEqual([]);
  });

  it("the version in the sources is that of package.json", () => {
    const { name, version } = JSON.parse(readFileSync(`${root}/package.json`, "utf8"));
    expect(ownVersion).toBe(`${name} ${version}`);
  });
});
