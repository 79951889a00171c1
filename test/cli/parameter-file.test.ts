import { mkdirSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { expandFiles } from "../../src/cli/parameter-file.ts";
import { Folder } from "../helpers/folder.ts";
import { Sandbox } from "../helpers/sandbox.ts";

/** Expands parameters in a folder with these files. */
function expand(files: Readonly<Record<string, string>>, ...parameters: string[]): string[] {
  using folder = new Folder();
  mkdirSync(folder.join("sub"));
  for (const [name, text] of Object.entries(files)) writeFileSync(folder.join(name), text);
  return [...expandFiles(parameters, [folder.path])];
}

describe("a parameter @PATH", () => {
  it("is replaced by the lines of the file", () => {
    const text = "a=1\n\nb=2=3\n# comment\n  # comment\n \t\nc= spaces stay \nbare";
    expect(expand({ list: text }, "x=1", "@./list", "y=2")).toEqual([
      "x=1",
      "a=1",
      "b=2=3",
      "c= spaces stay ",
      "bare",
      "y=2",
    ]);
  });

  it("may be absolute, be given twice, and name an empty file", () => {
    expect(expand({ one: "a=1\n", none: "# nothing\n" }, "@./one", "@./none", "@./one")).toEqual([
      "a=1",
      "a=1",
    ]);
    using folder = new Folder();
    writeFileSync(folder.join("list"), "a=1");
    expect([...expandFiles([`@${folder.join("list")}`], ["/"])]).toEqual(["a=1"]);
  });

  it("in a file is relative to the folder of that file", () => {
    const files = { outer: "a=1\n@sub/inner\nd=4", "sub/inner": "b=2\n@./same", "sub/same": "c=3" };
    expect(expand(files, "@./outer")).toEqual(["a=1", "b=2", "c=3", "d=4"]);
  });

  it("needs a slash, because bare values may begin with @ too", () => {
    expect(expand({ list: "a=1" }, "@list", "@0x100", "a=@./list", " @./list")).toEqual([
      "@list",
      "@0x100",
      "a=@./list",
      " @./list",
    ]);
  });

  it("with a file that cannot be read throws an error with the name of the file", () => {
    expect(() => expand({}, "@./none")).toThrow(/^@\/.*\/none: ENOENT/);
    expect(() => expand({}, "@./sub")).toThrow(/^@\/.*\/sub: EISDIR/);
    expect(() => expand({ "a=b": "x=1" }, "@./sub/../a=b")).not.toThrow();
  });

  it("with a file that names itself throws an error", () => {
    expect(() => expand({ one: "@./two", two: "@./one" }, "@./one")).toThrow("more than 16 files");
  });
});

describe("nbdkit", () => {
  it("reads parameters of plugins and filters from @PATH at any position", async () => {
    await using sandbox = new Sandbox();
    sandbox.file("size", "# What it is all about\nsize=1M\n");
    for (const args of [
      ["memory", "@./size", "--run", 'nbdinfo --size "$uri"'],
      ["--run", 'nbdinfo --size "$uri"', "memory", `@${sandbox.folder.join("size")}`],
    ]) {
      expect(await sandbox.nbdkit(args)).toEqual({ status: 0, stdout: "1048576\n", stderr: "" });
    }
  });

  it("prints one line for a wrong parameter file", async () => {
    await using sandbox = new Sandbox();
    const { status, stderr } = await sandbox.nbdkit(["memory", "@./none", "--run", "true"]);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: `nbdkit: error: @${sandbox.folder.join("none")}: ENOENT: no such file or directory, open '${sandbox.folder.join("none")}'\n`,
    });
  });
});
