import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { Folder } from "../helpers/folder.ts";
import { succeed } from "../helpers/run.ts";
import { ServerProcess } from "../helpers/server-process.ts";
import { describeWith, toolPath } from "../helpers/tools.ts";

const everyCommand = fileURLToPath(new URL("../helpers/every-command.py", import.meta.url));

type Results = Readonly<Record<string, string>>;

/** The results of the script, by the name of each attempt. */
async function attemptAll(args: string[], program?: string): Promise<Results> {
  await using server = await ServerProcess.start(args, program === undefined ? {} : { program });
  const output = await succeed("nbdsh", [
    "-c",
    `sock = "${server.socket}"`,
    "-c",
    `exec(open("${everyCommand}").read())`,
  ]);
  return Object.fromEntries(
    output
      .trim()
      .split("\n")
      .map((line) => line.split(/: (.*)/s).slice(0, 2)),
  );
}

/** Deliberate differences from nbdkit: the results of nbdkit-node. */
const deliberate: Results = {
  // EINVAL, not ENOSPC: this is an error of the client, not a full disk.
  "write nothing": "EINVAL",
  "zero nothing": "EINVAL",
};

/** Zeroes are sent as a hole; nbdkit has no sparse reads. */
const sparse: Results = { "read structured": "([(0, 65536, 2)], b'\\x00\\x00\\x00\\x00')" };

function without(results: Results, names: readonly string[]): Results {
  return Object.fromEntries(Object.entries(results).filter(([name]) => !names.includes(name)));
}

async function compare(args: string[], differences: Results, before: () => void = () => {}): Promise<void> {
  before();
  const ours = await attemptAll(args);
  before();
  const theirs = await attemptAll(args, toolPath("nbdkit")!);
  const names = Object.keys(differences);
  expect(without(ours, names)).toEqual(without(theirs, names));
  expect(ours).toMatchObject(differences);
}

describeWith(["nbdsh"], "nbdsh", () => {
  it("can use every option, command and flag", async () => {
    const results = await attemptAll(["memory", "1M"]);
    expect(results).toMatchObject({
      list: "[('', '')]",
      contexts: "[('base:allocation',)]",
      "contexts base:": "[('base:allocation',)]",
      "contexts unknown": "[]",
      "structured replies": "True",
      read: "b'FUA!0123'",
      "read structured": "([(0, 65536, 1)], b'FUA!')",
      "read df": "([(0, 131072, 1)], b'FUA!')",
      status: "[('base:allocation', 0, [65536, 0, 983040, 3])]",
      "status one": "[('base:allocation', 0, [65536, 0])]",
      "read zeroes": "True",
      "read in the end": "b'\\x00'",
      abort: "None",
      closed: "True",
    });
    const failed = Object.entries(results).filter(([, result]) => /^E[A-Z]+$/.test(result));
    const wrongOnes = /past|at the end|far|around|nothing|too much|with (no hole|df|one)/;
    expect(failed.filter(([name]) => !wrongOnes.test(name))).toEqual([]);
    expect(failed.filter(([, code]) => code === "ENOSPC").map(([name]) => name)).toEqual([
      "write past the end",
      "write far away",
      "zero past the end",
      "zero too much",
    ]);
    expect(failed.filter(([, code]) => !["EINVAL", "ENOSPC"].includes(code))).toEqual([]);
  });

  it("gets EPERM for every change of a read-only export", async () => {
    const results = await attemptAll(["-r", "memory", "1M"]);
    for (const name of [
      "write",
      "write fua",
      "zero",
      "zero no hole",
      "trim",
      "write past the end",
      "zero nothing",
    ]) {
      expect(results[name], name).toBe("EPERM");
    }
  });
});

describeWith(
  ["nbdsh", "nbdkit"],
  "every option, command and flag has the same effect as in nbdkit, with",
  () => {
    it("memory", () => compare(["memory", "1M"], deliberate));

    it("null", () => compare(["null", "1M"], { ...deliberate, ...sparse }));

    it("a read-only export", () =>
      compare(["-r", "memory", "1M"], {
        ...sparse,
        // The whole hole; with nbdkit it ends with the unit of 32 KiB in which the range ends.
        "status middle": "[('base:allocation', 16384, [1032192, 3])]",
        // Both the command and its flag are invalid; the order of the checks is not specified.
        "write with df": "EINVAL",
        "write with no hole": "EINVAL",
        "trim with one": "EINVAL",
        "zero with one": "EINVAL",
        // The export does not offer FUA. nbdkit-node ignores the flag for these commands, where FUA has no
        // meaning.
        "read with fua": "b'\\x00'",
        "flush with fua": "None",
        "cache with fua": "None",
        "status with fua": "[('base:allocation', 1015808, [32768, 3])]",
      }));

    it("file", async () => {
      using folder = new Folder();
      await compare(
        ["file", folder.join("disk")],
        { ...deliberate, "can fast_zero": "True", "zero fast": "None", "zero every way": "None" },
        () => void folder.sparseFile("disk", 1 << 20),
      );
    });
  },
);
