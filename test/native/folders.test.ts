import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../src/core/package-root.ts";

const native = join(packageRoot(), "native");

/** Which folders a folder may include headers of, besides its own. */
const mayInclude: Readonly<Record<string, readonly string[]>> = {
  common: [],
  device: ["common"],
  file: ["common"],
  memory: ["common"],
  process: ["common", "file"],
  socket: ["common"],
  addon: ["common", "device", "file", "memory", "process", "socket"],
  launcher: ["process"],
  guardian: ["common", "process"],
};

const sources = readdirSync(native, { recursive: true, encoding: "utf8" }).filter((path) =>
  /\.(cc|h)$/.test(path),
);

function included(path: string): string[] {
  const text = readFileSync(join(native, path), "utf8");
  return [...text.matchAll(/^#include "(.+)"$/gm)].map(([, name = ""]) =>
    normalize(join(dirname(path), name)),
  );
}

describe("the folders of native/", () => {
  it("are all listed here", () => {
    expect([...new Set(sources.map((path) => dirname(path)))].sort()).toEqual(Object.keys(mayInclude).sort());
  });

  it.each(Object.entries(mayInclude))("%s includes only what it may", (folder, allowed) => {
    const wrong = sources
      .filter((path) => dirname(path) === folder)
      .flatMap((path) => included(path).map((header) => ({ path, header })))
      .filter(({ header }) => ![folder, ...allowed].includes(dirname(header)));
    expect(wrong).toEqual([]);
  });

  it("is built from every source: binding.gyp lists each one, or each system's by the name of the system", () => {
    const build = readFileSync(join(packageRoot(), "binding.gyp"), "utf8");
    const systems = ["linux.cc", "freebsd.cc", "darwin.cc", "other.cc"];
    const missing = sources
      .filter((path) => path.endsWith(".cc"))
      .map((path) => (systems.includes(basename(path)) ? join(dirname(path), "<(system).cc") : path))
      .filter((path) => !build.includes(`"native/${path}"`));
    expect(missing).toEqual([]);
  });
});
