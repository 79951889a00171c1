import { chmodSync, mkdirSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Folder } from "../helpers/folder.ts";
import { environment, run } from "../helpers/run.ts";

const program = fileURLToPath(new URL("worker-threads.mjs", import.meta.url));

const script = `#!/bin/sh
case "$1" in
get_size) echo 1M ;;
pread) head -c "$3" /dev/zero ;;
*) exit 2 ;;
esac
`;

/** Threads for each way to end; more threads find more errors. */
const threads = Number(process.env.THREADS ?? 4);
const seed = Number(process.env.LOAD_SEED ?? 1);

describe.runIf(process.platform === "linux")("servers and clients in a worker thread", () => {
  it.each([
    ["is closed in order", "close"],
    ["is terminated while it starts", "early"],
    ["is terminated with requests under way", "terminate"],
    ["exits with requests under way", "exit"],
    ["fails with requests under way", "throw"],
  ])("leave no resources and no output behind when it %s", async (_, ending) => {
    using folder = new Folder();
    const SCRIPT = folder.file("script", script);
    chmodSync(SCRIPT, 0o755);
    const TMPDIR = folder.join("tmp");
    mkdirSync(TMPDIR);
    const words = [program, ending, String(seed), String(threads)];
    const outcome = await run(process.execPath, words, { env: { ...environment, SCRIPT, TMPDIR } });
    expect(outcome).toMatchObject({ status: 0, stderr: "" });
    const { before, after } = JSON.parse(outcome.stdout);
    expect(after).toEqual(before);
    expect(readdirSync(TMPDIR)).toEqual([]);
  });
});
