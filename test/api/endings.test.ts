import { chmodSync, mkdirSync, readdirSync } from "node:fs";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Folder } from "../helpers/folder.ts";
import { environment, type Outcome, run } from "../helpers/run.ts";

const program = fileURLToPath(new URL("program.mjs", import.meta.url));

/** A script that leaves a file in its folder. */
const script = `#!/bin/sh
case "$1" in
get_size) mkdir -p "$tmpdir/a/b"; echo >"$tmpdir/a/b/c"; echo 1M ;;
pread) head -c "$3" /dev/zero ;;
*) exit 2 ;;
esac
`;

/** How the program ended, and what remains in the folder for temporary files. */
async function end(
  words: readonly string[],
  temporary?: string,
): Promise<Outcome & { readonly left: readonly string[] }> {
  using folder = new Folder();
  const SCRIPT = folder.file("script", script);
  chmodSync(SCRIPT, 0o755);
  const folderOfAll = folder.join("tmp");
  mkdirSync(folderOfAll);
  const env = { ...environment, SCRIPT, TMPDIR: temporary ?? folderOfAll };
  const outcome = await run(process.execPath, [program, ...words], { env, cwd: folder.path });
  return { ...outcome, left: readdirSync(folderOfAll) };
}

describe("a program with servers leaves no files behind", () => {
  it.each(["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM"] as const)("when %s ends it", async (signal) => {
    const outcome = { status: 128 + constants.signals[signal], stdout: "", stderr: "", left: [] };
    expect(await end(["signal", signal])).toEqual(outcome);
    expect(await end(["handledOnce", signal])).toEqual(outcome);
  });

  it("when it handles a signal and ends later", async () => {
    expect(await end(["handled", "SIGINT"])).toEqual({
      status: 0,
      stdout: "goes on\n",
      stderr: "",
      left: [],
    });
  });

  it("when it exits with requests in flight", async () => {
    expect(await end(["exit"])).toEqual({ status: 3, stdout: "", stderr: "", left: [] });
  });

  it.each(["throw", "reject"])("when an error ends it (%s)", async (how) => {
    expect(await end([how])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("Error: on purpose"),
      left: [],
    });
  });

  it("when it changes its working directory and umask, and TMPDIR is relative", async () => {
    expect(await end(["elsewhere"], "tmp")).toEqual({ status: 0, stdout: "", stderr: "", left: [] });
  });

  it("when a server cannot listen", async () => {
    expect(await end(["halfWay"])).toEqual({ status: 0, stdout: "EADDRINUSE\n", stderr: "", left: [] });
  });
});

it("a program ends by itself when its servers are closed with requests in flight, also when they are closed twice", async () => {
  expect(await end(["closed"])).toEqual({ status: 0, stdout: "", stderr: "", left: [] });
});

it.each(["many", "manyWithOneSignal"])(
  "a program with many servers gets no warning from Node.js (%s)",
  async (what) => {
    expect(await end([what])).toEqual({ status: 0, stdout: "", stderr: "", left: [] });
  },
);
