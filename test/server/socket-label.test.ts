import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { labelled } from "../../src/server/socket-label.ts";
import { Folder } from "../helpers/folder.ts";
import { Sandbox } from "../helpers/sandbox.ts";

const label = "system_u:object_r:svirt_socket_t:s0";

describe("labelled", () => {
  it("sets the label while a socket is opened, and resets it afterwards", () => {
    using folder = new Folder();
    const attribute = folder.file("sockcreate", "");
    const read = (): string => readFileSync(attribute, "latin1");
    expect(labelled(label, read, attribute)).toBe(`${label}\0`);
    expect(read()[0]).toBe("\n");
  });

  it("resets the label also when opening fails", () => {
    using folder = new Folder();
    const attribute = folder.file("sockcreate", "");
    const fail = (): never => {
      throw new Error("in use");
    };
    expect(() => labelled(label, fail, attribute)).toThrow("in use");
    expect(readFileSync(attribute, "latin1")[0]).toBe("\n");
  });

  it("touches no file without a label", () => {
    expect(labelled(undefined, () => 7, "/nonexistent")).toBe(7);
  });
});

const hasSelinux = existsSync("/sys/fs/selinux");

describe.skipIf(hasSelinux)(
  `--selinux-label without SELinux${hasSelinux ? " (skipped: it is here)" : ""}`,
  () => {
    it.each([
      ["-U", "-"],
      ["-U", "socket"],
      ["-p", "0"],
      ["--vsock", "-p", "0"],
    ])("is an error with %s %s, and leaves no file", async (...address) => {
      await using sandbox = new Sandbox();
      const args = [...address, `--selinux-label=${label}`, "null", "--run", "echo here"];
      const { status, stdout, stderr } = await sandbox.nbdkit(args);
      expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
      expect(stderr).toMatch(
        /^nbdkit: error: [^\n]*--selinux-label=system_u:[^\n]*: this system has no SELinux[^\n]*\n$/,
      );
      expect((await sandbox.sh("ls")).stdout).toBe("tmp\n");
      await sandbox.empty();
    });
  },
);
