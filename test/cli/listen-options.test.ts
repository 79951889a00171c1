import { describe, expect, it } from "vitest";
import { parseArguments } from "../../src/cli/arguments.ts";
import { whereToListen } from "../../src/cli/listen-options.ts";

describe("whereToListen", () => {
  it.each([
    [[], { kind: "tcp", port: 10_809 }],
    [["-4", "-i", "localhost"], { kind: "tcp", port: 10_809, host: "localhost", family: 4 }],
    [["--run", "true"], { kind: "private" }],
    [["--run", "true", "-p", "0"], { kind: "tcp", port: 0 }],
    [["-U", "-"], { kind: "private" }],
    [["-U", "x", "--selinux-label=l"], { kind: "unix", path: "x", label: "l" }],
    [["-s", "--selinux-label=l"], { kind: "stdio" }],
    [["--vsock"], { kind: "vsock", port: 10_809 }],
    [["--vsock", "--run", "true", "-i", "::1", "-6"], { kind: "vsock", port: 10_809 }],
    [["-p", "4294967295", "--vsock"], { kind: "vsock", port: 4_294_967_295 }],
    [["-p", "http"], { kind: "tcp", port: 80 }],
  ])("%j selects the endpoint %j", (args, expected) => {
    expect(whereToListen(parseArguments([...args, "null"]))).toEqual(expected);
  });

  it.each(["x", "", "-1", "65536", "1.5", "0x10"])("refuses the port -p %j", (text) => {
    const refused = `-p: "${text}" is neither a port number from 0 to 65535 nor the name of a TCP service`;
    expect(() => whereToListen(parseArguments(["-p", text]))).toThrow(refused);
  });

  it.each(["http", "", "4294967296"])("refuses the vsock port --vsock -p %j", (text) => {
    expect(() => whereToListen(parseArguments(["--vsock", "-p", text]))).toThrow(/^-p: /);
  });
});
