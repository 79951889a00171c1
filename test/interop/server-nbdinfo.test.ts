import { writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { run } from "../helpers/run.ts";
import { ServerProcess } from "../helpers/server-process.ts";
import { describeWith, toolPath } from "../helpers/tools.ts";
import { Folder } from "../plugins/folder.ts";

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

/** Everything that nbdinfo says about a server, as a list of lines. */
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

/** What nbdkit does not tell, since its older versions did not know it. */
const isBlockSize = (line: string): boolean => /block_size_(minimum|preferred|maximum)/.test(line);

interface Differences {
  readonly exportName?: string;
  /** We zero files fast; nbdkit does not say whether it does. */
  readonly ourFastZero?: boolean;
  /** We list exports by name, nbdkit as the file system has them. */
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

describeWith(["nbdinfo", "nbdkit"], "nbdinfo says the same as about nbdkit, with", () => {
  it("memory", () => compare(["memory", "1M"]));
  it("memory, read-only", () => compare(["-r", "memory", "1M"]));
  it("more memory than there is", () => compare(["memory", "1T"]));
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

  it("the largest memory", async () => {
    for (const program of [undefined, toolPath("nbdkit")!]) {
      await using server = await ServerProcess.start(
        ["memory", "9223372036854775807"],
        program === undefined ? {} : { program },
      );
      expect((await run("nbdinfo", ["--size", server.uri()])).stdout).toBe("9223372036854775807\n");
    }
  });

  it("a name that is not there", async () => {
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
