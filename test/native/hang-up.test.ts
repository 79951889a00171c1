import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { native } from "../../src/native/load.ts";
import { Folder } from "../helpers/folder.ts";

const { isHungUp } = native();

describe("isHungUp", () => {
  it("is true when no process can write to the pipe any more, even with unread bytes", () => {
    using folder = new Folder();
    const path = folder.join("pipe");
    execFileSync("mkfifo", [path]);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const writers = [openSync(path, "w"), openSync(path, "w")];
    writeSync(writers[0]!, "left");
    closeSync(writers[0]!);
    expect(isHungUp(reader)).toBe(false);
    closeSync(writers[1]!);
    expect(isHungUp(reader)).toBe(true);
    expect(readSync(reader, Buffer.alloc(9))).toBe(4);
    closeSync(reader);
  });

  it("throws EBADF for a descriptor that is not open", () => {
    expect(() => isHungUp(2 ** 20)).toThrow(expect.objectContaining({ code: "EBADF", syscall: "poll" }));
  });
});
