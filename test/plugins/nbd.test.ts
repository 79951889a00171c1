import { afterAll, beforeAll, describe, expect, it } from "vitest";
import nbd from "../../src/plugins/nbd.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { contents } from "../helpers/contents.ts";
import { ServerProcess } from "../helpers/server-process.ts";

const runs = 10;

let far: ServerProcess;
beforeAll(async () => {
  far = await ServerProcess.start(["memory", "300k"]);
});
afterAll(() => far[Symbol.asyncDispose]());

testPlugin("nbd", { plugin: nbd, parameters: () => ({ uri: far.uri() }), runs });
testPlugin("nbd with one connection for all", {
  plugin: nbd,
  parameters: () => ({ socket: far.socket, shared: "true" }),
  runs,
});

const start = (parameters: Readonly<Record<string, string | readonly string[]>>): Promise<TestedChain> =>
  TestedChain.start({ plugin: nbd, parameters });

describe("nbd offers exactly the abilities of the remote server:", () => {
  const everything = {
    ...{ canWrite: true, canFlush: true, canTrim: true, canZero: true, canFastZero: true, canFua: true },
    ...{ canCache: true, canMultiConn: true, rotational: false },
    blockSize: { minimum: 1, preferred: 32_768, maximum: 67_108_864 },
  };
  const nothing = { canWrite: false, canTrim: false, canZero: false, canFastZero: false, canFua: false };

  it.each([
    [["memory", "1M"], {}],
    [["-r", "memory", "1M"], nothing],
    // The remote server zeroes by writing, which is not fast.
    [["--filter=nozero", "memory", "1M"], { canZero: true, canFastZero: false }],
    [["--filter=nocache", "memory", "1M"], { canCache: false }],
    [["--filter=multi-conn", "memory", "1M", "multi-conn-mode=disable"], { canMultiConn: false }],
    [["--filter=fua", "memory", "1M", "fuamode=none"], { canFua: false }],
    [
      ["--filter=blocksize-policy", "memory", "1M", "blocksize-minimum=512", "blocksize-maximum=64k"],
      { blockSize: { minimum: 512, preferred: 32_768, maximum: 65_536 } },
    ],
  ])("%j", async (args, less) => {
    await using server = await ServerProcess.start(args);
    await using session = await start({ socket: server.socket });
    expect(await session.open()).toMatchObject({ size: 1_048_576n, ...everything, ...less });
  });
});

describe("nbd", () => {
  it("splits requests that are larger than the remote server's maximum", async () => {
    const policy = ["blocksize-maximum=64k", "blocksize-error-policy=error"];
    await using server = await ServerProcess.start(["--filter=blocksize-policy", "memory", "1M", ...policy]);
    await using session = await start({ socket: server.socket });
    const disk = await session.open();
    const bytes = Buffer.from(Array.from({ length: 1_000_000 }, (_, at) => (at * 7) % 251));
    await disk.write(bytes, 48_576n, false);
    expect((await contents(disk, 48_576n, bytes.length)).equals(bytes)).toBe(true);
  });

  it("opens one export for all clients, or with dynamic-export the one that each client asks for", async () => {
    const names = ["--filter=exportname", "info", "exportname", "exportname=one", "exportname=two"];
    await using server = await ServerProcess.start([
      ...names,
      "exportname-list=explicit",
      "default-export=two",
    ]);
    await using one = await start({ uri: server.uri("one") });
    expect((await contents(await one.open({ exportName: "two" }))).toString()).toBe("one");
    await using any = await start({ socket: server.socket, "dynamic-export": "true" });
    expect((await contents(await any.open({ exportName: "two" }))).toString()).toBe("two");
    const client = { readOnly: false, tls: false, signal: new AbortController().signal };
    expect(await any.chain.defaultExport(client)).toBe("two");
    expect(await any.chain.listExports(client)).toEqual([{ name: "one" }, { name: "two" }]);
    expect(await one.chain.listExports(client)).toEqual([{ name: "one" }]);
  });

  it("makes a connection for each client, or with shared=true one for all clients", async () => {
    await using server = await ServerProcess.start(["info", "address"]);
    await using own = await start({ socket: server.socket });
    await using shared = await start({ socket: server.socket, shared: "true" });
    const before = server.descriptors;
    const [first, second] = [await shared.open(), await shared.open()];
    expect(await contents(first)).toEqual(await contents(second));
    expect(server.descriptors).toBe(before);
    await own.open();
    expect(server.descriptors).toBe(before + 1);
  });

  it.each([
    [{}, "exactly one of 'socket', 'hostname', 'vsock', 'command', 'socket-fd' and 'uri'"],
    [{ socket: "/x", hostname: "x" }, "cannot mix 'socket', 'hostname', 'vsock', 'command'"],
    [{ socket: "/x", port: "1" }, "'port' parameter should only be used with 'hostname' or 'vsock'"],
    [{ socket: "/x", arg: "-f" }, "'arg' parameter needs 'command'"],
    [
      { hostname: "x", port: "nosuch" },
      'port: "nosuch" is neither a port number from 0 to 65535 nor the name',
    ],
    [{ hostname: "x", port: "70000" }, 'port: "70000" is neither a port number from 0 to 65535 nor the name'],
    [{ vsock: "3", port: "nbd" }, 'port: could not parse number: "nbd"'],
    [{ uri: "http://x" }, 'NBD URI "http://x": unknown scheme: use one of nbd, '],
    [{ "socket-fd": "-1" }, "socket-fd: negative numbers are not allowed"],
    [{ "socket-fd": "12345" }, "socket-fd=12345: not a connected socket"],
    [
      { socket: "/x", "dynamic-export": "1", export: "y" },
      "cannot mix 'dynamic-export' with explicit export name",
    ],
    [
      { socket: "/x", "dynamic-export": "1", shared: "1" },
      "cannot use 'dynamic-export' with shared connection",
    ],
    [{ command: "x", "dynamic-export": "1" }, "cannot use 'dynamic-export' with shared connection"],
    [{ socket: "/x", tls: "maybe" }, "could not decipher boolean (maybe)"],
    [{ socket: "/nonexist", shared: "1" }, "nbd+unix:///?socket=/nonexist: connect ENOENT"],
    [{ command: "/nonexist" }, "command=/nonexist: it ended with status 127"],
    [{ command: "sh", arg: ["-c", "exit 3"] }, "command=sh: it ended with status 3"],
  ])("refuses %j", async (parameters, message) => {
    await expect(start(parameters as Record<string, string>)).rejects.toThrow(message);
  });
});
