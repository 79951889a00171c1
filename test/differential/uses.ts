import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Random } from "../../src/testing/random.ts";
import { gptDisk, mbrDisk } from "../helpers/partitioned.ts";
import { nbdkit, outcomeOf } from "../helpers/run.ts";
import { Sandbox } from "../helpers/sandbox.ts";
import type { Versions } from "./case.ts";
import { isInOracle, oracle } from "./oracle.ts";

const client = fileURLToPath(new URL("uses.py", import.meta.url));
const extents = fileURLToPath(new URL("extents.py", import.meta.url));

/** A disk that both serve, and that answers the same requests with the same results. */
export interface Served extends Versions {
  readonly args: readonly string[];
  /** The export that the client asks for. Default "". */
  readonly export?: string;
  /** Kinds of requests and features that may differ; docs/differences.md and docs/filters say why. */
  readonly without?: readonly string[];
  /** Files that the server inherits as descriptors 3, 4 and so on. */
  readonly descriptors?: readonly string[];
}

/** What a client has seen of a disk. */
type Seen = Readonly<Record<string, unknown>>;

/** Serves the disks with both programs; the result returns a line for each difference of a disk. */
export async function compare(disks: readonly Served[]): Promise<(use: Served) => readonly string[]> {
  const possible = disks.filter(isInOracle);
  const [theirs, ours] = await Promise.all([seenOf(oracle, possible), seenOf(nbdkit, possible)]);
  return (use) => {
    const at = possible.indexOf(use);
    return differences(theirs[at]!, ours[at]!);
  };
}

/** Serves the disks with a program, one after the other, and returns what the client has seen of each. */
async function seenOf(program: string, disks: readonly Served[]): Promise<readonly Seen[]> {
  await using sandbox = new Sandbox();
  makeFiles(sandbox.folder.join("files"));
  const uses = disks.map(({ args, export: name = "", without = [], descriptors = [] }, id) => {
    return { id, args, export: name, without, descriptors };
  });
  sandbox.file("uses.json", JSON.stringify(uses));
  // Before nbdkit 1.40, file and memory announced no block sizes.
  const env = { program, oracle, extents, blockSizes: isInOracle({ since: "1.40" }) ? "yes" : "no" };
  const script = sandbox.start("/bin/sh", ["-c", 'cat "$extents" "$0" | nbdsh -c -', client], { env });
  const { status, stdout, stderr } = await outcomeOf(script);
  if (status !== 0) throw new Error(`the client ended with status ${status}: ${stderr}`);
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** Returns a line for each answer that differs. */
function differences(theirs: Seen, ours: Seen): readonly string[] {
  if (theirs.error !== ours.error)
    return [`nbdkit ${theirs.error ?? "serves"}, nbdkit-node ${ours.error ?? "serves"}`];
  const keys = new Set([...Object.keys(theirs), ...Object.keys(ours)]);
  return [...keys].flatMap((key) => {
    const [one, other] = [listOf(theirs[key]), listOf(ours[key])];
    const length = Math.max(one.length, other.length);
    const unlike = Array.from({ length }, (_, at) => at).filter((at) => one[at] !== other[at]);
    return unlike.map((at) => `${key}: nbdkit ${one[at]}, nbdkit-node ${other[at]}`);
  });
}

function listOf(value: unknown): readonly string[] {
  const list = Array.isArray(value) ? value : [value];
  return list.map((item) => JSON.stringify(item));
}

function makeFiles(folder: string): void {
  mkdirSync(folder);
  const file = (name: string, bytes: Uint8Array | string): void =>
    // Zeroing makes holes only of blocks that the file system has already written to the disk.
    writeFileSync(`${folder}/${name}`, bytes, { flush: true });
  file("disk", new Random(1).bytes(1 << 20));
  file("one", "first file\n");
  file("two", "x".repeat(5000));
  file("three", "");
  file(
    "script",
    `#!/bin/sh
case $1 in
  get_size) echo 100000 ;;
  pread) dd if=disk skip="$4" count="$3" iflag=count_bytes,skip_bytes 2>/dev/null ;;
  config) exit 0 ;;
  *) exit 2 ;;
esac
`,
  );
  chmodSync(`${folder}/script`, 0o755);
  file("mapfile", "0x0 ? 1\n0x0 0x40000 +\n0x40000 0x40000 -\n0x80000 0x80000 +\n");
  file("list", "0 64k\n100k 4k zero\n512k 4k hole\n");
  file("gpt", gptDisk(512, [range(64, 127), range(200, 200)]));
  const logical = [{ record: 0, start: 10, count: 20 }];
  file(
    "mbr",
    mbrDisk(
      [
        { start: 100, count: 50 },
        { start: 200, count: 400, type: 5 },
      ],
      200,
      logical,
    ),
  );
  mkdirSync(`${folder}/folder`);
  execFileSync("tar", ["-cf", `${folder}/packed`, "-C", folder, "two", "disk"]);
}

function range(first: number, last: number): { first: number; last: number } {
  return { first, last };
}
