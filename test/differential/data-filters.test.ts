import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { Random } from "../../src/testing/random.ts";
import { gptDisk, mbrDisk } from "../helpers/partitioned.ts";
import { nbdkit, outcomeOf } from "../helpers/run.ts";
import { Sandbox } from "../helpers/sandbox.ts";
import { describeWithOracle, oracle } from "./oracle.ts";

const change =
  'qemu-io -t writeback -f raw "$uri" -c "write -q -P 1 1000 5000" -c "write -q -P 2 65000 70000"' +
  ' -c "write -q -z 200000 70000" -c "discard -q 300000 100000" -c "write -q -f -P 3 400001 1"';
/**
 * No trim: the contents of a trimmed range are not defined. With nbdkit's cache they depend on what is
 * cached.
 */
const untrimmed = change.replace(' -c "discard -q 300000 100000"', "");
const look = 'nbdcopy "$uri" image';

/**
 * Returns the exit status, the contents that clients see, the final contents of the disk, and the first error
 * line.
 */
async function result(program: string, args: readonly string[], script: string) {
  await using sandbox = new Sandbox();
  const disk = new Random(1).bytes(1 << 20);
  // Zeroing makes holes only of blocks that the file system has already written to the disk.
  for (const [name, bytes] of [
    ["disk", disk],
    [
      "gpt",
      gptDisk(512, [
        { first: 64, last: 127 },
        { first: 200, last: 200 },
      ]),
    ],
    [
      "mbr",
      mbrDisk(
        [
          { start: 100, count: 50 },
          { start: 200, count: 400, type: 5 },
        ],
        200,
        [{ record: 0, start: 10, count: 20 }],
      ),
    ],
    ["list", Buffer.from("0 64k\n100k 4k zero\n512k 4k hole\n")],
  ] as const)
    writeFileSync(sandbox.folder.join(name), bytes, { flush: true });
  const run = ["-U", "socket", ...args, "--run", script];
  const { status, stdout, stderr } = await outcomeOf(sandbox.start(program, run, { timeout: 60_000 }));
  const bytes = (name: string) => {
    try {
      return createHash("sha256")
        .update(readFileSync(sandbox.folder.join(name)))
        .digest("hex");
    } catch {
      return undefined;
    }
  };
  return { status, stdout, stderr, image: bytes("image"), disk: bytes("disk") };
}

const map = 'nbdinfo --map "$uri"';
const served: readonly (readonly [string, string])[] = [
  ["--filter=offset file disk offset=1000 range=500000", `${change} && ${look} && ${map}`],
  ["--filter=offset file disk offset=512k", `${look} && ${map}`],
  ["--filter=truncate file disk truncate=600001", `${look} && ${map}`],
  ["--filter=truncate file disk truncate=2M", `${change} && ${look} && ${map}`],
  ["--filter=partition file gpt partition=1", look],
  ["--filter=partition file mbr partition=5", look],
  ["--filter=cow file disk", `${change} && ${look}`],
  ["--filter=cow file disk cow-block-size=4k cow-on-read=true", `${change} && ${look}`],
  ["--filter=cache file disk", `${untrimmed} && ${look}`],
  ["--filter=cache file disk cache=writethrough", `${untrimmed} && ${look}`],
  ["--filter=cache file disk cache-max-size=1M cache-on-read=true", `${untrimmed} && ${look}`],
  ["--filter=blocksize file disk minblock=4k maxdata=8k maxlen=64k", `${change} && ${look}`],
  ["--filter=blocksize-policy file disk blocksize-preferred=32k", `${change} && ${look}`],
  ["--filter=fua file disk fuamode=force", `${change} && ${look}`],
  ["--filter=fua file disk fuamode=discard", `${change} && ${look}`],
  ["--filter=extentlist file disk extentlist=list", map],
  ["--filter=checkwrite file disk", 'nbdcopy "$uri" "$uri"'],
  ["--filter=readahead --filter=cache file disk", look],
];

describeWithOracle(
  ["nbdcopy", "nbdinfo", "qemu-io"],
  "our filters serve the same data as nbdkit's filters:",
  () => {
    it.each(served)("%s", async (args, script) => {
      const [theirs, ours] = [
        await result(oracle, args.split(" "), script),
        await result(nbdkit, args.split(" "), script),
      ];
      expect(theirs).toMatchObject({ status: 0 });
      expect(ours).toEqual({ ...theirs, stderr: expect.any(String) });
    });
  },
);
