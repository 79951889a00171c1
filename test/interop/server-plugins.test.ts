import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Folder } from "../helpers/folder.ts";
import { captive, nbdkit, run } from "../helpers/run.ts";
import { describeWith } from "../helpers/tools.ts";

let folder: Folder;
beforeAll(() => {
  folder = new Folder();
});
afterAll(() => folder[Symbol.dispose]());

const copyText = 'head -c 1M /dev/zero | tr "\\0" x | nbdcopy - "$uri"';

/** Returns the output of nbdsh. */
async function nbdsh(args: readonly string[], python: string): Promise<string> {
  return (await captive(args, `nbdsh -u "$uri" -c '${python}'`)).trim();
}

describeWith(["nbdcopy"], "nbdcopy", () => {
  it.each([
    ["random", "10000003", "seed=3"],
    ["sparse-random", "100M", "percent=20", "runlength=1M"],
    ["sparse-random", "20M", "percent=50", "random-content=true"],
  ])("copies %s %s onto itself", async (...args) => {
    await captive(args, 'nbdcopy "$uri" "$uri"');
  });

  it.each([
    ["random", ["1M"]],
    ["sparse-random", ["1M", "percent=100"]],
  ])("cannot copy another disk onto %s", async (plugin, parameters) => {
    const { status, stderr } = await run(nbdkit, ["-U", "-", plugin, ...parameters, "--run", copyText]);
    expect(status).not.toBe(0);
    expect(stderr).toContain("Input/output error");
  });

  it("gets ENOSPC from the plugin full", async () => {
    const { status, stderr } = await run(nbdkit, ["-U", "-", "full", "1M", "--run", copyText]);
    expect(status).not.toBe(0);
    expect(stderr).toContain("No space left on device");
  });

  it("writes across all files of the plugin split", async () => {
    const parts = [1000, 70_000, 512].map((size, index) => folder.sparseFile(`part${index}`, size));
    const source = folder.file(
      "source",
      Buffer.from(Array.from({ length: 71_512 }, (_, at) => (at * 7 + 3) % 251)),
    );
    await captive(["split", ...parts], `nbdcopy --flush '${source}' "$uri"`);
    const written = Buffer.concat(parts.map((path) => readFileSync(path)));
    expect(written.equals(readFileSync(source))).toBe(true);
    expect(parts.map((path) => readFileSync(path).length)).toEqual([1000, 70_000, 512]);
  });

  it("reads the examples of nbdkit-data-plugin(1)", async () => {
    const hello = await captive(["data", ' ( "Hello" )*2000 ', "size=8192"], 'nbdcopy "$uri" - | head -c 12');
    expect(hello).toBe("HelloHelloHe");
    const sectors = ["data", " </dev/urandom[:512]*16 @0x1fe le16:0xaa55 "];
    expect(await captive(sectors, 'nbdcopy "$uri" - | od -An -tx1 -j510 -N2')).toBe(" 55 aa\n");
  });
});

describeWith(["nbdsh"], "nbdsh", () => {
  it("reads the end of disks of 2^62 bytes", async () => {
    const data = ["data", '"first" @0x3ffffffffffffffc "last"', "size=4611686018427387904"];
    const read = "print(h.get_size(), bytes(h.pread(5, 0)), bytes(h.pread(4, 2**62 - 4)))";
    expect(await nbdsh(data, read)).toBe(`${2n ** 62n} b'first' b'last'`);
    const end = "print(bytes(h.pread(8, 2**62 - 8)).hex())";
    expect(await nbdsh(["pattern", "4611686018427387904"], end)).toBe("3ffffffffffffff8");
  });

  it("gets the time of a connection, and the version", async () => {
    const time = 'print(int.from_bytes(h.pread(12, 0)[:8], "big"))';
    const seconds = Number(await nbdsh(["info", "time"], time));
    expect(Math.abs(seconds - Date.now() / 1000)).toBeLessThan(60);
    expect(Number(await nbdsh(["info", "conntime"], time))).toBeLessThan(60);
    expect(await nbdsh(["info", "mode=version"], "print(bytes(h.pread(h.get_size(), 0)))")).toBe("b'1.48.1'");
  });

  it("gets a new disk of example3 on each connection", async () => {
    const python =
      'h.pwrite(b"x", 0); g = nbd.NBD(); g.connect_uri(h.get_uri()); print(g.pread(1, 0) == bytearray(1))';
    expect(await nbdsh(["example3", "size=1M"], python)).toBe("True");
  });
});
