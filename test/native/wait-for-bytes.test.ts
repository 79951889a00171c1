import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeSync } from "node:fs";
import { expect, it } from "vitest";
import { native } from "../../src/native/load.ts";

const minuteUs = 60_000_000;

async function withPipe(use: (read: number, write: number) => unknown): Promise<void> {
  const { readEnd, writeEnd } = native().createPipe();
  try {
    await use(readEnd, writeEnd);
  } finally {
    native().closeDescriptor(readEnd);
    native().closeDescriptor(writeEnd);
  }
}

it("waitForBytes does not wait for bytes that have already arrived", () =>
  withPipe((read, write) => {
    writeSync(write, "0123456789");
    expect(native().waitForBytes(read, 0, minuteUs, minuteUs)).toBe(10);
    expect(native().waitForBytes(read, 10, minuteUs, minuteUs)).toBe(10);
  }));

it("waitForBytes waits for more bytes until the limit", () =>
  withPipe(async (read, write) => {
    writeSync(write, "0123456789");
    const writer = spawn("printf", ["abcde"], { stdio: ["ignore", write, "inherit"] });
    const exited = once(writer, "exit");
    expect(native().waitForBytes(read, 15, minuteUs, minuteUs)).toBe(15);
    await exited;
  }));

it("waitForBytes ends after the quiet time and at the limit", () =>
  withPipe((read, write) => {
    writeSync(write, "0123456789");
    expect(native().waitForBytes(read, 11, 10, minuteUs)).toBe(10);
    expect(native().waitForBytes(read, 11, minuteUs, 10)).toBe(10);
  }));

it("waitForBytes throws EBADF for a closed descriptor", () => {
  expect(() => native().waitForBytes(2 ** 20, 1, 10, 10)).toThrow(expect.objectContaining({ code: "EBADF" }));
});
