import { describe, expect, it } from "vitest";
import type { AnyPlugin } from "../../src/chain/component.ts";
import exportname from "../../src/filters/exportname.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { someClient } from "../helpers/hosts.ts";
import { bufferDisk } from "../helpers/memory-session.ts";
import { overMemory } from "./disks.ts";

testPlugin("exportname over memory", { ...overMemory(exportname, { exportdesc: "fixed:disk" }), runs: 5 });

const plugin: AnyPlugin = {
  name: "named",
  listExports: () => [{ name: "a", description: "first" }, { name: "b" }],
  defaultExport: () => "a",
  open: (_state, { exportName }) => ({ ...bufferDisk(Buffer.alloc(8)), description: `is ${exportName}` }),
};

describe("exportname", () => {
  const start = (parameters: Record<string, string | readonly string[]>): Promise<TestedChain> =>
    TestedChain.start({ plugin, filters: [exportname], parameters });
  const listed = async (parameters: Record<string, string | readonly string[]>) => {
    await using session = await start(parameters);
    return session.chain.listExports(someClient);
  };

  it.each([
    [{}, [{ name: "a", description: "first" }, { name: "b" }]],
    [{ "exportname-list": "keep", exportdesc: "none" }, [{ name: "a" }, { name: "b" }]],
    [{ "exportname-list": "empty" }, []],
    [{ "exportname-list": "defaultonly" }, [{ name: "a" }]],
    [{ "exportname-list": "default-only", "default-export": "c" }, [{ name: "c" }]],
    [{ "exportname-list": "explicit" }, []],
    [{ exportname_list: "explicit", exportname: ["x", "y"] }, [{ name: "x" }, { name: "y" }]],
    [
      { "exportname-list": "explicit", exportname: ["x y"], exportdesc: 'script:echo "is $name"; echo' },
      [{ name: "x y", description: "is x y\n" }],
    ],
    [
      { exportdesc: "fixed:all" },
      [
        { name: "a", description: "all" },
        { name: "b", description: "all" },
      ],
    ],
  ])("exportname with %j lists the expected exports", async (parameters, expected) => {
    expect(await listed(parameters)).toEqual(expected);
  });

  it.each([
    [{ "default-export": "" }, [{ name: "" }]],
    [{ "exportname-strict": "true", exportname: "a" }, []],
    [{ "exportname-strict": "true", exportname: ["a", ""] }, [{ name: "" }]],
  ])(
    "exportname-list=defaultonly with %j lists only the default export, if one exists",
    async (parameters, expected) => {
      expect(await listed({ ...parameters, "exportname-list": "defaultonly" })).toEqual(expected);
    },
  );

  it("exportname opens the default export of the disk below if default-export is empty", async () => {
    await using session = await start({ "default-export": "", "exportname-strict": "true", exportname: "" });
    expect((await session.open({ exportName: "" })).description).toBe("is a");
  });

  it("exportname refuses names and lists that exceed the limits of NBD", async () => {
    const long = "\u00e9".repeat(2049);
    await expect(start({ exportname: long })).rejects.toThrow("exportname has 4098 bytes");
    await expect(listed({ exportdesc: `fixed:${long}` })).rejects.toThrow(
      "description of the export 'a' has 4098 bytes",
    );
  });

  it("exportname-list=error refuses to list exports", async () => {
    await expect(listed({ "exportname-list": "error" })).rejects.toMatchObject({
      code: "EPERM",
      message: "export list restricted by policy",
    });
  });

  it.each([
    [{}, "is b"],
    [{ exportdesc: "none" }, undefined],
    [{ exportdesc: "fixed:" }, ""],
    [{ exportdesc: 'script:printf %s "<$name>"' }, "<b>"],
    [{ exportdesc: "script:head -c 10000 /dev/zero | tr '\\0' x" }, "x".repeat(4096)],
  ])("exportname with %j gives an open export the expected description", async (parameters, expected) => {
    await using session = await start(parameters);
    expect((await session.open({ exportName: "b" })).description).toBe(expected);
  });

  it.each([
    [{}, "a"],
    [{ default_export: "b" }, "b"],
    [{ "default-export": "" }, ""],
    [{ "exportname-strict": "true", exportname: ["", "a"] }, ""],
    [{ "exportname-strict": "true", exportname: ["", "b"], "default-export": "b" }, "b"],
  ])("exportname with %j has the default export %s", async (parameters, expected) => {
    await using session = await start(parameters);
    expect(await session.chain.defaultExport(someClient)).toBe(expected);
  });

  it("exportname-strict refuses names that are not listed", async () => {
    await using session = await start({ "exportname-strict": "true", exportname: "a" });
    await session.open({ exportName: "a" });
    await expect(session.open({ exportName: "b" })).rejects.toThrow("export 'b' not found");
    await expect(session.chain.defaultExport(someClient)).rejects.toThrow("export '' not found");
  });

  it("exportname refuses unknown modes of exportdesc", async () => {
    await expect(start({ exportdesc: "file:x" })).rejects.toThrow("unrecognized exportdesc mode: file:x");
  });
});
