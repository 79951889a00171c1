import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { Folder } from "../helpers/folder.ts";
import { succeed } from "../helpers/run.ts";
import { ServerProcess } from "../helpers/server-process.ts";
import { describeWith } from "../helpers/tools.ts";
import { until } from "../helpers/until.ts";

describeWith(["nbdcopy", "nbdinfo"], "file dir=", () => {
  const names = ["plain", "with space", "per%cent", "ümläut", "quote'"];

  it("serves several clients their own files at the same time", async () => {
    using folder = new Folder();
    using sources = new Folder();
    for (const [index, name] of names.entries()) {
      folder.sparseFile(name, (index + 1) << 20);
      writeFileSync(sources.join(name), randomBytes((index + 1) << 20));
    }
    await using server = await ServerProcess.start(["file", `dir=${folder.path}`]);
    const descriptors = server.descriptors;
    await Promise.all(names.map((name) => succeed("nbdcopy", [sources.join(name), server.uri(name)])));
    for (const name of names)
      expect(readFileSync(folder.join(name)).equals(readFileSync(sources.join(name)))).toBe(true);
    const list = JSON.parse(await succeed("nbdinfo", ["--json", "--list", server.uri()])) as {
      exports: { "export-name": string; "export-size": number }[];
    };
    expect(new Map(list.exports.map((item) => [item["export-name"], item["export-size"]]))).toEqual(
      new Map(names.map((name, index) => [name, (index + 1) << 20])),
    );
    await until("the closing of the descriptors", () => server.descriptors <= descriptors);
  });
});
