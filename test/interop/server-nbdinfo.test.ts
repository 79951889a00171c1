import { writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { Folder } from "../helpers/folder.ts";
import { run } from "../helpers/run.ts";
import { ServerProcess } from "../helpers/server-process.ts";
import { describeWith, toolPath } from "../helpers/tools.ts";

const queries = [
  [],
  ["--list"],
  ["--json"],
  ["--json", "--list"],
  ["--map"],
  ["--map", "--json"],
  ["--map=base:allocation", "--totals"],
  ["--size"],
  ...[
    "connect",
    "cache",
    "df",
    "fast-zero",
    "flush",
    "fua",
    "multi-conn",
    "read",
    "structured-reply",
    "trim",
    "write",
    "zero",
  ].map((can) => ["--can", can]),
  ...["read-only", "rotational", "tls"].map((is) => ["--is", is]),
];

/** Returns the output of nbdinfo for a server as a list of lines. */
async function describeServer(args: string[], exportName: string, program?: string): Promise<string[]> {
  await using server = await ServerProcess.start(args, program === undefined ? {} : { program });
  const lines: string[] = [];
  for (const query of queries) {
    const { status, stdout } = await run("nbdinfo", [...query, server.uri(exportName)]);
    const anonymous = stdout.replaceAll(server.socket, "SOCKET");
    lines.push(`${query.join(" ")}: ${status}`, ...anonymous.split("\n"));
  }
  return lines;
}

/** Lines about block sizes: older versions of nbdkit do not report them. */
const isBlockSize = (line: string): boolean => /block_size_(minimum|preferred|maximum)/.test(line);

interface Differences {
  readonly exportName?: string;
  /** nbdkit-node reports fast zeroing for files; nbdkit does not. */
  readonly ourFastZero?: boolean;
  /** nbdkit-node sorts the exports by name; nbdkit lists them in the order of the file system. */
  readonly ourOrder?: boolean;
}

async function compare(args: string[], differences: Differences = {}): Promise<void> {
  const { exportName = "", ourFastZero = false, ourOrder = false } = differences;
  const ours = await describeServer(args, exportName);
  const theirs = await describeServer(args, exportName, toolPath("nbdkit")!);
  const shown = (lines: string[]): string[] => {
    const kept = lines.filter((line) => !isBlockSize(line) && !(ourFastZero && /fast[-_]zero/.test(line)));
    return ourOrder ? kept.map((line) => line.replace(/,$| [\]}]+$/g, "")).sort() : kept;
  };
  expect(shown(ours)).toEqual(shown(theirs));
  if (ourFastZero) expect(ours).toContain("--can fast-zero: 0");
}

describeWith(["nbdinfo", "nbdkit"], "nbdinfo prints the same as for nbdkit, with", () => {
  it("memory", () => compare(["memory", "1M"]));
  it("memory, read-only", () => compare(["-r", "memory", "1M"]));
  it("a memory disk larger than the RAM", () => compare(["memory", "1T"]));
  it("data and holes in memory", () => compare(["data", "1 @131072 2 @1000000 3", "size=1M"]));
  it("memory of no bytes", () => compare(["memory", "0"]));
  it("null", () => compare(["null", "1M"]));

  it("file", async () => {
    using folder = new Folder();
    await compare(["file", folder.sparseFile("disk", 1 << 20)], { ourFastZero: true });
  });

  it("a folder of files", async () => {
    using folder = new Folder();
    folder.sparseFile("sparse", 1 << 20);
    writeFileSync(folder.join("data"), Buffer.alloc(70_000, 1));
    await compare(["file", `dir=${folder.path}`], { exportName: "data", ourFastZero: true, ourOrder: true });
    await compare(["-r", "file", `dir=${folder.path}`], { exportName: "sparse", ourOrder: true });
  });

  it("the largest memory disk", async () => {
    for (const program of [undefined, toolPath("nbdkit")!]) {
      await using server = await ServerProcess.start(
        ["memory", "9223372036854775807"],
        program === undefined ? {} : { program },
      );
      expect((await run("nbdinfo", ["--size", server.uri()])).stdout).toBe("9223372036854775807\n");
    }
  });

  it("an export name that does not exist", async () => {
    using folder = new Folder();
    folder.sparseFile("there", 1 << 20);
    for (const program of [undefined, toolPath("nbdkit")!]) {
      await using server = await ServerProcess.start(
        ["file", `dir=${folder.path}`],
        program === undefined ? {} : { program },
      );
      const { status, stderr } = await run("nbdinfo", [server.uri("absent")]);
      expect(status).toBe(1);
      expect(stderr).toMatch(/No such file or directory/);
    }
  });
});
