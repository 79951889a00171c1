import { mkdirSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Folder } from "../../helpers/folder.ts";
import { referenceNbdkit, startQemuNbd, startReference } from "../../helpers/reference-servers.ts";
import { run, succeed } from "../../helpers/run.ts";
import { describeWith, hasTool } from "../../helpers/tools.ts";
import { nbd } from "./command.ts";

const modes = [
  [],
  ["--json"],
  ["--list"],
  ["--list", "--json"],
  ["--no-content"],
  ["--size"],
  ["--size", "--json"],
  ["--map"],
  ["--map", "--json"],
  ["--map", "--totals"],
  ["--map", "--totals", "--json"],
  ["--can", "write"],
  ["--can", "df"],
  ["--is", "rotational"],
  ["--is", "tls"],
  ["--can", "connect"],
];

const reports = [[], ["--json"], ["--list", "--json"], ["--map"]];

/** Expects the standard output and exit status of nbdinfo. Error messages may differ. */
async function expectSame(uri: string, choice: readonly string[][] = modes): Promise<void> {
  for (const args of choice) {
    const [ours, theirs] = await Promise.all([nbd("info", ...args, uri), run("nbdinfo", [...args, uri])]);
    expect({ args, status: ours.status, stdout: ours.stdout }).toEqual({
      args,
      status: theirs.status,
      stdout: theirs.stdout,
    });
  }
}

const servers: [string, string[]][] = [
  ["data and holes", ["data", "@0x100 1 2 3 @0x90000 7", "size=1M"]],
  ["no structured replies", ["--no-sr", "null", "1025"]],
  ["read-only", ["-r", "null", "3G"]],
  [
    "block sizes",
    [
      "--filter=blocksize-policy",
      "null",
      "1M",
      "blocksize-minimum=512",
      "blocksize-preferred=4k",
      "blocksize-maximum=1M",
    ],
  ],
  ["the largest disk", ["--no-sr", "null", String(2n ** 63n - 1n)]],
  [
    "an export with a name",
    [
      "--filter=exportname",
      "null",
      "1M",
      'exportdesc=fixed:a "disk"',
      "exportname-list=explicit",
      "exportname=x",
      "exportname=y z",
      "default-export=x",
    ],
  ],
];

describeWith(["nbdinfo"], "nbd info and nbdinfo agree on", () => {
  describe.skipIf(referenceNbdkit === undefined)("the original nbdkit", () => {
    it.each(servers)("with %s", async (_, args) => {
      await using server = await startReference(...args);
      await expectSame(server.uri(), args[0] === "data" ? modes : reports);
    });

    it.each([["-o"], ["--mask-handshake=0"]])("with an old handshake (%s)", async (option) => {
      await using server = await startReference(option, "null", "1M");
      await expectSame(server.uri(), [[], ["--json"], ["--size"], ["--can", "write"], ["--map"]]);
    });

    it("with a folder of exports", async () => {
      using folder = new Folder();
      mkdirSync(folder.join("exports"));
      for (const name of ["one", "two"]) writeFileSync(folder.join(`exports/${name}`), name);
      await using server = await startReference("file", `dir=${folder.join("exports")}`);
      await expectSame(server.uri(), [["--list"], ["--list", "--json"], ["--list", "--content"]]);
      await expectSame(server.uri("one"), reports);
    });
  });

  it.skipIf(!hasTool("qemu-nbd"))("the metadata contexts of qemu-nbd", async () => {
    using folder = new Folder();
    const [base, disk] = [folder.join("base.qcow2"), folder.join("disk.qcow2")];
    await succeed("qemu-img", ["create", "-q", "-f", "qcow2", base, "10M"]);
    await succeed("qemu-io", ["-f", "qcow2", "-c", "write 1M 1M", base]);
    await succeed("qemu-img", ["create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", disk]);
    await succeed("qemu-img", ["bitmap", "--add", disk, "marks"]);
    await succeed("qemu-io", ["-f", "qcow2", "-c", "write 5M 64k", disk]);
    await using server = await startQemuNbd(folder, ["-f", "qcow2", "-A", "-B", "marks", disk], "disk");
    await expectSame(server.uri, reports);
    const maps = ["--map=qemu:allocation-depth", "--map=qemu:dirty-bitmap:marks", "--map=qemu:none"];
    await expectSame(
      server.uri,
      maps.flatMap((map) => [[map], [map, "--json"], [map, "--totals"]]),
    );
  });
});
