import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { nbdkit, outcomeOf } from "../helpers/run.ts";
import { Sandbox } from "../helpers/sandbox.ts";
import { describeWithOracle, oracle } from "./oracle.ts";

const requests = fileURLToPath(new URL("connections.py", import.meta.url));

/** Returns the requests below the first filter for requests of three connections, one request at a time. */
async function reached(program: string, args: readonly string[], steps: string): Promise<readonly string[]> {
  await using sandbox = new Sandbox();
  const log = sandbox.file("log", "");
  const command = [...args, "logfile=log", "logappend=true"];
  const run = ["--run", 'export uri; nbdsh -c - < "$script"'];
  const env = { script: requests, log, steps };
  const server = sandbox.start(program, ["-U", "socket", ...command, ...run], { env, timeout: 60_000 });
  const { status, stderr } = await outcomeOf(server);
  expect([status, stderr]).toEqual([0, ""]);
  const lines = readFileSync(log, "utf8").trimEnd().split("\n");
  return lines
    .map((line) => line.replace(/^(!|\d\S+ \S+) /, "").replace(/ ?id=\d+| fast=\d| \.\.\.$/g, ""))
    .filter((line) => /^asked|^connection=\d (Write|Flush|Zero|Trim)/.test(line) && !/return=/.test(line));
}

function flushesOf(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => line.includes("Flush"));
}

const modes = ["auto", "emulate", "disable", "plugin", "unsafe"];
const trackings = ["off", "connection", "fast"];
/** Three series of requests, one after the other. */
const steps = [
  "write0 flush1 flush1 flush0",
  "read1 write0 flush0 flush1 read1 flush1",
  "write0 write1 flush0 flush1 flush2 zero0 flush1 trim0 flush2",
].join(" ");

describeWithOracle(["nbdsh"], "the requests below a filter are the same as with nbdkit:", () => {
  const both = async (args: readonly string[], words: string) => [
    await reached(oracle, args, words),
    await reached(nbdkit, args, words),
  ];

  describe.each(modes)("multi-conn, %s", (mode) => {
    it.each(trackings)("tracking %s", async (tracking) => {
      const filters = ["--filter=multi-conn", "--filter=log", "memory", "1M"];
      const args = [...filters, `multi-conn-mode=${mode}`, `multi-conn-track-dirty=${tracking}`];
      const [theirs, ours] = await both(args, steps);
      expect(ours).toEqual(theirs);
      expect(flushesOf(ours!)).not.toEqual([]);
    });
  });

  it.each(["plugin", "disable", "unsafe"])(
    "multi-conn, %s, after the writing client has disconnected",
    async (mode) => {
      const args = ["--filter=multi-conn", "--filter=log", "memory", "1M", `multi-conn-mode=${mode}`];
      const [theirs, ours] = await both(args, "write0 leave0 flush1 flush2");
      expect(ours).toEqual(theirs);
      expect(flushesOf(ours!)).toHaveLength(1);
    },
  );

  it.each(["emulate", "native", "force", "pass", "discard"])("fua, %s", async (mode) => {
    const args = ["--filter=fua", "--filter=log", "memory", "1M", `fuamode=${mode}`];
    const [theirs, ours] = await both(args, "write0 flush1 write+0 zero+1 trim+2 leave0 flush1");
    expect(ours).toEqual(theirs);
  });

  it.each(["writeback", "writethrough", "unsafe"])("cache, %s", async (mode) => {
    const args = ["--filter=cache", "--filter=log", "memory", "1M", `cache=${mode}`];
    const [theirs, ours] = await both(args, "write0 flush1 flush0 write1 flush2");
    expect(flushesOf(ours!)).toEqual(flushesOf(theirs!));
  });

  it.each(["cow", "retry"])("%s", async (filter) => {
    const args = [`--filter=${filter}`, "--filter=log", "memory", "1M"];
    const [theirs, ours] = await both(args, "write0 flush1 flush0 write+1 leave1 flush2");
    expect(ours).toEqual(theirs);
  });
});
