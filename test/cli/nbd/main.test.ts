import { describe, expect, it } from "vitest";
import { nbd } from "./command.ts";

describe("nbd", () => {
  it("prints its version and its help", async () => {
    expect(await nbd("--version")).toMatchObject({
      status: 0,
      stdout: "nbd (nbdkit-node) 0.1.0\n",
      stderr: "",
    });
    for (const args of [["--help"], ["info", "--help"], ["copy", "--help"]]) {
      expect(await nbd(...args)).toMatchObject({
        status: 0,
        stdout: expect.stringContaining("Usage: nbd"),
        stderr: "",
      });
    }
  });

  it.each([
    [[], /^nbd: a command is missing/],
    [["burn"], /^nbd: unknown command burn: use one of info, copy/],
    [["--burn"], /^nbd: unknown option --burn/],
    [["info"], /^nbd info: an NBD URI is missing/],
    [["info", "--burn", "x"], /^nbd info: unknown option --burn/],
    [["info", "disk.img"], /^nbd info: NBD URI "disk.img": no scheme/],
    [["info", "--can", "fly", "nbd://x"], /^nbd info: unknown --can, --is or --has "fly"/],
    [["info", "--size", "--map", "nbd://x"], /exclude each other/],
    [
      ["info", "nbd+unix:///?socket=/nonexistent/s"],
      /^nbd info: nbd\+unix:\/\/\/\?socket=\/nonexistent\/s: .*ENOENT/,
    ],
    [["copy", "one"], /^nbd copy: SOURCE and DESTINATION are needed/],
    [["copy", "/nonexistent", "null:"], /^nbd copy: ENOENT.*\/nonexistent/],
    [["copy", "null:", "x"], /^nbd copy: null: can only be a destination/],
    [["copy", "-C", "none", "a", "b"], /^nbd copy: --connections/],
    [["copy", "--request-size=5", "a", "b"], /^nbd copy: --request-size: must be a power of 2/],
    [["copy", "--sparse=3", "a", "b"], /^nbd copy: --sparse/],
  ])("%j fails with one line", async (args, line) => {
    const { status, stdout, stderr } = await nbd(...(args as string[]));
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(line);
    expect(stderr.split("\n")).toHaveLength(2);
  });
});
