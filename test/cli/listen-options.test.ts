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
  ])("takes %j for %j", (args, expected) => {
    expect(whereToListen(parseArguments([...args, "null"]))).toEqual(expected);
  });
});
