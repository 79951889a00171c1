import { createHash } from "node:crypto";
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { Random } from "../../src/testing/random.ts";
import { nbdkit, outcomeOf } from "../helpers/run.ts";
import { Sandbox } from "../helpers/sandbox.ts";
import { randomStack, type Stack, textOf, transparentFilters } from "../helpers/transparent.ts";
import { describeWithOracle, isInOracle, oracle } from "./oracle.ts";

const requests = fileURLToPath(new URL("requests.py", import.meta.url));
const extents = fileURLToPath(new URL("extents.py", import.meta.url));

/** The number of random stacks. Set STACKS=300 for a longer test. */
const count = Number(process.env.STACKS ?? 12);
const known = transparentFilters.filter(isInOracle);
const stacks = Array.from({ length: count }, (_, seed) => randomStack(new Random(1000 + seed), known));

/** Leaves out the requests whose results may differ: see docs/differences.md. */
function comparable({ names }: Stack): readonly string[] {
  const left = new Set(["read", "write", "zero", "trim", "flush", "cache", "extents"]);
  // Contents of trimmed bytes are undefined. nbdkit's cache reports new data as a hole, and its cow does not
  // zero.
  const doubtful = { cache: ["trim", "extents"], cow: ["trim", "zero"] } as const;
  for (const [name, kinds] of Object.entries(doubtful)) {
    if ((names as readonly string[]).includes(name)) for (const kind of kinds) left.delete(kind);
  }
  return [...left];
}

/** The size of the disk, which has data at both ends. */
const diskBytes = 1_000_000;
const noise = new Random(1).bytes(300_000);

/** Returns the results of 60 requests, and the contents of the file afterwards. */
async function answers(program: string, stack: Stack, seed: number, connections: number) {
  await using sandbox = new Sandbox();
  const disk = sandbox.file("disk", "");
  const fd = openSync(disk, "r+");
  writeSync(fd, noise, 0, noise.length, 0);
  writeSync(fd, noise, 0, noise.length, diskBytes - noise.length);
  closeSync(fd);
  const args = ["-U", "socket", "file", disk, ...textOf(stack).split(" ")];
  const env = {
    extents,
    script: requests,
    seed: String(seed),
    kinds: comparable(stack).join(","),
    connections: String(connections),
  };
  const run = ["--run", 'export uri; cat "$extents" "$script" | nbdsh -c -'];
  const { status, stdout } = await outcomeOf(sandbox.start(program, [...args, ...run], { env }));
  return { status, answers: stdout.split("\n"), bytes: stack.parameters.cache !== "unsafe" && bytesOf(disk) };
}

function bytesOf(disk: string): string {
  return createHash("sha256").update(readFileSync(disk)).digest("hex");
}

describeWithOracle(
  ["nbdsh"],
  "a stack of three of our filters behaves like the same stack in nbdkit:",
  () => {
    const cases = stacks.map((stack, seed) => [textOf(stack), 1 + 2 * (seed % 2), stack, seed] as const);
    it.each(cases)("%s, with %i connections", async (_title, connections, stack, seed) => {
      const theirs = await answers(oracle, stack, seed, connections);
      const ours = await answers(nbdkit, stack, seed, connections);
      expect(theirs.status).toBe(0);
      expect(ours).toEqual(theirs);
    });
  },
);
